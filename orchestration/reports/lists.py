"""The lists of customers: the tier table in both variants, the lists of each owner, the audiences.

What stands in a list, in which order. Only the masked tier table holds no personal data.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import duckdb

from orchestration.logic.segmentation.store import literal
from orchestration.reports.csv_files import write_csv
from orchestration.reports.fields import Field, Labels
from orchestration.reports.reading import published_fields, rows_of
from orchestration.reports.workbook import ROWS_A_SHEET, Sheet, write_workbook
from orchestration.serving import Published
from orchestration.settings.audiences import Audience
from orchestration.settings.reports import ReportsFile

TIER_TABLE, WARNINGS, PROFILES = "customer_tier_table", "churn_warnings", "customers"
FEATURES = "customer_features"
# What an owner sees of a customer, and what a campaign gets of a member.
WHO = ("priority_rank", "customer_id", "display_name", "tier")
WHAT_TO_DO = ("strategy", "size_strategy", "contact_mode", "next_contact_due")
OF_OWNER = (
    *WHAT_TO_DO, "net_amount", "orders_in_window", "top3_categories", "lifecycle", "churn_band", "value_at_risk",
    "up_potential", "loyalty_risk",
)  # fmt: skip
OF_WARNING = (
    "warning_id", "expected_loss", "within_capacity", "may_contact", "churn_score", "band", "value_at_risk", "state",
    "first_warned_on", "contacted_on",
)  # fmt: skip
REASONS = (
    "array_to_string(json_extract_string(w.reasons, '$[*].zh'), ';') || ' / '"
    " || array_to_string(json_extract_string(w.reasons, '$[*].en'), '; ')"
)
OF_MEMBER = (
    "tier", "lifecycle", "rfm_segment", "churn_band", "top3_categories", "owner", "strategy",
)  # fmt: skip


@dataclass(frozen=True)
class Listing:
    """One list: its file name and sheet title, columns, what stands after FROM, and the order."""

    name: str
    title: str
    fields: Sequence[Field]
    relation: str
    order_by: str

    def sheet(self, con: duckdb.DuckDBPyConnection) -> Sheet:
        """Who the customer is stays in sight."""
        names = [field.name for field in self.fields]
        kept = names.index("display_name") + 1 if "display_name" in names else 0
        return Sheet(self.title, self.fields, rows_of(con, self.fields, self.relation, self.order_by), kept=kept)


Explained = Callable[[], Iterator[Sheet]]
"""The sheets that explain a workbook: criteria and glossary, and the publication."""


def tier_table(con: duckdb.DuckDBPyConnection, labels: Labels) -> Listing:
    """The whole tier table of the connection's variant, first served first."""
    fields = published_fields(con, TIER_TABLE, labels)
    return Listing(
        "tier_table", "客户分层管理表 Tier table", fields, f"serving.{TIER_TABLE}", "priority_rank, customer_id"
    )


def write_tier_table(
    con: duckdb.DuckDBPyConnection, folder: Path, name: str, labels: Labels, told: Published, explained: Explained
) -> None:
    """`<name>.csv` and `<name>.xlsx`."""
    listing = tier_table(con, labels)
    write_csv(con, folder / f"{name}.csv", listing.fields, listing.relation, listing.order_by)
    write_workbook(folder / f"{name}.xlsx", [listing.sheet(con), *explained()], told.as_of, ROWS_A_SHEET)


def write_owners(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    labels: Labels,
    told: Published,
    settings: ReportsFile,
    explained: Explained,
) -> None:
    """`<owner>.xlsx` with a sheet a list, and `<owner>/<list>.csv`: only the customers of that owner."""
    owners = con.execute(
        f"select distinct owner from serving.{TIER_TABLE} where owner is not null order by 1"
    ).fetchall()
    for (owner,) in owners:
        listings = owner_lists(con, owner, labels, told, settings)
        (folder / owner).mkdir(parents=True)
        for listing in listings:
            write_csv(con, folder / owner / f"{listing.name}.csv", listing.fields, listing.relation, listing.order_by)
        sheets = [listing.sheet(con) for listing in listings]
        write_workbook(folder / f"{owner}.xlsx", [*sheets, *explained()], told.as_of)


