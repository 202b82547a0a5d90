with stores as (
    select * from {{ ref('stg_stores') }}
),

named as (
    select
        store_key,
        source,
        entity as block,
        store_id,
        store_name,
        phone,
        city,
        region,
        country
    from stores
)

select * from named
