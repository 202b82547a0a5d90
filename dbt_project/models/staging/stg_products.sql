with latest as (
    {{ latest_versions('products') }}
),

products as (
    select
        {{ common_columns() }},
        source || '/' || product_id as product_key,
        product_id,
        product_name,
        category,
        brand,
        tags,
        {{ to_amount('list_price') }} as list_price,
        source_currency as currency
    from latest
)

select * from products
