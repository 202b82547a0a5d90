with holidays as (
    select * from {{ ref('stg_holidays') }}
),

-- Two sources may name the same day of a country: the one with more trust is taken.
chosen as (
    select
        holiday_date,
        country,
        holiday_name,
        coalesce(is_workday, false) as is_workday,
        source,
        entity as block
    from holidays
    qualify row_number() over (
        partition by holiday_date, country order by trust desc, source asc, entity asc, _loaded_at desc, _record_key asc
    ) = 1
)

select * from chosen
