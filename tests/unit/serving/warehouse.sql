-- A small warehouse in which all is well: twenty persons and two companies, 60 orders, two days of insights.
-- Made by SQL alone, for the tests of publication and of quality checks, which then plant their faults in it.
create schema control; create schema raw; create schema staging; create schema marts; create schema insights;

create table control.run as select
    date '2026-03-02' as as_of, timestamp '2026-03-01 16:00:00' as as_of_at, timestamp '2026-03-02 00:00:00' as known_at,
    'Asia/Shanghai' as business_timezone, 'CNY' as base_currency;
create table control.sources as select
    source, entity, canonical_entity, channel, 60 as trust, 'Asia/Shanghai' as timezone, 'CNY' as currency,
    cast(null as varchar) as dates, cast(null as varchar) as times, '.' as decimal, 'record' as person_ref_by, freshness_hours
from (values
    ('webshop', 'accounts', 'persons', 'ecommerce', 26), ('webshop', 'orders', 'orders', 'ecommerce', 26),
    ('crm', 'companies', 'companies', 'support', null), ('survey', 'answers', 'feedback', 'survey', 48)
) as blocks(source, entity, canonical_entity, channel, freshness_hours);

-- Raw: what was loaded, with its ledger.
create table raw.persons as select
    'P' || n as source_record_id, case when n % 7 = 0 then '' else '1980-01-' || lpad(cast(n as varchar), 2, '0') end as birth_date,
    'webshop' as _source, 'accounts' as _entity, 'aa' as _file_sha256, n as _row_number, 'load-1' as _load_id,
    timestamp '2026-03-01 20:00:00' as _loaded_at, sha256('webshop/P' || n) as _record_key, sha256('P' || n) as _record_hash
from range(1, 21) as rows(n);
create table raw.companies as select
    'K' || n as source_record_id, '100' as employees, '1000000' as annual_revenue,
    'crm' as _source, 'companies' as _entity, 'bb' as _file_sha256, n as _row_number, 'load-1' as _load_id,
    timestamp '2026-03-01 20:00:00' as _loaded_at, sha256('crm/K' || n) as _record_key, sha256('K' || n) as _record_hash
from range(1, 3) as rows(n);
create table raw.orders as select
    'O' || n as order_id, 'webshop' as _source, 'orders' as _entity, 'cc' as _file_sha256, n as _row_number, 'load-1' as _load_id,
    timestamp '2026-03-01 20:00:00' as _loaded_at, sha256('webshop/O' || n) as _record_key, sha256('O' || n) as _record_hash
from range(1, 61) as rows(n);
create table raw.products as select *, cast(null as varchar) as list_price from raw.orders where false;

create table control.ingest_ledger as select * from (values
    ('webshop', 'accounts', 'accounts.csv', 'aa', 2000, 'utf-8', 22, 20, 1, 1, 0, 'loaded', null, null),
    ('crm', 'companies', 'companies.csv', 'bb', 200, 'utf-8', 2, 2, 0, 0, 0, 'loaded', null, null),
    ('webshop', 'orders', 'orders.csv', 'cc', 6000, 'utf-8', 60, 60, 0, 0, 0, 'loaded', null, '2026-03-01T10:00:00Z')
) as files(source, entity, file, sha256, bytes, encoding, rows_read, rows_loaded, rows_quarantined, rows_duplicate, rows_erased,
    status, reason, last_event_at);
alter table control.ingest_ledger add column load_id varchar default 'load-1';
alter table control.ingest_ledger add column loaded_at timestamp default timestamp '2026-03-01 20:00:00';
create table control.quarantine as select
    'q1' as quarantine_id, 'webshop' as source, 'accounts' as entity, 'accounts.csv' as file, 'aa' as sha256, 9 as line_number,
    800 as byte_offset, cast(null as varchar) as "column", 'width' as rule, 'found 9 fields, 12 expected' as reason,
    'open' as state, 'load-1' as load_id, encode('canary-quarantine@example.com,raw bytes') as raw_bytes;

-- Staging.
create table staging.stg_persons as select
    'webshop/accounts/P' || n as record_id, 'webshop' as source, 'accounts' as entity, 'P' || n as source_record_id,
    'canary' || n || '@example.com' as email, '139' || lpad(cast(n as varchar), 8, '0') as phone,
    '+86139' || lpad(cast(n as varchar), 8, '0') as phone_e164, case when n % 2 = 0 then 'male' else 'female' end as gender,
    case when n % 7 = 0 then null else date '1980-01-01' + cast(n - 1 as integer) end as birth_date, _record_key, _loaded_at
