with latest as (
    {{ latest_versions('holidays') }}
),

holidays as (
    select
        {{ common_columns() }},
        {{ to_day('holiday_date') }} as holiday_date,
        holiday_name,
        upper(country) as country,
        {{ to_truth('is_workday') }} as is_workday
    from latest
)

select * from holidays
