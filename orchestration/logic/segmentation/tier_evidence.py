"""The evidence of each move that tier_changes.py found: cause, criteria that changed band, records, merges, words.

Reads the temporary table strata_all_moved (scheme_id, customer_id, from_tier, to_tier, step), some customers at a time: lists
of criteria and records are put together in memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import duckdb

from orchestration.logic.segmentation.store import case_by, create_in_parts, literal, scalar, values
from orchestration.logic.segmentation.walk import Walk
from orchestration.settings.criteria import CriteriaFile
from orchestration.settings.insights import InsightSettings

if TYPE_CHECKING:
    from orchestration.logic.segmentation.tier_changes import Before

LISTED_RECORDS = 20
MOVES_AT_A_TIME = 250_000
CONTACT_FEATURES = {
    "interactions_30d", "interactions_90d", "interactions_window", "presale_window", "aftersale_window",
    "service_requests_window", "referrals_window", "complaints_window",
}  # fmt: skip
KINDS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(CONTACT_FEATURES, ("interaction",)),
    "csat_average": ("feedback",),
    "nps_average": ("feedback",),
    "custom_requests_window": ("order", "interaction"),
    "loyalty_actions": ("order", "interaction"),
}
"""Which records a feature is made of; any other: orders and refunds."""


@dataclass(frozen=True)
class Step:
    """A state of all schemes: the walks by scheme, and the day of them that counts."""

    day: date
    walks: dict[str, Walk]


def evidence_query(
    con: duckdb.DuckDBPyConnection,
    steps: dict[int, Step],
    before: Before,
    as_of: date,
    settings: InsightSettings,
) -> str:
    """Writes the temporary table strata_changes, and returns SQL of insights.tier_changes without its day and version."""
    criteria = settings.criteria
    query = _CHANGES.format(
        day=literal(as_of),
        before=literal(before.as_of),
        known=f"timestamp '{before.known_at.isoformat(sep=' ')}'",
        is_published=literal(before.is_published),
        touched=_TOUCHED if before.is_published else _UNTOUCHED,
        kinds=_kinds(before.criteria, criteria),
        words=_words(before.criteria, criteria),
        listed=LISTED_RECORDS,
        versions=f"['{before.version}', '{settings.criteria_version}']",
        zh=case_by("cause", {cause: words[0] for cause, words in CAUSES.items()}),
        en=case_by("cause", {cause: words[1] for cause, words in CAUSES.items()}),
    )
    bands, parts = (
        _bands(steps, before, as_of),
        scalar(con, "select count(*) from strata_all_moved") // MOVES_AT_A_TIME + 1,
    )

    def of_part(part: int) -> str:
        moved = f"from strata_all_moved where hash(customer_id) % {parts} = {part}"
        con.execute(f"create or replace temp table strata_moved as {moved}")
        con.execute(f"create or replace temp table strata_bands as {bands}")
        return query

    create_in_parts(con, "strata_changes", parts, of_part)
    con.execute("drop table temp.strata_bands; drop table temp.strata_moved")
    return "from strata_changes"


CAUSES = {
    "data": ("新数据", "New data"),
    "clock": ("时间推移,无新数据", "Time passed, nothing happened"),
    "criteria": ("标准变更", "The criteria changed"),
    "identity": ("客户合并或拆分", "Customers became one or were divided"),
    "correction": ("历史数据更正", "The past was corrected"),
}


def _bands(steps: dict[int, Step], before: Before, as_of: date) -> str:
    """SQL: state, scheme_id, customer_id, criterion, value, band of the customers that moved, for the states before and
    after the step that moved them. State 0 is what was said, state -1 the same day as it is known now."""
    parts = [
        f"""
        select {number or -1} as state, {literal(scheme_id)} as scheme_id, s.customer_id, {literal(code)} as criterion,
            cast(s.v{i} as decimal(28, 4)) as value, s.b{i} as band
        from {walked.scores} as s
        semi join strata_moved as moved on moved.customer_id = s.customer_id
            and moved.scheme_id = {literal(scheme_id)} and moved.step in ({number}, {number + 1})
        where s.as_of = {literal(step.day)}
        """
        for number, step in steps.items()
        for scheme_id, walked in step.walks.items()
        for i, code in enumerate(walked.scheme.criteria)
    ]
    parts.append(f"""
        select 3, p.scheme_id, p.customer_id, p.criterion, p.raw_value, p.band from insights.scorecard_points as p
        semi join strata_moved as moved
            on moved.customer_id = p.customer_id and moved.scheme_id = p.scheme_id and moved.step = 3
        where p.as_of = {literal(as_of)}
    """)
    told = " union all ".join(parts)
    if not before.is_published:
        return f"with told as ({told}) from told union all select 0, * exclude (state) from told where state = -1"
    return f"""
        with told as ({told}),
        said as (
            select
                scheme_id, customer_id, split_part(said, '=', 1) as criterion, split_part(said, '=', 2) as band
            from (
                select s.scheme_id, s.customer_id, unnest(string_split(s.bands, ',')) as said
                from control.tier_statement as s
                semi join strata_moved as moved
                    on moved.customer_id = s.customer_id and moved.scheme_id = s.scheme_id and moved.step = 1
            )
        )
        from told
        union all
        -- What was said has no values; where the band is still the same, today's value of that day is told.
        select 0, said.scheme_id, said.customer_id, said.criterion, now.value, said.band
        from said
        left join told as now on now.state = -1 and now.scheme_id = said.scheme_id
            and now.customer_id = said.customer_id and now.criterion = said.criterion and now.band = said.band
    """


def _kinds(*criteria: CriteriaFile) -> str:
    rows = {
        (scheme_id, code, kind)
        for file in criteria
        for scheme_id, scheme in file.schemes.items()
        for code, criterion in scheme.criteria.items()
        for kind in KINDS.get(criterion.feature, ("order", "refund"))
    }
    return values("kinds(scheme_id, criterion, kind)", sorted(rows))


def _words(*criteria: CriteriaFile) -> str:
    """Labels of criteria and bands; where both files name one, that of the newer."""
    rows = {
        (scheme_id, code, band.code): (place, criterion.label.zh, criterion.label.en, band.label.zh, band.label.en)
        for file in criteria
        for scheme_id, scheme in file.schemes.items()
        for place, (code, criterion) in enumerate(scheme.criteria.items())
        for band in criterion.bands
    }
    columns = "words(scheme_id, criterion, band, place, criterion_zh, criterion_en, band_zh, band_en)"
    return values(columns, [(*key, *labels) for key, labels in rows.items()])


# Whether the bands of the day that was published are not what they were (`is_restated`), and whether merges or divisions
# touch the customer that were not known then. An id that was not there before is touched if an event made it.
_TOUCHED = """
    with ids as (
        select customer_id, event_id, kind from marts.identity_events where kind <> 'created'
        union
        select other_customer_id, event_id, kind from marts.identity_events
        where kind <> 'created' and other_customer_id is not null
    ),
    now as (
        select
            customer_id, list(event_id order by event_id) as ids,
            string_agg(left(event_id, 9), ',' order by event_id) as events, bool_or(kind <> 'merged') as divides
        from ids group by customer_id
    ),
    said as (select distinct customer_id, events from control.tier_statement),
    sums as (
        select
            scheme_id, customer_id,
            string_agg(criterion || '=' || band, ',' order by criterion) filter (where state = 0) as was,
            string_agg(criterion || '=' || band, ',' order by criterion) filter (where state = -1) as restated
        from strata_bands group by scheme_id, customer_id
    )
    select
        moved.scheme_id, moved.customer_id,
        sums.was is distinct from sums.restated as is_restated,
        now.events is distinct from said.events and (said.customer_id is not null or now.divides) as is_touched,
        list_filter(now.ids, id -> said.events is null or not contains(said.events, left(id, 9))) as events
    from strata_moved as moved
    left join said on said.customer_id = moved.customer_id
    left join now on now.customer_id = moved.customer_id
    left join sums on sums.scheme_id = moved.scheme_id and sums.customer_id = moved.customer_id
    where moved.step = 1