from (select *, cast(_row_number as integer) as n from raw.persons) as received;
create table staging.stg_companies as select
    'crm/companies/' || source_record_id as record_id, 'crm' as source, 'companies' as entity, source_record_id,
    100 as employees, 1000000 as annual_revenue, _record_key, _loaded_at
from raw.companies;
create table staging.stg_orders as select
    'webshop/' || order_id || '/P' || (_row_number % 20 + 1) as order_key, 'webshop' as source, 'orders' as entity, order_id,
    timestamp '2026-01-01 04:00:00' + to_days(cast(_row_number as integer) - 1) as ordered_at, 'completed' as status,
    case when _row_number = 60 then 'USD' else 'CNY' end as currency, _record_key, _loaded_at
from raw.orders;
create table staging.stg_exchange_rates as select
    date '2026-01-01' as rate_date, 'USD' as currency, 7.1 as rate_to_base, 'rate-1' as _record_key;
create table staging.stg_order_lines as select
    order_key || '/1' as line_key, order_key, ordered_at, 'CNY' as currency, 'line' || _record_key as _record_key from staging.stg_orders;
create table staging.stg_feedback as select
    'survey/F' || n as feedback_key, timestamp '2026-02-01 00:00:00' as given_at, 'f' || n as _record_key from range(1, 6) as rows(n);
create table staging.stg_interactions as select
    'app/I' || n as interaction_key, timestamp '2026-02-02 00:00:00' as occurred_at, 'i' || n as _record_key from range(1, 31) as rows(n);
create table staging.stg_opportunities as select
    'crm/B' || n as opportunity_key, timestamp '2026-02-03 00:00:00' as created_at, 'CNY' as currency, 'b' || n as _record_key
from range(1, 4) as rows(n);
create table staging.stg_refunds as select timestamp '2026-02-01' as refunded_at, 'CNY' as currency, 'r' as _record_key where false;
create table staging.stg_traits as select timestamp '2026-02-01' as recorded_at, 't' as _record_key where false;
create table staging.stg_consents as select timestamp '2026-02-01' as given_at, 'c' as _record_key where false;
create table staging.stg_outcomes as select timestamp '2026-02-01' as occurred_at, 'o' as _record_key where false;
create table staging.stg_spend as select 'CNY' as currency, 's' as _record_key where false;
create table staging.stg_memberships as select 'm' as _record_key where false;
create table staging.stg_products as select cast(null as double) as list_price, 'p' as _record_key, timestamp '2026-03-01' as _loaded_at
where false;
create table staging.stg_stores as select 's' as _record_key where false;
create table staging.stg_holidays as select 'h' as _record_key where false;
create table staging.stg_conservation as select * from (values
    ('persons', 'webshop', 'accounts', 20, 0, 0, 0, 20, 0, 0, 20), ('companies', 'crm', 'companies', 2, 0, 0, 0, 2, 0, 0, 2),
    ('orders', 'webshop', 'orders', 60, 0, 0, 0, 60, 0, 0, 60)
) as counts(entity, source, block, rows_raw, rows_excluded, rows_unknown_at, rows_after_as_of, rows_after_cut, rows_superseded, rows_deleted, rows_out);

-- Marts. Values that name a person carry the word canary.
create table marts.customers as select
    'C' || left(sha256(record_id), 16) as customer_id, 'person' as customer_type, '金canary' || source_record_id as display_name,
    email, phone_e164 as phone, birth_date, gender, 'teacher' as occupation, '2' as household, '<100k' as income_band,
    'master' as education, 'CN' as country, '上海市' as region, '上海' as city, '静安区' as district, '上海' as place_region,
    '上海' as place_city, 'new_1' as city_tier,
    '200000' as postcode, cast(null as varchar) as company_id, cast(null as varchar) as industry, cast(null as varchar) as size_band,
    'canary-loyalty-' || source_record_id as loyalty_id, 'fair' as lead_source, 'NEW' as lead_status, 'ecommerce' as first_channel,
    timestamp '2026-01-01 00:00:00' as first_seen_at,
    1 as count_sources, 1 as count_records
from staging.stg_persons
union all select
    'C' || left(sha256(record_id), 16), 'company', 'Acme ' || source_record_id, null, null, null, null, null, null, null, null, 'CN', '上海市', '上海', null, '上海', '上海', 'new_1',
    '200000', null, 'retail', 'mid', null, null, null, 'crm', timestamp '2026-01-01 00:00:00', 1, 1
