"""How each block looks on disk, and which rules its planted broken rows break. The reader's side is
`config/sources.yml`.

Add an entry here with the block in `sources.yml`; a test holds the two together. No row is made here.
"""

from dataclasses import dataclass
from typing import Literal

FileType = Literal["csv", "tsv", "jsonl", "xlsx", "parquet"]


@dataclass(frozen=True)
class Break:
    """One planted fault. `rule` is the lander's word; `column` and `value` say what is written where (line faults:
    empty)."""

    rule: str
    column: str = ""
    value: str = ""


@dataclass(frozen=True)
class Layout:
    """One block's files.

    `period`: months a file spans (0: one file, at the start); `numbers`: columns unquoted in JSON; `breaks`: its
    planted faults; `repeats`: some rows come twice; `is_final`: a record has one version only.
    """

    type: FileType
    period: int = 3
    encoding: str = "utf-8"
    identifier: str = ""
    numbers: tuple[str, ...] = ()
    breaks: tuple[Break, ...] = ()
    repeats: bool = True
    is_final: bool = True

    @property
    def delimiter(self) -> str:
        return "\t" if self.type == "tsv" else ","

    @property
    def is_text(self) -> bool:
        return self.type in ("csv", "tsv", "jsonl")


WIDTH, HEADER, JSON, ENCODING = Break("width"), Break("repeated_header"), Break("json"), Break("encoding")
FRAMING = Break("framing")


def _no(column: str) -> Break:
    return Break("required", column, "")


def _time(column: str, value: str = "yesterday") -> Break:
    return Break("timestamp", column, value)


def _future(column: str, value: str) -> Break:
    return Break("date_range", column, value)


def _amount(column: str, value: str = "twelve") -> Break:
    return Break("number", column, value)


def _unknown(column: str, value: str = "???") -> Break:
    return Break("allowed", column, value)


