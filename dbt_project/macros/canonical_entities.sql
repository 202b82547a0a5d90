{#-
    What staging must know of a canonical entity, and SQL cannot ask: the same columns as `orchestration/settings/entities.py`
    (tests/dbt/test_agreement.py holds the two together), and by what its records are told apart.

    event    the column that says when it happened; rows at or after the as-of instant do not exist yet
    version  the column that says which of two versions of a record is the later one, and since when it is known
    deleted  the column that says since when the record is gone
    key      what makes two raw rows versions of one record. `_record_key` is the key of sources.yml; orders and lines add the
             person (an order id two persons share is two orders), ids that tables join on count within their source
    times    columns that are cast, never mapped; `values` may be mapped by `values:` in sources.yml
-#}
{% macro canonical_entities() %}
    {% do return({
        'persons': {
            'event': 'created_at',
            'version': 'updated_at',
            'deleted': 'deleted_at',
            'key': ['_source', '_entity', 'source_record_id'],
            'times': ['birth_date', 'created_at', 'updated_at', 'deleted_at'],
            'values': ['source_record_id', 'full_name', 'given_name', 'family_name', 'email', 'phone', 'gender',
                'national_id', 'company_name', 'job_title', 'occupation', 'income', 'education', 'household',
                'address', 'street', 'district', 'city', 'region', 'postcode', 'country', 'wechat_id', 'loyalty_id',
                'device_id', 'lead_source', 'lead_status', 'owner', 'merged_into'],
        },
        'companies': {
            'event': 'created_at',
            'version': 'updated_at',
            'deleted': 'deleted_at',
            'key': ['_source', '_entity', 'source_record_id'],
            'times': ['created_at', 'updated_at', 'deleted_at'],
            'values': ['source_record_id', 'name', 'tax_id', 'domain', 'phone', 'email', 'address', 'street',
                'district', 'city', 'region', 'postcode', 'country', 'industry', 'employees', 'annual_revenue',
                'parent_id', 'merged_into'],
        },
        'memberships': {
            'version': 'updated_at',
            'deleted': 'deleted_at',
            'key': ['_record_key'],
            'times': ['updated_at', 'deleted_at'],
            'values': ['person_ref', 'company_ref', 'role', 'merged_into'],
        },
        'orders': {
            'event': 'ordered_at',
            'version': 'updated_at',
            'key': ['_source', 'order_id', 'person_ref'],
            'times': ['ordered_at', 'updated_at'],
            'values': ['order_id', 'person_ref', 'company_ref', 'status', 'currency', 'gross_amount',
                'discount_amount', 'shipping_amount', 'tax_amount', 'net_amount', 'store_id', 'payment_method',
                'coupon', 'custom_request'],
        },
        'order_lines': {
            'event': 'ordered_at',
            'version': 'updated_at',
            'key': ['_record_key', 'person_ref'],
            'times': ['ordered_at', 'updated_at'],
            'values': ['order_id', 'line_number', 'person_ref', 'status', 'currency', 'product_id', 'product_name',
                'category', 'brand', 'quantity', 'unit_price', 'discount_amount', 'line_amount', 'store_id',
                'payment_method', 'coupon'],
        },
        'refunds': {
            'event': 'refunded_at',
            'key': ['_record_key'],
            'times': ['refunded_at'],
            'values': ['refund_id', 'order_id', 'amount', 'currency', 'reason'],
        },
        'interactions': {
            'event': 'occurred_at',
            'key': ['_record_key'],
            'times': ['occurred_at'],
            'values': ['interaction_id', 'person_ref', 'kind', 'page_type', 'product_id', 'category',
                'dwell_seconds', 'campaign', 'direction'],
        },
        'opportunities': {
            'event': 'created_at',
            'version': 'updated_at',
            'key': ['_record_key'],
            'times': ['created_at', 'closed_at', 'updated_at'],
            'values': ['opportunity_id', 'person_ref', 'company_ref', 'stage', 'amount', 'currency', 'lead_source',
                'is_won'],
        },
        'feedback': {
            'event': 'given_at',
            'key': ['_record_key'],
            'times': ['given_at'],
            'values': ['feedback_id', 'person_ref', 'kind', 'question', 'score', 'text'],
        },
        'traits': {
            'event': 'recorded_at',
            'key': ['_record_key'],
            'times': ['recorded_at'],
            'values': ['person_ref', 'trait', 'value', 'stated_or_inferred'],
        },
        'consents': {
            'event': 'given_at',
            'key': ['_record_key'],
            'times': ['given_at'],
            'values': ['person_ref', 'purpose', 'state'],
        },
        'outcomes': {
            'event': 'occurred_at',
            'key': ['_record_key'],
            'times': ['occurred_at'],
            'values': ['person_ref', 'outcome'],
        },
        'products': {
            'key': ['_source', 'product_id'],
            'times': [],
            'values': ['product_id', 'product_name', 'category', 'brand', 'tags', 'list_price'],
        },
        'stores': {
            'key': ['_source', 'store_id'],
            'times': [],
            'values': ['store_id', 'store_name', 'phone', 'city', 'region', 'country'],
        },
        'spend': {
            'event': 'spend_date',
            'key': ['_record_key'],
            'times': ['spend_date'],
            'values': ['campaign', 'channel', 'currency', 'amount'],
        },
        'exchange_rates': {
            'event': 'rate_date',
            'key': ['_source', '_entity', 'rate_date', 'currency'],
            'times': ['rate_date'],
            'values': ['currency', 'rate_to_base'],
        },
        'holidays': {
            'key': ['_source', '_entity', 'holiday_date', 'country'],
            'times': ['holiday_date'],
            'values': ['holiday_name', 'country', 'is_workday'],
        },
    }) %}
{% endmacro %}