from staging.stg_companies;
create table marts.customer_source_ids as select
    'C' || left(sha256(record_id), 16) as customer_id, source, entity, source_record_id, 'key' as linked_by,
    cast(null as double) as match_probability, timestamp '2026-01-01 00:00:00' as linked_at
from (select record_id, source, entity, source_record_id from staging.stg_persons
    union all select record_id, source, entity, source_record_id from staging.stg_companies) as records;
create table marts.identity_events as select
    'E' || customer_id as event_id, 'created' as kind, customer_id, cast(null as varchar) as other_customer_id,
    timestamp '2026-01-01 00:00:00' as at, 'data' as cause, cast(null as varchar) as evidence
from marts.customers;
create table marts.identity_review as select
    'P1' as pair_id, 'webshop/accounts/1' as left_record_id, 'crm/contacts/1' as right_record_id, 0.5 as probability,
    'given equal' as evidence, 'open' as state;
create table marts.identity_quality as select * from (values
    ('pairwise_precision', 'all', 'all', 'all', 995, 1000, 0.995, 0.985, 0.998),
    ('pairwise_precision', 'all', 'crm', 'ecommerce', 195, 200, 0.975, 0.94, 0.99),
    ('pairwise_recall', 'all', 'all', 'all', 950, 1000, 0.95, 0.93, 0.965),
    ('pairwise_recall', 'all', 'crm', 'ecommerce', 195, 205, 0.95, 0.92, 0.97),
    ('cluster_precision', 'all', 'all', 'all', 380, 400, 0.95, 0.92, 0.97),
    ('cluster_recall', 'all', 'all', 'all', 360, 400, 0.9, 0.87, 0.925),
    ('review_pairs_per_1000_customers', 'all', 'all', 'all', 3, 200, cast(15 as double), null, null)
) as figures(measure, part, left_channel, right_channel, numerator, denominator, value, low, high);
create table marts.survivorship as select
    customer_id, 'city' as field, 'webshop' as source, 'P1' as source_record_id, 'trust' as rule, 0 as count_conflicts
from marts.customers;
create table marts.bridge_person_refs as select
    source, 'record' as person_ref_by, source_record_id as person_ref_value, customer_id
from marts.customer_source_ids where source = 'webshop';
create table marts.orders as select
    staged.order_key, bridge.customer_id, staged.source, 'ecommerce' as channel, order_id, ordered_at,
    cast(ordered_at as date) as order_date, status, true as is_counted, cast(null as varchar) as excluded_by, true as counts_money,
    currency, cast(100 + _row_number as decimal(18, 4)) as gross_amount, cast(0 as decimal(18, 4)) as discount_amount,
    cast(0 as decimal(18, 4)) as shipping_amount, cast(0 as decimal(18, 4)) as tax_amount,
    cast(0 as decimal(18, 4)) as refund_amount, cast(100 + _row_number as decimal(18, 4)) as net_amount, 1 as count_lines,
    cast(null as varchar) as store_id, 'card' as payment_method, cast(null as varchar) as coupon, false as custom_request
from (select *, cast(right(order_id, -1) as integer) as _row_number from staging.stg_orders) as staged
left join marts.bridge_person_refs as bridge
    on bridge.person_ref_value = case when _row_number = 20 then null else 'P' || (_row_number % 20 + 1) end;
create table marts.order_lines as select
    order_key || '/1' as line_key, order_key, customer_id, source, order_id, '1' as line_number, 'S1' as product_id,
    'Tea' as product_name, 'drinks' as category, 'own' as brand, 1 as quantity, gross_amount as unit_price, discount_amount,
    net_amount as line_amount, ordered_at
from marts.orders;
create table marts.refunds as select
    'r' || order_key as refund_key, order_key, customer_id, source, 'refunds' as block, ordered_at + interval 1 day as refunded_at,
    cast(ordered_at as date) + 1 as refund_date, cast(ordered_at as date) as order_date, cast(1 as decimal(18, 2)) as refund_amount
from marts.orders where false;
create table marts.interactions as select
    'app/I' || n as interaction_key, customer_id, 'app' as source, 'app' as channel, 'I' || n as interaction_id, 'view' as kind,
    timestamp '2026-02-02 00:00:00' as occurred_at, 'product' as page_type, 'S1' as product_id, 'drinks' as category,
    12.5 as dwell_seconds, cast(null as varchar) as campaign, cast(null as varchar) as direction
