with latest as (
    {{ latest_versions('spend') }}
),

spend as (
    select
        source,
        entity,
        -- Here the channel is the one the money was spent on, as the row says.
        coalesce(channel, source_channel) as channel,
        trust,
        _record_key,
        _loaded_at,
        _record_key as spend_key,
        campaign,
        coalesce(upper(currency), source_currency) as currency,
        {{ to_amount('amount') }} as amount,
        _event_at as spend_date
    from latest
)

select * from spend
