"""`strata explain`: one customer on one screen: records, links with evidence, surviving values, tier points, warning."""

from datetime import date
from typing import Any

import duckdb
import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text
from typer import BadParameter

from orchestration.logic.identity import Explanation, customer_of, explain_links
from orchestration.runlock import run_lock
from orchestration.settings import Home
from orchestration.warehouse import connect

console = Console(soft_wrap=False)

# $day: the day asked for; none means the published one.
DAY = "as_of = coalesce($day, (select as_of from serving.publication))"
PUBLISHED = {
    "survivorship 取值来源": """
        select field, source, source_record_id as record, rule, count_conflicts as conflicts
        from serving.survivorship where customer_id = $id order by field""",
    "tier points 分层得分": f"""
        select scheme_id as scheme, criterion, raw_value, band, points, weight, round(points * weight, 4) as counts
        from serving.scorecard_points where customer_id = $id and {DAY} order by scheme_id, criterion""",
    "moves between tiers 层级变动": """
        select changed_on, scheme_id as scheme, from_tier, to_tier, cause, reason_zh || ' / ' || reason_en as reason
        from serving.tier_changes where customer_id = $id and changed_on <= coalesce($day, changed_on)
        order by changed_on, scheme_id""",
    "churn warning 流失预警": f"""
        select round(churn_score, 2) as churn_score, band, cast(expected_loss as decimal(18, 2)) as expected_loss, owner,
            strategy_code, state, first_warned_on,
            array_to_string(json_extract_string(reasons, '$[*].zh'), ';') || ' / '
            || array_to_string(json_extract_string(reasons, '$[*].en'), '; ') as reasons
        from serving.churn_warnings where customer_id = $id and {DAY}""",
}
TIER = f"""
select as_of, display_name, scheme_id, tier, total_points, tier_since, previous_tier, tier_reason
from serving.customer_tiers join serving.customers using (customer_id) where customer_id = $id and {DAY} order by scheme_id
"""


def show_customer(
    home: Home, customer_id: str | None, source: str | None, record: str | None, day: date | None
) -> None:
    """Prints the customer named by its id, or by a source and the record id there; points, tier and warning as of `day`.

    Raises BadParameter when there is no such customer, or nothing published of that day.
    """
    published = home.serving / "strata_restricted.duckdb"
    if not published.exists():
        raise BadParameter("nothing is published yet: run `strata run` first")
    with run_lock(home, "strata explain"), connect(home, read_only=True) as con:
        found = _customer(con, customer_id, source, record)
        explanation = explain_links(con, found)
    if explanation.records.empty:
        raise BadParameter(f"no customer {found}")
    with duckdb.connect(published, read_only=True) as con:
        days = [
            known for (known,) in con.execute("select distinct as_of from serving.customer_tiers order by 1").fetchall()
        ]
        if day and day not in days:
            raise BadParameter(f"--as-of: found {day}; published are {', '.join(map(str, days))}")
        _print_identity(found, explanation)
        _print_published(con, found, day)


def _customer(con: duckdb.DuckDBPyConnection, customer_id: str | None, source: str | None, record: str | None) -> str:
    if customer_id:
        return customer_id
    if not (source and record):
        raise BadParameter("name a CUSTOMER_ID, or --source and --record")
    found = customer_of(con, source, record)
    if len(found) != 1:
        raise BadParameter(f"{len(found)} customers have record {record} of source {source}; allowed: exactly one")
    return found[0]


def _print_identity(customer_id: str, explanation: Explanation) -> None:
    records = explanation.records[["record_id", "name", "channel", "trust", "first_seen_at", "linked_by"]]
    _print(f"{customer_id}: records 记录", list(records.columns), records.values.tolist())
    pairs = explanation.links.groupby(
        ["left_record_id", "right_record_id"], sort=False
    )  # strongest first, as they come
    evidence = pairs["evidence"].agg("; ".join).reset_index()
    _print("links 关联", ["left record", "right record", "evidence"], evidence.values.tolist())
    for (left, right, probability), told in explanation.weights.groupby(
        ["left_record_id", "right_record_id", "probability"], sort=False
    ):
        rows = [
            (f"{name} {level}", f"{bits:+.1f}", _bar(bits))
            for name, level, bits in told[["name", "level", "bits"]].itertuples(index=False)
        ]
        title = f"match weights 匹配权重 (bits): {left} – {right}, probability {probability:.3f}"
        _print(title, ["comparison", "weight", ""], rows)
    history = explanation.events[["event_id", "at", "kind", "other_customer_id", "cause", "evidence"]]
    _print("history 变更记录", list(history.columns), history.values.tolist())


def _bar(bits: float) -> Text:
    """A bar of a waterfall: one sign a bit, for or against."""
    return Text("█" * round(abs(bits)), style="green" if bits > 0 else "red")


def _print_published(con: duckdb.DuckDBPyConnection, customer_id: str, day: date | None) -> None:
    for title, sql in PUBLISHED.items():
        names = {"id": customer_id, "day": day} if "$day" in sql else {"id": customer_id}
        result = con.execute(sql, names)
        _print(title, [column[0] for column in result.description], result.fetchall())
    for as_of, name, scheme, tier, points, since, before, reason in con.execute(
        TIER, {"id": customer_id, "day": day}
    ).fetchall():
        console.print(
            f"{name}: as of {as_of} {scheme} [bold]{tier}[/bold] ({points} points) since {since}, before: {before or '-'}"
        )
        console.print(f"  {reason}", highlight=False)


def _print(title: str, columns: list[str], rows: list[Any]) -> None:
    if not rows:
        return
    table = Table(*columns, title=title, title_justify="left", box=None, padding=(0, 1), header_style="bold")
    for row in rows:
        table.add_row(*(value if isinstance(value, Text) else "" if pd.isna(value) else str(value) for value in row))
    console.print(table)
