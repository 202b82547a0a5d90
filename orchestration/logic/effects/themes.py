"""feedback_themes: what the customers of each tier speak of in their feedback, by the words of criteria.yml.

Only counts leave: no text is kept. A text that no word tells is in the theme 'other', so that nothing is lost.
"""

from datetime import date

import duckdb

from orchestration.logic.segmentation.grid import business_day, business_timezone
from orchestration.logic.segmentation.store import literal, replace_day, values
from orchestration.settings.insights import InsightSettings


def feedback_themes(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> int:
    """Writes insights.feedback_themes of `as_of`. Grain: scheme_id (the main scheme), tier, theme; themes nobody spoke
    of in both windows have no row. Needs insights.customer_tiers. Returns the rows."""
    themes = settings.criteria.effects.feedback_themes
    words = [(code, word) for code, theme in themes.items() for word in theme.words]
    query = _THEMES.format(
        words=values("w(theme, word)", words or [("other", "")]),
        labels=values(
            "l(theme, theme_zh, theme_en)",
            [*((code, theme.label.zh, theme.label.en) for code, theme in themes.items()), ("other", "其他", "Other")],
        ),
        given=business_day("given_at", business_timezone(con)),
        main=literal(settings.criteria.main_scheme),
        day=literal(as_of),
        window=settings.criteria.window_days,
    )
    return replace_day(con, "feedback_themes", as_of, query, settings.criteria_version)


_THEMES = """
with texts as (
    select
        feedback_key, f.customer_id, t.scheme_id, t.tier, text, given_on,
        case when kind = 'csat' then cast(score as decimal(18, 4)) end as csat, given_on >= {day} - {window} as is_now
    from (select *, {given} as given_on from marts.feedback) as f
    inner join insights.customer_tiers as t
        on t.customer_id = f.customer_id and t.as_of = {day} and t.scheme_id = {main}
    where trim(text) <> '' and given_on < {day} and given_on >= {day} - 2 * {window}
),
distinct_texts as (select distinct lower(text) as text from texts),
spoken as (
    select distinct d.text, w.theme from distinct_texts as d inner join {words} on contains(d.text, lower(w.word))
),
themed as (
    select texts.*, coalesce(spoken.theme, 'other') as theme
    from texts left join spoken on spoken.text = lower(texts.text)
),
totals as (select tier, count(*) as n from texts where is_now group by tier),
counted as (
    select
        scheme_id, tier, theme, count(*) filter (where is_now) as count_feedback,
        count(*) filter (where not is_now) as count_previous,
        count(distinct customer_id) filter (where is_now) as count_customers,
        cast(round(sum(csat) filter (where is_now) / nullif(count(csat) filter (where is_now), 0), 4) as decimal(9, 4))
            as csat_average,
        max(given_on) as last_given_on
    from themed group by scheme_id, tier, theme
)
select c.*, theme_zh, theme_en, cast(round(count_feedback / nullif(n, 0), 4) as decimal(9, 4)) as share
from counted as c
inner join {labels} on l.theme = c.theme
left join totals on totals.tier = c.tier
"""