from range(1, 31) as rows(n) inner join marts.bridge_person_refs on person_ref_value = 'P' || (n % 20 + 1);
create table marts.feedback as select
    'survey/F' || n as feedback_key, customer_id, 'survey' as source, 'csat' as kind, 'How was it?' as question, 4.0 as score,
    'canary: I live at 1 Canary Road' as text, timestamp '2026-02-01 00:00:00' as given_at
from range(1, 6) as rows(n) inner join marts.bridge_person_refs on person_ref_value = 'P' || n;
create table marts.opportunities as select
    'crm/B' || n as opportunity_key, customer_id, 'crm' as source, 'B' || n as opportunity_id, 'open' as stage,
    cast(5000 as decimal(18, 4)) as amount, 'fair' as lead_source, timestamp '2026-02-03 00:00:00' as created_at,
    cast(null as timestamp) as closed_at, false as is_won
from range(1, 4) as rows(n) inner join marts.bridge_person_refs on person_ref_value = 'P' || n;
create table marts.outcomes as select
    'k1' as outcome_key, 'C1' as customer_id, 'crm' as source, 'retained' as outcome, timestamp '2026-02-01' as occurred_at where false;
create table marts.consents as select
    'webshop/N' || n as consent_key, customer_id, 'webshop' as source, 'accounts' as block, 'marketing' as purpose,
    case when n % 5 = 0 then 'withdrawn' else 'granted' end as state, timestamp '2026-02-01 00:00:00' as given_at
from range(1, 16) as rows(n) inner join marts.bridge_person_refs on person_ref_value = 'P' || n;
create table marts.conservation as select * from (values
    ('marts', 'orders', 'webshop', 'orders', 60, 60, 0, 0), ('marts', 'order_lines', 'webshop', 'orders', 60, 60, 0, 0)
) as sums(layer, entity, source, block, rows_in, rows_out, rows_excluded, difference);

-- Insights of two days.
create table insights.customer_features as select
    as_of, 'v1' as criteria_version, customer_id, 10 as recency_days, case customer_type when 'company' then 0 else 3 end as count_orders,
    if(customer_type = 'company', null, date '2025-03-01') as first_order_date, if(customer_type = 'company', null, as_of - 10) as last_order_date,
    cast(390 as decimal(18, 4)) as net_amount, cast(null as varchar) as marketing_consent,
    2 as interactions_30d, 2 as interactions_90d, '{"view": 2}' as interactions_30d_by_kind, '{"view": 2}' as interactions_90d_by_kind,
    cast(1 as decimal(18, 4)) as engagement_score, 'some' as intent
from marts.customers, (values (date '2026-03-01'), (date '2026-03-02')) as days(as_of);
create table insights.rfm_scores as select
    as_of, criteria_version, customer_id, recency_days, 3 as frequency, net_amount as monetary, 3 as r_score, 4 as f_score,
    5 as m_score, 'loyal' as rfm_segment
from insights.customer_features;
create table insights.abc_classes as select
    as_of, criteria_version, customer_id, case when place <= 5 then 500.0 when place <= 10 then 200.0 else 10.0 end as net_amount,
    place / 22.0 as cumulative_share, case when place <= 5 then 'A' when place <= 10 then 'B' else 'C' end as abc_class
from (select *, row_number() over (partition by as_of order by customer_id) as place from insights.customer_features) as placed;
create table insights.lifecycle_states as select
    as_of, criteria_version, customer_id, 'active' as lifecycle, date '2026-02-01' as since from insights.customer_features;
create table insights.scorecard_points as select
    as_of, criteria_version, 'value' as scheme_id, customer_id, criterion, 12.0 as raw_value, points, 0.5 as weight, 'high' as band
from insights.customer_features, (values ('amount', 3.0), ('frequency', 4.0)) as criteria(criterion, points);
create table insights.customer_tiers as select
    as_of, criteria_version, 'value' as scheme_id, customer_id, case when place <= 5 then 'gold' else 'regular' end as tier,
    3.5 as total_points, date '2026-02-01' as tier_since, cast(null as varchar) as previous_tier, 'points' as tier_reason
from (select *, row_number() over (partition by as_of order by customer_id) as place from insights.customer_features) as placed;
create table insights.customer_tags as select
    as_of, criteria_version, customer_id, 'age_band' as dimension, 'young' as tag, 'age_band.young' as rule_id, '年轻' as tag_zh,
    'Young' as tag_en