"""
_UNTOUCHED = """
    select '' as scheme_id, '' as customer_id, false as is_restated, false as is_touched, cast([] as varchar[]) as events
    limit 0
"""

_CHANGES = """
with touched as ({touched}),
words as (from {words}),
kinds as (from {kinds}),
caused as (
    select
        moved.*,
        case
            when step = 3 then 'data'
            when step = 2 then 'criteria'
            when not coalesce(touched.is_restated, false) then 'clock'
            when touched.is_touched then 'identity'
            else 'correction'
        end as cause,
        touched.events
    from strata_moved as moved
    left join touched on touched.scheme_id = moved.scheme_id and touched.customer_id = moved.customer_id
),
shifted as (
    select
        moved.scheme_id, moved.customer_id, coalesce(after.criterion, was.criterion) as criterion,
        was.band as from_band, after.band as to_band, was.value as from_value, after.value as to_value
    from strata_moved as moved
    inner join strata_bands as after
        on after.scheme_id = moved.scheme_id and after.customer_id = moved.customer_id and after.state = moved.step
    left join strata_bands as was
        on was.scheme_id = moved.scheme_id and was.customer_id = moved.customer_id and was.state = moved.step - 1
        and was.criterion = after.criterion
    where was.band is distinct from after.band
),
worded as (
    select
        shifted.*, new.place, new.criterion_zh, new.criterion_en,
        coalesce(old.band_zh, '—') || '→' || new.band_zh as move_zh,
        coalesce(old.band_en, '—') || ' → ' || new.band_en as move_en
    from shifted
    left join words as new on new.scheme_id = shifted.scheme_id and new.criterion = shifted.criterion
        and new.band = shifted.to_band
    left join words as old on old.scheme_id = shifted.scheme_id and old.criterion = shifted.criterion
        and old.band = shifted.from_band
),
criteria as (
    select
        scheme_id, customer_id,
        list({{'criterion': criterion, 'from_band': from_band, 'to_band': to_band, 'from_value': from_value,
            'to_value': to_value}} order by place, criterion) as criteria,
        string_agg(criterion_zh || ' ' || move_zh, '、' order by place, criterion) as zh,
        string_agg(criterion_en || ' ' || move_en, ', ' order by place, criterion) as en
    from worded group by scheme_id, customer_id
),
feeding as (
    select distinct shifted.scheme_id, shifted.customer_id, kinds.kind
    from shifted inner join kinds on kinds.scheme_id = shifted.scheme_id and kinds.criterion = shifted.criterion
),
records as (
    select
        caused.scheme_id, caused.customer_id, r.kind, r.record_key, r.happened_on,
        row_number() over (
            partition by caused.scheme_id, caused.customer_id order by r.happened_on desc, r.kind, r.record_key
        ) as place
    from caused
    inner join marts.customer_records as r on r.customer_id = caused.customer_id
    left join feeding on feeding.scheme_id = caused.scheme_id and feeding.customer_id = caused.customer_id
        and feeding.kind = r.kind
    where
        (
            (caused.cause = 'data' and r.happened_on >= {before} and r.happened_on < {day})
            or (caused.cause = 'correction' and r.happened_on < {before} and r.loaded_at > {known})
        )
        and (
            feeding.kind is not null
            or (caused.scheme_id, caused.customer_id) not in (select (scheme_id, customer_id) from feeding)
        )
),
listed as (
    select
        scheme_id, customer_id, count(*) as count_records,
        -- The key of an order may carry its person's reference: it is told as the masked tables tell it.
        list({{'kind': kind, 'key': case kind when 'order' then left(sha256(record_key), 32) else record_key end,
            'day': happened_on}} order by place)
            filter (where place <= {listed}) as records
    from records group by scheme_id, customer_id
)
select
    caused.customer_id, caused.scheme_id, from_tier, to_tier, {day} as changed_on, {before} as compared_with, cause,
    cast(to_json({{
        'criteria': coalesce(criteria.criteria, []),
        'count_records': coalesce(listed.count_records, 0),
        'records': coalesce(listed.records, []),
        'identity_events': case when cause = 'identity' then caused.events else [] end,
        'criteria_versions': case when cause = 'criteria' then {versions} end
    }}) as varchar) as evidence,
    {zh} || coalesce(':' || criteria.zh, '') as reason_zh,
    {en} || coalesce(': ' || criteria.en, '') as reason_en
from caused
left join criteria on criteria.scheme_id = caused.scheme_id and criteria.customer_id = caused.customer_id
left join listed on listed.scheme_id = caused.scheme_id and listed.customer_id = caused.customer_id
"""
