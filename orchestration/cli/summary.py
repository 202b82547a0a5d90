"""The end of a run: what is published, and where to look."""

import duckdb
from rich.console import Console
from rich.table import Table

from orchestration.serving import published
from orchestration.settings import Home

console = Console()

OVERVIEW = """
select tier, count(*) as customers, sum(net_amount) as net_amount,
       count(*) filter (where churn_band = 'high') as high_risk
from serving.customer_tier_table group by tier order by net_amount desc nulls last
"""


def print_failure(home: Home, run_id: str) -> bool:
    """Says after a failed run what readers see: the last good state, or what the run published before it failed. Returns
    whether it had published."""
    found = published(home)
    if found and found.run_id == run_id:
        readers = (
            f"the tables of {found.as_of} were published before that and stand; once mended, "
            "`strata publish --to xlsx,html` writes the reports, `strata deliver` tells the owners"
        )
    else:
        readers = "nothing was published; " + (
            "readers still see the last good state" if found else "there is nothing to read yet"
        )
    console.print(f"{readers}; all checks: {home.reports / 'checks.html'}", highlight=False, soft_wrap=True)
    return bool(found and found.run_id == run_id)


def print_summary(home: Home) -> None:
    """Prints the published tiers and the places to look at."""
    database = home.serving / "strata.duckdb"
    with duckdb.connect(database, read_only=True) as con:
        as_of, customers = con.execute(
            "select max(as_of), (select count(*) from serving.customers) from serving.publication"
        ).fetchall()[0]
        table = Table(
            "tier 层级", "customers 客户数", "net amount 净额", "high churn risk 高流失风险", title=f"as of {as_of}"
        )
        for tier, count, amount, risk in con.execute(OVERVIEW).fetchall():
            table.add_row(str(tier), f"{count:,}", f"{amount or 0:,.2f}", f"{risk:,}")
        (warnings,) = con.execute(
            "select count(*) from serving.churn_warnings where as_of = $day and closed_on is null", {"day": as_of}
        ).fetchall()[0]
    console.print(table)
    console.print(f"{customers:,} customers, {warnings:,} churn warnings. Where to look:", highlight=False)
    for what, where in {
        "tier table  客户分层管理表": f"{database}: serving.customer_tier_table",
        "warnings    流失预警": f"{database}: serving.churn_warnings",
        "files       Parquet": home.serving / "parquet",
        "with names  (restricted)": home.serving / "strata_restricted.duckdb",
        "workbooks   报表": home.reports / "latest",
        "criteria    分类标准": home.reports / "latest" / "criteria.html",
        "churn       价值与流失": home.reports / "latest" / "churn.html",
        "effects     效果评估": home.reports / "latest" / "effects.html",
        "checks      检查": home.reports / "checks.html",
        "one customer": "strata explain CUSTOMER_ID",
        "the UI": "make dev, then http://127.0.0.1:3000",
    }.items():
        console.print(f"  {what}: {where}", highlight=False, soft_wrap=True)