LAYOUTS: dict[tuple[str, str], Layout] = {
    ("web", "events"): Layout(
        "jsonl", 1, "utf-8", "event_id", ("seconds",),
        (JSON, _no("event_id"), _time("time"), _future("time", "2099-01-01T00:00:00Z"), _unknown("type")),
    ),
    ("app", "users"): Layout("jsonl", 3, "utf-8", "uid", ("created_ms", "updated_ms"), (JSON, _no("uid"))),
    ("app", "events"): Layout(
        "jsonl", 1, "utf-8", "eid", ("ts", "seconds"),
        (JSON, _no("ts"), _future("ts", "4070908800000"), _unknown("action")),
    ),
    ("webshop", "accounts"): Layout("csv", 3, "utf-8", "account_id", (),
        (WIDTH, FRAMING, _no("account_id"), _time("changed", "31/02/2026 25:61:00"))),
    ("webshop", "orders"): Layout(
        "csv", 1, "utf-8", "order_no", (),
        (WIDTH, _no("order_no"), _time("ordered", "2026.5"), _future("ordered", "01/01/2099 10:00:00"),
        _amount("total"), _unknown("status"), HEADER), is_final=False,
    ),
    ("webshop", "order_lines"): Layout("csv", 1, "utf-8", "order_no", (),
        (WIDTH, _no("order_no"), _amount("qty", "two"), _amount("price", "n/a"))),
    ("webshop", "refunds"): Layout("csv", 3, "utf-8", "refund_no", (),
        (_no("amount"), _no("order_no"), _amount("amount", "all"))),
    ("webshop", "products"): Layout("csv", 0, "utf-8", "sku", repeats=False),
    ("webshop", "consents"): Layout("csv", 3, "utf-8", "", (), (_unknown("state", "maybe"), _no("purpose"))),
    ("marketplace", "buyers"): Layout("tsv", 3, "utf-8", "buyer_id", (),
        (WIDTH, _no("buyer_id"), Break("nul", "display_name", "A\0B"))),
    ("marketplace", "orders"): Layout(
        "tsv", 1, "utf-8", "order_id", (),
        (WIDTH, _time("order_time"), _future("order_time", "01.01.2099 10:00:00"), _amount("paid", "12,x"),
        _unknown("state")),
    ),
    ("marketplace", "order_lines"): Layout("tsv", 1, "utf-8", "order_id", (),
        (WIDTH, _amount("item_price", "--"), _no("order_id"))),
    ("loyalty", "members"): Layout("csv", 3, "gb18030", "会员卡号", (), (WIDTH, _no("会员卡号"), ENCODING)),
    ("stores", "sales"): Layout(
        "csv", 1, "gb18030", "小票号", (),
        (WIDTH, _no("小票号"), _time("时间", "昨天"), _future("时间", "2099/01/01 10:00"), _amount("数量", "两件"),
        ENCODING, HEADER),
    ),
    ("stores", "stores"): Layout("csv", 0, "gb18030", "门店编号", repeats=False),
    ("outlets", "sales"): Layout("csv", 1, "gb18030", "单号", (),
        (WIDTH, _no("单号"), _amount("金额", "壹佰"), _time("销售时间", "?"))),
    ("salesforce", "contacts"): Layout("csv", 3, "utf-8", "Id", (),
        (WIDTH, _no("Id"), _time("LastModifiedDate", "n/a"))),
    ("salesforce", "accounts"): Layout("csv", 3, "utf-8", "Id", (), (_no("Id"),)),
    ("salesforce", "memberships"): Layout("csv", 3, "utf-8", "", (), (_no("AccountId"),)),
    ("salesforce", "opportunities"): Layout(
        "csv", 3, "utf-8", "Id", (),
        (_amount("Amount", "N/A?"), _no("CreatedDate"), _future("CloseDate", "2099-01-01")),
    ),
    ("salesforce", "tasks"): Layout("csv", 3, "utf-8", "Id", (),
        (WIDTH, _unknown("Type", "Fax"), _time("ActivityDate", "soon"))),
    ("hubspot", "contacts"): Layout("jsonl", 3, "utf-8", "id", (), (JSON, _no("id"))),
    ("hubspot", "companies"): Layout("jsonl", 3, "utf-8", "id", ("numberofemployees",), (_no("id"),)),
    ("hubspot", "memberships"): Layout("jsonl", 3, "utf-8", "", (), (_no("contact_id"),)),
    ("hubspot", "deals"): Layout("jsonl", 3, "utf-8", "id", ("amount",),
        (_no("createdate"), _amount("amount", "a lot"))),
    ("hubspot", "engagements"): Layout("jsonl", 3, "utf-8", "id", (),
        (JSON, _unknown("type", "PIGEON"), _no("timestamp"))),
    ("fxiaoke", "contacts"): Layout("xlsx", 6, "", "编号", (), (_no("编号"), _time("最后修改时间", "上周"))),
    ("fxiaoke", "accounts"): Layout("xlsx", 6, "", "编号", ("员工数",), (_no("编号"),)),
    ("fxiaoke", "memberships"): Layout("xlsx", 6, "", "", (), (_no("客户编号"),)),
    ("fxiaoke", "opportunities"): Layout("xlsx", 6, "", "编号", ("金额",), (_amount("金额", "面议"), _no("创建时间"))),
    ("fxiaoke", "activities"): Layout("parquet", 3, "", "id", (),
        (_unknown("scene", "unknown"), _time("create_time", "n/a"))),
    ("support", "tickets"): Layout("jsonl", 3, "utf-8", "ticket_id", (),
        (JSON, _unknown("topic", "misc"), _no("opened_at"))),
    ("support", "calls"): Layout("csv", 3, "utf-8", "call_id", (),
        (WIDTH, _future("called_at", "2099-01-01 09:00:00"), _no("kind"))),
    ("support", "csat"): Layout("jsonl", 3, "utf-8", "id", ("score",), (_amount("score", "great"), _no("id"))),
    ("survey", "answers"): Layout("csv", 3, "utf-8-sig", "answer_id", (),
        (WIDTH, _amount("score", "ten"), _time("submitted", "today"))),
    ("survey", "traits"): Layout("csv", 3, "utf-8-sig", "", (), (WIDTH, _no("trait"))),
    ("social", "interactions"): Layout("jsonl", 3, "utf-8", "id", ("at", "length"),
        (JSON, _no("at"), _future("at", "4070908800"))),
    ("fair", "leads"): Layout("xlsx", 6, "", "Lead no", (), (_no("Lead no"), _time("Captured", "afternoon"))),
    ("enrichment", "persons"): Layout("parquet", 6, "", "provider_id", (), (_no("provider_id"),)),
    ("marketing", "spend"): Layout("csv", 1, "utf-8", "", (),
        (_amount("cost", "free"), _no("campaign"), Break("date_range", "day", "2099-01-01")), False),
    ("marketing", "consents"): Layout("csv", 3, "utf-8", "", (), (_unknown("state", "unsure"), _no("email"))),
    ("finance", "exchange_rates"): Layout("csv", 3, "utf-8", "", (), (_amount("rate", "-.-"),), False),
    ("calendar", "holidays"): Layout("csv", 0, "utf-8", "", repeats=False),
}  # fmt: skip
