"""What the model proposes: pairs of customers that the keys left apart and that are probably one person.

Customers by keys come in, each as one row of its most frequent values; links and pairs for review go out. As many of the
likeliest pairs are linked as keep the share that can be expected to be wrong within `wrong_links`. A field in which this data
hardly ever contradicts itself vetoes; so the model never links twins, or father and son of one name, where birth dates and given
names can be trusted, and does without vetoes where they cannot. Numbers of records are those of `resolve.py`, the thresholds are
in identity.yml.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from orchestration.logic.identity.comparisons import (
    ALIKE,
    BIRTH_SLIPS,
    BLOCKS,
    CHINESE,
    FIELDS,
    HOURS,
    ID,
    NEAR,
    OF_THE_PERSON,
    RELATIVES,
    RESIDENT_ID_SIGNS,
    Rule,
    differ_in_one_sign,
    levels,
    other_generation,
)
from orchestration.logic.identity.model import (
    BLOCKING_RULES,
    LEAST_RECORDS,
    SAMPLE_FOR_OPEN,
    SAMPLE_FOR_RECORDS,
    Model,
    affordable,
    linker,
    train,
)

if TYPE_CHECKING:
    import duckdb

    from orchestration.settings.identity import LinkingModel

NO_PROPOSALS = """
    create or replace temp table proposals (
        left_number bigint, right_number bigint, probability double, weight double, comparison varchar, veto varchar,
        ambiguous boolean, linked boolean, weights struct("name" varchar, "level" varchar, bits double)[]);
    create or replace temp table refuted (left_number bigint, right_number bigint)
