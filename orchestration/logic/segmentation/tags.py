"""Tags: for each customer every rule of criteria.yml that holds, with its names in both languages.

A tag that fewer than `minimum_cell` customers have is left out or counted as 'other': a small cell would tell of persons,
and of noise. What a rule means in SQL is in tag_rules.py.
"""

from datetime import date

import duckdb

from orchestration.logic.segmentation.grid import business_day, business_timezone
from orchestration.logic.segmentation.store import literal, replace_day, values
from orchestration.logic.segmentation.tag_rules import class_of, holds, said
from orchestration.settings.criteria import CLASS_COLUMNS, OTHER, PROFILE_COLUMNS, Dimension, Tags
from orchestration.settings.insights import InsightSettings

TEMPORARY = ("subjects", "traits", "spending", "classes", "held")


def customer_tags(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> int:
    """Writes insights.customer_tags of `as_of` from the features, classes and marts: one row a customer and rule that
    holds. Returns the rows."""
    tags = settings.criteria.tags
    _make_inputs(con, as_of, tags)
    _make_classes(con, tags.dimensions)
    con.execute(f"create or replace temp table strata_tag_held as {_held(tags.dimensions)}")
    rows = replace_day(con, "customer_tags", as_of, _told(tags), settings.criteria_version)
    for name in TEMPORARY:
        con.execute(f"drop table temp.strata_tag_{name}")
    return rows


def _make_inputs(con: duckdb.DuckDBPyConnection, as_of: date, tags: Tags) -> None:
    """strata_tag_subjects (a customer's columns that rules name), strata_tag_traits, strata_tag_spending (share by
    category)."""
    columns = ", ".join(["f.customer_id", "f.category_shares", *(_column(name) for name in tags.columns)])
    day, recorded = literal(as_of), business_day("recorded_at", business_timezone(con))
    con.execute(f"create or replace temp table strata_tag_subjects as {_SUBJECTS.format(day=day, columns=columns)}")
    con.execute(f"create or replace temp table strata_tag_traits as {_TRAITS.format(day=day, recorded=recorded)}")
    con.execute(f"create or replace temp table strata_tag_spending as {_SPENDING}")


def _column(name: str) -> str:
    return f"c.{name}" if name in PROFILE_COLUMNS else name if name in CLASS_COLUMNS else f"f.{name}"


_SUBJECTS = """
    select {columns}
    from insights.customer_features as f
    inner join marts.customers as c on c.customer_id = f.customer_id
    left join insights.lifecycle_states as l on l.as_of = f.as_of and l.customer_id = f.customer_id
    left join insights.rfm_scores as r on r.as_of = f.as_of and r.customer_id = f.customer_id
    left join insights.abc_classes as a on a.as_of = f.as_of and a.customer_id = f.customer_id
    where f.as_of = {day}
"""

_TRAITS = """
    select
        customer_id, lower(trim(trait)) as trait, lower(trim(value)) as value, recorded_at,
        coalesce(lower(trim(stated_or_inferred)) = 'stated', false) as is_stated
    from marts.traits
    where customer_id is not null and trim(value) <> '' and {recorded} < {day}
"""

_SPENDING = """
    select customer_id, lower(trim(part.key)) as category, part.value as category_share
    from (
        select customer_id, unnest(map_entries(cast(cast(category_shares as json) as map(varchar, decimal(9, 4))))) as part
        from strata_tag_subjects where category_shares is not null
    )
"""


def _make_classes(con: duckdb.DuckDBPyConnection, dimensions: dict[str, Dimension]) -> None:
    """strata_tag_classes: the subjects with a column tag_<dimension> for each dimension of one tag a customer."""
    traits = "".join(f", {said(one)} as said_{code}" for code, one in dimensions.items() if one.trait)
    simple = "".join(
        f", {class_of(code, dimension)} as tag_{code}"
        for code, dimension in dimensions.items()
        if dimension.bands or dimension.values
    )
    crossed = "".join(
        f", case when 'unknown' in (tag_{a}, tag_{b}) then 'unknown' when 'other' in (tag_{a}, tag_{b}) then 'other' "
        f"else tag_{a} || '_' || tag_{b} end as tag_{code}"
        for code, (a, b) in ((code, dimension.cross) for code, dimension in dimensions.items() if dimension.cross)
    )
    con.execute(
        "create or replace temp table strata_tag_classes as "
        f"select *{crossed} from (select subjects.*{simple} from "
        f"(select subjects.*{traits} from strata_tag_subjects as subjects) as subjects)"
    )


def _held(dimensions: dict[str, Dimension]) -> str:
    """SQL: customer_id, dimension, tag of every rule that holds."""
    parts = ["select customer_id, '' as dimension, '' as tag from strata_tag_classes where false"]
    for code, dimension in dimensions.items():
        if dimension.is_exclusive:
            parts.append(f"select customer_id, {literal(code)}, tag_{code} from strata_tag_classes")
        for rule in dimension.rules or []:
            parts.append(
                f"select customer_id, {literal(code)}, {literal(rule.code)} from strata_tag_classes as s "
                f"where {holds(rule)}"
            )
    return " union all ".join(parts)


def _told(tags: Tags) -> str:
    """SQL of the rows told: those of tags that have a name and enough customers."""
    named = [
        (code, tag, label.zh, label.en, tags.rare == "other" and dimension.is_exclusive)
        for code, dimension in tags.dimensions.items()
        for tag, label in tags.labels(code).items()
    ] or [("", "", "", "", False)]
    return f"""
        with names as (select * from {values("t(dimension, tag, tag_zh, tag_en, may_be_other)", named)}),
        counted as (
            select held.*, names.may_be_other, count(*) over (partition by held.dimension, held.tag) as n
            from strata_tag_held as held
            inner join names on names.dimension = held.dimension and names.tag = held.tag
        ),
        placed as (
            select
                customer_id, dimension,
                case when n < {tags.minimum_cell} and may_be_other then '{OTHER}' else tag end as tag
            from counted
        )
        select placed.customer_id, placed.dimension, placed.tag, placed.dimension || '.' || placed.tag as rule_id,
            names.tag_zh, names.tag_en
        from placed
        inner join names on names.dimension = placed.dimension and names.tag = placed.tag
        qualify count(*) over (partition by placed.dimension, placed.tag) >= {tags.minimum_cell}
    """