from insights.customer_features;
create table insights.place_sums as
with placed as (
    select f.*, unnest([
        {'level': 'all', 'place': 'all', 'parent': null, 'name': 'all'},
        {'level': 'country', 'place': 'CN', 'parent': 'all', 'name': 'CN'},
        {'level': 'region', 'place': 'CN / 上海', 'parent': 'CN', 'name': '上海'},
        {'level': 'city', 'place': 'CN / 上海 / 上海', 'parent': 'CN / 上海', 'name': '上海'},
        {'level': 'district', 'place': 'CN / 上海 / 上海 / ' || c.named, 'parent': 'CN / 上海 / 上海', 'name': c.named}
    ]) as spot
    from insights.customer_features as f
    inner join (
        select customer_id, if(right(customer_id, 1) < '8', '静安区', 'unknown') as named from marts.customers
    ) as c using (customer_id)
)
select
    as_of, criteria_version, spot.level as level, spot.place as place, spot.parent as parent, spot.name as name, spot.name as name_zh,
    count(*) as count_customers, count(*) filter (where count_orders > 0) as count_buyers, sum(count_orders) as count_orders,
    sum(net_amount) as net_amount
from placed group by all;
create table insights.churn_models as select
    as_of, 'v1' as criteria_version, model, kind, model = 'boosting' as is_published, '更优' as reason_zh, 'better' as reason_en,
    '{"seed": 7}' as payload
from (values (date '2026-03-01'), (date '2026-03-02')) as days(as_of),
    (values ('boosting', 'learned'), ('recency', 'naive')) as models(model, kind);
create table insights.churn_backtest as select
    churn_models.* exclude (payload), metric, cast(value as decimal(18, 6)) as value, cast(null as decimal(18, 6)) as low,
    cast(null as decimal(18, 6)) as high, 4 as count_folds, 'recency' as rival, cast(0.7 as decimal(18, 6)) as rival_value,
    cast(0 as decimal(18, 6)) as difference
from insights.churn_models inner join (values
    ('boosting', 'auc', 0.8), ('recency', 'auc', 0.7), ('boosting', 'brier', 0.1), ('recency', 'brier', 0.2), ('boosting', 'ece', 0.02)
) as figures(model_of, metric, value) on model_of = model;
create table insights.churn_scores as select
    as_of, criteria_version, customer_id, cast(0.25 as decimal(7, 6)) as churn_score, 'boosting' as model, 90 as horizon_days,
    '[]' as reasons
from insights.customer_features where count_orders > 0;
create table insights.churn_warnings as select
    as_of, criteria_version, 'W' || customer_id || as_of as warning_id, customer_id, cast(0.8 as decimal(7, 6)) as churn_score,
    cast(0.7 as decimal(5, 4)) as signal_score, 'high' as band, '[{"code": "overdue"}]' as reasons,
    cast(300 as decimal(28, 4)) as value_at_risk, cast(240 as decimal(28, 4)) as expected_loss,
    row_number() over (partition by as_of order by customer_id) as priority_rank, true as within_capacity, true as may_contact,
    'li.lei' as owner, 'call' as strategy_code, 'new' as state, as_of as first_warned_on,
    cast(null as date) as contacted_on, cast(null as date) as closed_on
from insights.abc_classes where abc_class = 'A';
create table insights.churn_reach as select
    as_of, 'v1' as criteria_version, owner, 10 as contacts, false as is_capacity, 5 as count_waiting, 5 as count_reached,
    cast(1200 as decimal(28, 4)) as money_at_risk, cast(1200 as decimal(28, 4)) as money_reached,
    cast(1 as decimal(9, 4)) as share_reached, cast(1 as decimal(9, 4)) as share_reached_by_rule
from (values (date '2026-03-01'), (date '2026-03-02')) as days(as_of), (values ('all'), ('li.lei')) as owners(owner);
create table insights.customer_tag_spells as select
    as_of, criteria_version, customer_id, dimension, tag, rule_id, date '2026-02-20' as valid_from, cast(null as date) as valid_to
from insights.customer_tags where as_of = date '2026-03-02';
create table insights.cluster_profiles as select
    as_of, 'v1' as criteria_version, cluster_id, 'G' || cluster_id || ' / G' || cluster_id as cluster_label, 11 as count_customers,
    cast(0.5 as decimal(9, 6)) as customers_share, cast(4290 as decimal(18, 4)) as net_amount, cast(0.5 as decimal(18, 6)) as revenue_share, 2 as count_clusters, 0.4 as silhouette,
    date '2026-01-01' as fitted_on