"""
_SCORED = {
    "unique_id_l": pa.int64(), "unique_id_r": pa.int64(), "match_probability": pa.float64(), "match_weight": pa.float64(),
    "comparison": pa.string(),
    "weights": pa.list_(pa.struct({"name": pa.string(), "level": pa.string(), "bits": pa.float64()})),
}  # fmt: skip
_TOGETHER = ("given", "family", "script")
_TELLING: tuple[Rule, ...] = (("given", "family"), ("street",))
"""The blocking rules that find pairs of one name and address."""
_OTHER_FIELDS = tuple(name for name in FIELDS if name not in _TOGETHER)


def learn(con: duckdb.DuckDBPyConnection) -> Model | None:
    """A model of the records in `compared` (number, cluster, FIELDS), from a sample of customers with all their records; None
    where they are too few."""
    row = con.execute("select count(*), count(distinct cluster) from compared").fetchone()
    count, customers = row or (0, 0)
    if count < LEAST_RECORDS:
        return None
    _choose(con, SAMPLE_FOR_RECORDS)
    records = con.execute(f"select number as {ID}, {', '.join(FIELDS)} from chosen order by number").to_arrow_table()
    _choose(con, SAMPLE_FOR_OPEN)
    model = train(records, representatives(con, "chosen"), customers)
    con.execute("drop table chosen")
    return model


def _choose(con: duckdb.DuckDBPyConnection, customers: int) -> None:
    con.execute(f"""
        create or replace temp table chosen as
        select * from compared semi join (
            select cluster from compared group by cluster order by hash(cluster), cluster limit {customers}
        ) using (cluster)
    """)


def propose(con: duckdb.DuckDBPyConnection, model: Model, settings: LinkingModel) -> None:
    """Writes the temporary table `proposals` (grain: pair of clusters): left_number, right_number, probability, weight,
    comparison (in words), veto (the field, or null), ambiguous, linked, weights (what each comparison adds to the weight,
    log2 of the odds, the share of matches first; a waterfall), and `refuted` (left_number, right_number): the pairs of `doubtful`
    that it looked at and does not hold for one person. Reads `compared`; a cluster is named by its oldest record."""
    rows = representatives(con, "compared")
    rules = affordable(rows, model.fields)
    scored = _score(rows, model, rules, settings.review)
    con.register("scored", scored)
    con.register("representatives", rows)
    con.execute(f"""
        create or replace temp table proposals as
        with pairs as (
            select
                least(unique_id_l, unique_id_r) as left_number,
                greatest(unique_id_l, unique_id_r) as right_number,
                match_probability as probability,
                match_weight as weight,
                comparison,
                weights
            from scored
        ),
        judged as (
            select
                pairs.*,
                {_veto(model, settings.veto_below)} as veto
            from pairs
            join representatives as a on pairs.left_number = a.{ID}
            join representatives as b on pairs.right_number = b.{ID}
        ),
        ends as (
            select left_number as number, right_number as partner, left_number, right_number, weight
            from judged where veto is null and probability >= {settings.link}
            union all
            select right_number, left_number, left_number, right_number, weight
            from judged where veto is null and probability >= {settings.link}
        ),
        rivals as (
            select one.left_number, one.right_number
            from ends as one
            join ends as other
                on one.number = other.number and one.partner <> other.partner and one.weight < other.weight + {settings.margin}
            join representatives as a on one.partner = a.{ID}
            join representatives as b on other.partner = b.{ID}
            where {_veto(model, settings.veto_below)} is not null
        ),
        told as (select judged.*, (left_number, right_number) in (from rivals) as ambiguous from judged),
        expected as (
            select
                left_number, right_number,
                avg(1 - probability) over (order by probability desc range unbounded preceding) as wrong
            from told anti join doubtful using (left_number, right_number)
            where veto is null and not ambiguous and probability >= {settings.link}
        )
        select told.*, coalesce(wrong <= {settings.wrong_links}, false) as linked
        from told left join expected using (left_number, right_number)
        order by left_number, right_number
    """)
    seen = " or ".join(" and ".join(f"a.{part} = b.{part}" for part in rule) for rule in _TELLING if rule in rules)
    con.execute(f"""
        create or replace temp table refuted as
        select left_number, right_number
        from doubtful
        join representatives as a on left_number = a.{ID}
        join representatives as b on right_number = b.{ID}
        anti join (from proposals where veto is null and probability >= {settings.link}) using (left_number, right_number)
        where {seen or "false"}
        order by all
    """)
    con.execute("""
        delete from proposals where (left_number, right_number) in (from doubtful)
            and (left_number, right_number) not in (from refuted)
    """)
    con.unregister("scored")
    con.unregister("representatives")


def representatives(con: duckdb.DuckDBPyConnection, compared: str) -> pa.Table:
    """One row a cluster of a table like `compared`: its most frequent name (given, family and script of one record), the most
    frequent value of each other field (ties go to the smallest), its BLOCKS and its HOURS. Votes are only counted in the few
    clusters whose records say different things."""
    smallest = ", ".join(f"min({name}) as {name}" for name in _OTHER_FIELDS)
    differs = " or ".join(f"compared.{name} <> smallest.{name}" for name in _OTHER_FIELDS)
    voted = ", ".join(
        f"max(value) filter (field = '{name}') as {name}" for name in _OTHER_FIELDS
    )  # one is left of each
    chosen = ", ".join(f"coalesce(voted.{name}, smallest.{name}) as {name}" for name in _OTHER_FIELDS)
    return con.execute(f"""
        with names as (
            select cluster, given, family, script
            from {compared}
            where given is not null or family is not null
            group by cluster, given, family, script
            qualify row_number() over (
                partition by cluster
                order by given is null or family is null, count(*) desc, script, given nulls last, family nulls last
            ) = 1
        ),
        smallest as (select cluster, {smallest} from {compared} group by cluster),
        contested as (
            select distinct cluster from {compared} as compared join smallest using (cluster) where {differs}
        ),
        votes as (
            unpivot (
                select cluster, {", ".join(_OTHER_FIELDS)} from {compared} semi join contested using (cluster)
            ) on {", ".join(_OTHER_FIELDS)} into name field value value
        ),
        won as (
            select cluster, field, value
            from votes
            group by cluster, field, value
            qualify row_number() over (partition by cluster, field order by count(*) desc, value) = 1
        ),
        voted as (select cluster, {voted} from won group by cluster),
        in_blocks as (
            select cluster, list_sort(list(block)) as {BLOCKS}
            from (select distinct cluster, block from {compared} where block is not null)
            group by cluster
        ),
        in_hours as (
            select cluster, list_sort(list("hour")) as {HOURS}
            from (select distinct cluster, "hour" from {compared} where "hour" is not null)
            group by cluster
        ),
        told as (
            select cluster as {ID}, given, family, script, {chosen}, {BLOCKS}, {HOURS}
            from smallest
            left join names using (cluster)
            left join voted using (cluster)
            left join in_blocks using (cluster)
            left join in_hours using (cluster)
        )
        select
            {ID}, {", ".join(FIELDS)}, {BLOCKS}, {HOURS},
            {HOURS} || list_filter(list_transform({HOURS}, lambda one: one + 1), lambda one: one not in {HOURS}) as {NEAR}
        from told
        order by {ID}
    """).to_arrow_table()


def _score(rows: pa.Table, model: Model, rules: Collection[Rule], least: float) -> pa.Table:
    """The pairs of rows that the model holds for one person with at least this probability, and how they compare."""
    settings = model.settings(rows.num_rows, rules)
    if not settings[BLOCKING_RULES]:
        return pa.table({name: pa.array([], kind) for name, kind in _SCORED.items()})
    found, con = linker(rows, settings)
    with con:
        pairs = found.inference.predict(threshold_match_probability=least).physical_name
        known = {row[0] for row in con.execute(f"describe {pairs}").fetchall()}
        names = [comparison["output_column_name"] for comparison in settings["comparisons"]]
        bits = {
            name: " + ".join(
                f"coalesce({column}, 0)" for column in (f"mw_{name}", f"mw_tf_adj_{name}") if column in known
            )
            for name in names
        }
        unlike = " + ".join(
            f"{share} * pow(2, -({_against(kind, settings, model, bits)}))" for kind, share in model.households.items()
        )
        prior = settings["probability_two_random_records_match"]
        told = ", ".join(
            _told(comparison, bits[comparison["output_column_name"]]) for comparison in settings["comparisons"]
        )
        return con.execute(f"""
            with likened as (
                select *, pow(2, -match_weight) + {unlike} as unlike from {pairs}
            ),
            told as (
                select
                    unique_id_l, unique_id_r, 1 / (1 + unlike) as probability, -log2(unlike) as weight,
                    list_filter([{told}], lambda one: one.level is not null) as weights,
                    {{'name': 'share of matches', 'level': '', 'bits': log2({prior} / (1 - {prior}))}} as first,
                    {{'name': 'a household?', 'level': '', 'bits': -log2(unlike) - match_weight}} as last
                from likened
            )
            select
                unique_id_l, unique_id_r, probability as match_probability, weight as match_weight,
                array_to_string(list_transform(weights, lambda one: one.name || ' ' || one.level), ', ') as comparison,
                [first] || weights || [last] as weights
            from told where probability >= {least}
        """).to_arrow_table()


def _against(kind: str, settings: dict[str, Any], model: Model, bits: dict[str, str]) -> str:
    """SQL over scored pairs: the bits by which they are rather one person than two of one household of this kind."""
    parts = ["0.0"]
    for comparison in settings["comparisons"]:
        name = comparison["output_column_name"]
        if name in OF_THE_PERSON and name not in RELATIVES[kind]:
            parts.append(f"({bits[name]})")
        elif name in model.in_household:
            shares = zip(model.levels[name], model.in_household[name], strict=True)
            size = len(model.in_household[name])
            cases = " ".join(
                f"when {size - 1 - place} then {math.log2(m / h)}" for place, ((m, _), h) in enumerate(shares)
            )
            parts.append(f"case gamma_{name} {cases} else 0 end")
    return " + ".join(parts)


def _told(comparison: dict[str, Any], bits: str) -> str:
    """SQL over scored pairs: the name of a comparison, its level in words (null where it knows nothing), and its bits."""
    name, found = comparison["output_column_name"], levels(comparison)
    words = [level["label_for_charts"] for level in found]
    cases = " ".join(f"when {len(found) - 1 - place} then '{word}'" for place, word in enumerate(words))
    return f"{{'name': '{name}', 'level': case gamma_{name} {cases} end, 'bits': cast({bits} as double)}}"


def _veto(model: Model, below: float) -> str:
    """SQL over two representatives a and b: the field in which they contradict, where it is to be trusted, or null."""
    can_tell = f"not (a.script = 'mixed' and b.script in {CHINESE} or b.script = 'mixed' and a.script in {CHINESE})"
    other_given = (
        f"{can_tell} and jaro_winkler_similarity(a.given, b.given) < {ALIKE}"
        " and a.given is distinct from b.family and b.given is distinct from a.family"
        " and not (least(length(a.given), length(b.given)) = 1 and left(a.given, 1) = left(b.given, 1))"
    )
    other_birth = f"damerau_levenshtein(a.birth, b.birth) > {BIRTH_SLIPS}"
    other_age = f"damerau_levenshtein(a.birth, b.birth) > 1 and {other_generation('a.birth', 'b.birth')}"
    cases = (
        ("given", 1, f"(a.signs is null or b.signs is null) and {other_given}"),
        ("birth", 1, other_birth),
        ("birth", 2, other_age),
        (
            "family",
            1,
            f"a.script in {CHINESE} and b.script in {CHINESE} and jaro_winkler_similarity(a.family, b.family) < {ALIKE}",
        ),
        ("gender", 1, "a.gender <> b.gender and a.given is distinct from b.given"),
    )
    trusted = [f"when {case} then '{name}'" for name, last, case in cases if model.contradicts_in(name, last) < below]
    other_signs = f"a.given <> b.given and not ({differ_in_one_sign('a.signs', 'b.signs')})"
    both_whole = " and ".join(f"length({side}.national_id) = {RESIDENT_ID_SIGNS}" for side in "ab")
    resident_ids = f"{both_whole} and a.national_id <> b.national_id"
    return f"case when {resident_ids} then 'national_id' when {other_signs} then 'signs' {' '.join(trusted)} end"
