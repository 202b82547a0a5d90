with products as (
    select * from {{ ref('stg_products') }}
),

named as (
    select
        product_key,
        source,
        entity as block,
        product_id,
        product_name,
        category,
        brand,
        tags,
        list_price,
        currency
    from products
)

select * from named