from (values (date '2026-03-01'), (date '2026-03-02')) as days(as_of), (values (1), (2)) as clusters(cluster_id);
create table insights.cluster_segments as select
    as_of, criteria_version, customer_id, case when place <= 11 then 1 else 2 end as cluster_id, 'G' as cluster_label, cast(0.3 as decimal(18, 6)) as distance,
    cast(0.4 as decimal(9, 6)) as silhouette
from (select *, row_number() over (partition by as_of order by customer_id) as place from insights.customer_features) as placed;
create table insights.clv_models as select
    as_of, 'v1' as criteria_version, 'bgnbd_gamma_gamma' as model, cast(null as varchar) as reason, 0.24 as r, 4.4 as alpha, 0.8 as a,
    2.4 as b, 6.2 as p, 3.7 as q, 15.4 as gamma, true as converged, cast(0.1 as decimal(9, 6)) as spearman, '{}' as covariance
from (values (date '2026-03-01'), (date '2026-03-02')) as days(as_of);
create table insights.clv_estimates as select
    as_of, criteria_version, customer_id, if(count_orders > 0, 2, null) as x, if(count_orders > 0, 10.0, null) as t_x,
    if(count_orders > 0, 12.0, null) as t, if(count_orders > 0, 0.9, null) as p_alive, if(count_orders > 0, 4.0, 0) as expected_orders,
    if(count_orders > 0, 400.0, 0) as clv, if(count_orders > 0, 350.0, null) as clv_low, if(count_orders > 0, 460.0, null) as clv_high,
    if(count_orders > 0, 900.0, 0) as historic_margin, 1.0 as margin_rate,
    365 as horizon_days, if(count_orders > 0, 'bgnbd_gamma_gamma', 'none') as model
from insights.customer_features;
create table insights.lead_scores as select
    as_of, 'v1' as criteria_version, customer_id, cast(25 as decimal(5, 1)) as score, 'warm' as band,
    '[{"code": "source", "zh": "展会", "en": "fair", "points": 20.0}, {"code": "size", "zh": "小型", "en": "small", "points": 5.0}]' as reasons,
    'some' as intent, 'fair' as source_group, 48 as sla_hours
from insights.customer_features where count_orders = 0;
create table insights.purchase_stages as select
    as_of, criteria_version, customer_id, 'purchase' as stage, timestamp '2026-02-01 00:00:00' as entered_at,
    '{"rule": "order", "key": "k"}' as evidence
from insights.customer_features;
create table insights.customer_tier_table as select
    as_of, criteria_version, customer_id, display_name, customer_type, tier,
    case when tier = 'gold' then '金牌客户' else '普通客户' end as tier_zh, case when tier = 'gold' then 'Gold' else 'Regular' end as tier_en,
    total_points, tier_since, previous_tier, tier_reason, cast(390 as decimal(28, 4)) as net_amount, 'high' as amount_band,
    3 as orders_in_window, 'high' as frequency_band, cast(30.5 as decimal(9, 1)) as purchase_cycle_days, 'short' as cycle_band,
    'drinks' as top3_categories, 'clear' as preference_band, 1 as presale_enquiries, 0 as aftersale_tickets, 'middle' as service_band,
    0 as custom_requests, 'low' as personalisation_band, 'ecommerce' as main_channel, 'card' as main_payment,
    'morning' as usual_time, 'eager' as purchase_band, 2 as interactions_90d, cast(4 as decimal(9, 4)) as csat_average,
    'low' as interaction_band, 2 as repeat_orders, cast(0.6667 as decimal(9, 4)) as repeat_rate, 0 as referrals,
    customer_type = 'person' as loyalty_member, 'middle' as loyalty_band, 'active' as lifecycle, 'loyal' as rfm_segment, 'A' as abc_class,
    case when tier = 'gold' then 'high' end as churn_band, case when tier = 'gold' then cast(0.8 as decimal(5, 4)) end as churn_score,
    case when tier = 'gold' then cast(300 as decimal(28, 4)) end as value_at_risk,
    case when tier = 'gold' then 'li.lei' else 'han.meimei' end as owner,
    case when tier = 'gold' then '李雷' else '韩梅梅' end as owner_zh, case when tier = 'gold' then 'Li Lei' else 'Han Meimei' end as owner_en,
    'call' as strategy_code, '电话回访' as strategy_zh, 'Call back' as strategy_en,
    case when customer_type = 'company' then '推荐高端解决方案' end as size_strategy_zh,
    case when customer_type = 'company' then 'Offer high-end solutions' end as size_strategy_en, '电话' as contact_mode_zh, 'Call' as contact_mode_en,
    as_of + cast(place % 14 as integer) as next_contact_due, place as priority_rank, tier <> 'gold' as up_potential,
    false as loyalty_risk, '[]' as missing_inputs