def owner_lists(
    con: duckdb.DuckDBPyConnection, owner: str, labels: Labels, told: Published, settings: ReportsFile
) -> list[Listing]:
    """Customers, due contacts, call-backs (due, of the tiers named in reports.yml, with a telephone), warnings."""
    contact = published_fields(con, PROFILES, {}, ("email", "phone"), "c")
    who = published_fields(con, TIER_TABLE, labels, WHO, "t")
    fields = [
        *who, *contact,
        *published_fields(con, TIER_TABLE, labels, OF_OWNER, "t"),
        *published_fields(con, FEATURES, labels, ("marketing_consent",), "f"),
        *published_fields(con, TIER_TABLE, labels, ("tier_reason",), "t"),  # last: a long text has room there
    ]  # fmt: skip
    warned = [
        *who, *contact,
        *published_fields(con, WARNINGS, labels, OF_WARNING, "w"),
        Field("reasons", "原因 / Reasons", "text", REASONS),
        *published_fields(con, TIER_TABLE, labels, WHAT_TO_DO, "t"),
    ]  # fmt: skip
    last = told.as_of + timedelta(days=settings.due_within_days)
    base = (
        f"serving.{TIER_TABLE} as t left join serving.{PROFILES} as c using (customer_id)"
        f" left join serving.{FEATURES} as f on f.customer_id = t.customer_id and f.as_of = t.as_of"
    )
    mine = f"t.owner = {literal(owner)}"
    due = f"{mine} and t.next_contact_due <= {literal(last)}"
    called = ", ".join(map(literal, settings.callback_tiers)) or "null"
    warnings = f"{base} inner join serving.{WARNINGS} as w on w.customer_id = t.customer_id and w.as_of = t.as_of"
    by_rank, by_day = "t.priority_rank, t.customer_id", "t.next_contact_due, t.priority_rank, t.customer_id"
    return [
        Listing("customers", "客户 Customers", fields, f"{base} where {mine}", by_rank),
        Listing("due", "待联系 Due contacts", fields, f"{base} where {due}", by_rank),
        Listing("callbacks", "回访 Call-backs", fields,
                f"{base} where {due} and t.tier in ({called}) and c.phone is not null", by_day),
        Listing("warnings", "流失预警 Warnings", warned,
                f"{warnings} where {mine} and w.closed_on is null",
                "w.priority_rank nulls last, t.priority_rank, t.customer_id"),
    ]  # fmt: skip


def write_audiences(
    con: duckdb.DuckDBPyConnection, folder: Path, labels: Labels, told: Published, audiences: dict[str, Audience]
) -> None:
    """`<audience>.csv` with its members and the ways of contact it uses, and `counts.csv` without personal data."""
    folder.mkdir()
    day = f"serving.audience_counts where as_of = {literal(told.as_of)}"
    write_csv(con, folder / "counts.csv", published_fields(con, "audience_counts", {}), day, "audience")
    for (code,) in con.execute(f"select audience from {day} order by 1").fetchall():
        channels = audiences[code].channels if code in audiences else ["email", "phone"]
        fields = [
            *published_fields(con, TIER_TABLE, labels, ("customer_id", "display_name"), "t"),
            *published_fields(con, PROFILES, {}, channels, "c"),
            *published_fields(con, TIER_TABLE, labels, OF_MEMBER, "t"),
        ]
        relation = (
            f"serving.audience_members as m inner join serving.{TIER_TABLE} as t using (customer_id)"
            f" inner join serving.{PROFILES} as c using (customer_id)"
            f" where m.audience = {literal(code)} and m.outcome = 'member'"
        )
        write_csv(con, folder / f"{code}.csv", fields, relation, "t.customer_id")