from (select *, row_number() over (partition by as_of order by tier, customer_id) as place from insights.customer_tiers) as tiers
inner join marts.customers using (customer_id) where as_of = date '2026-03-02';
create table insights.next_categories as select
    as_of, criteria_version, customer_id, place as "rank", category, cast(0.5 - place / 10 as decimal(9, 4)) as probability,
    cast(1.5 as decimal(18, 4)) as lift, 'drinks' as last_categories, last_order_date, 'transitions' as method,
    '依据' as reason_zh, 'reason' as reason_en, cast(0.6 as decimal(9, 4)) as hit_rate_transitions,
    cast(0.4 as decimal(9, 4)) as hit_rate_popular, 120 as count_tested
from insights.customer_features, (values (1, 'drinks'), (2, 'snacks')) as next(place, category) where count_orders > 0;
create table insights.audience_members as select
    as_of, criteria_version, audience, t.customer_id, 'marketing' as purpose,
    case
        when c.state = 'withdrawn' then 'withdrawn' when c.state is null then 'without_consent' else 'member'
    end as outcome
from insights.customer_tier_table as t cross join (values ('batch'), ('vip')) as audiences(audience)
left join marts.consents as c using (customer_id)
where (audience = 'vip') = (tier = 'gold');
create table insights.audience_counts as select
    as_of, criteria_version, audience, '人群' as audience_zh, 'Audience' as audience_en, purpose, count(*) as count_matching,
    count(*) filter (where outcome = 'member') as count_members,
    count(*) filter (where outcome = 'without_consent') as count_without_consent,
    count(*) filter (where outcome = 'withdrawn') as count_withdrawn,
    count(*) filter (where outcome = 'unreachable') as count_unreachable
from insights.audience_members group by all;
-- Effects of both days.
create table insights.tier_history as select
    as_of, criteria_version, date '2026-02-01' + cast(place * 28 as integer) as day, 'value' as scheme_id, customer_id, tier
from insights.customer_tiers, range(2) as months(place);
create table insights.effect_evaluation as select days.as_of, 'v1' as criteria_version, told.* replace (
    cast(value as decimal(28, 4)) as value,
    cast(value_before as decimal(28, 4)) as value_before,
    cast(value_control as decimal(28, 4)) as value_control,
    cast(value_control_before as decimal(28, 4)) as value_control_before,
    cast(difference as decimal(28, 4)) as difference,
    cast(low as decimal(28, 4)) as low,
    cast(high as decimal(28, 4)) as high
)
from (values (date '2026-03-01'), (date '2026-03-02')) as days(as_of), (values
    ('2026-02', 'month', date '2026-02-01', date '2026-03-01', 'value', 'gold', 'conversion_rate',
        0.5, null, null, null, null, null, null, null, null, null, 5, null),
    ('spring', 'intervention', date '2026-02-01', date '2026-02-15', 'value', 'gold', 'conversion_rate',
        0.5, 0.4, 0.3, 0.3, 0.1, 0.01, 0.2, 'increased', '显著提高', 'increased', 5, 6)
) as told(period, kind, period_start, period_end, scheme_id, class, metric, value, value_before, value_control, value_control_before,
    difference, low, high, verdict, verdict_zh, verdict_en, count_customers, count_control);
create table insights.effect_cube as select
    as_of, criteria_version, '2026-02' as period, date '2026-02-01' as period_start, date '2026-03-01' as period_end, tier,
    'li.lei' as owner, 'store' as channel, count(*) as count_customers, 2 as count_buyers, 3 as count_orders,
    cast(100 as decimal(28, 4)) as net_amount, cast(null as bigint) as count_repeat_90, cast(null as decimal(28, 4)) as net_amount_12m,
    1 as count_csat, cast(4 as decimal(28, 4)) as csat_total, false as is_small, cast(0.5 as decimal(9, 4)) as conversion_rate,
    cast(0.4 as decimal(9, 4)) as conversion_rate_before, cast(10 as decimal(28, 4)) as net_amount_per_customer,
    cast(9 as decimal(28, 4)) as net_amount_per_customer_before, cast(null as decimal(9, 4)) as repeat_rate_90,
    cast(null as decimal(9, 4)) as csat
from insights.customer_tiers group by all;
create table insights.criteria_changes as select
    as_of, criteria_version, 1 as change_number, 'v1' as changed_to, cast(null as varchar) as changed_from, date '2026-03-01' as valid_from,
    cast(null as date) as valid_to, 0 as count_keys, '[]' as changes, cast(null as varchar) as plan_id, cast(null as varchar) as applied_by,
    cast(null as timestamp) as applied_at, cast(null as varchar) as interventions, metric, date '2026-05-30' as period_end,
    cast(0.1 as decimal(28, 4)) as value_before, cast(null as decimal(28, 4)) as value, cast(null as decimal(28, 4)) as difference,
    cast(null as decimal(28, 4)) as low, cast(null as decimal(28, 4)) as high, 22 as count_customers, 'not_over' as verdict,
    '观察期未满' as verdict_zh, 'still under observation' as verdict_en
from (select distinct as_of, criteria_version from insights.customer_tiers) as days,
    (values ('conversion_rate'), ('csat')) as metrics(metric);
create table insights.tier_migration as select
    as_of, criteria_version, scheme_id, '2026-02' as period, date '2026-02-01' as period_start, date '2026-03-01' as period_end,
    tier as from_tier, tier as to_tier, count(*) as count_customers, cast(1 as decimal(9, 4)) as share, cast(100 as decimal(28, 4)) as net_amount,
    2 as count_buyers, cast(0.5 as decimal(9, 4)) as buyer_share
from insights.customer_tiers group by all;
create table insights.tier_allocation as select
    as_of, criteria_version, scheme_id, tier, if(tier = 'gold', 1, 2) as tier_rank, count(*) as count_customers,
    cast(300 as decimal(28, 4)) as net_amount, 3 as count_touches, cast(null as decimal(28, 4)) as spend, cast(0.5 as decimal(9, 4)) as share_customers,
    cast(0.5 as decimal(9, 4)) as share_net_amount, cast(0.5 as decimal(9, 4)) as share_touches, cast(27 as decimal(28, 4)) as net_amount_per_customer,
    cast(100 as decimal(28, 4)) as net_amount_per_touch, 0.3 as touches_per_customer,
    cast(null as decimal(18, 4)) as net_amount_per_spend, 1 as count_owners, 22 as capacity, 0.5 as capacity_used
from insights.customer_tiers group by all;
create table insights.funnel as select days.as_of, 'v1' as criteria_version, told.*
from (values (date '2026-03-01'), (date '2026-03-02')) as days(as_of), (values
    ('customers', 1, 'prospect', '潜客', 'Known', 11, 22, 3, 20.0, 0.5, 30, null),
    ('customers', 2, 'customer', '首购', 'Bought', 11, 11, 2, 10.0, null, null, null)
) as told(funnel, stage_order, stage, stage_zh, stage_en, count_now, count_reached, count_entered, median_age_days,
    conversion_to_next, median_days_to_next, amount);
create table insights.class_forecast as select
    as_of, criteria_version, scheme_id, tier as class, 'orders' as measure, date '2026-03-01' as month, 1 as horizon,
    'naive' as method, cast(10 as decimal(28, 4)) as value, cast(5 as decimal(28, 4)) as low, cast(15 as decimal(28, 4)) as high, 0.2 as mape, 0.9 as mase, 5 as count_errors, 6 as count_months
from insights.tier_allocation;
create table insights.conversion_drivers as select
    as_of, criteria_version, 'buyers' as population, 'interactions_90d' as behaviour, 'any' as value, 2.0 as lift, 1.2 as low,
    3.3 as high, 'more' as verdict
from insights.tier_allocation where tier = 'gold';
create table insights.threshold_advice as select
    as_of, criteria_version, scheme_id, 'amount' as criterion, 'bound' as kind, tier as point, 0.3 as share, 'fine' as verdict
from insights.tier_allocation;
create table insights.feature_drift as select
    as_of, criteria_version, 'tiers' as subject_kind, scheme_id as subject, 0.05 as psi, 'stable' as verdict
from insights.tier_allocation where tier = 'gold';
create table insights.feedback_themes as select
    as_of, criteria_version, scheme_id, tier, 'service' as theme, 2 as count_feedback, 1.0 as share
from insights.tier_allocation;
create table insights.tier_changes as select
    as_of, criteria_version, scheme_id, customer_id, 'regular' as from_tier, tier as to_tier, tier_since as changed_on, 'data' as cause,
    '{}' as evidence
from insights.customer_tiers where tier = 'gold';
