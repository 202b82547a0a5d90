"""The canonical entities: what a source can bring, column by column.

Every source block maps its own columns onto one of these. Raw holds each as text as received; staging casts by `kind`.
Add a column here first; the lander, the validation and the raw tables follow. No rule that belongs to one source lives here.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "timestamp", "date", "number", "integer", "boolean"]


@dataclass(frozen=True)
class Column:
    """One canonical column.

    `required`: an empty value quarantines the row. `hard`: a value that does not cast (or, for times, lies before 1900 or
    after tomorrow) quarantines the row; otherwise it is a counted warning and staging holds null. `allowed`: the values
    known after the source's `values` map was applied; an unknown one quarantines the row. `identifier`: digits that must
    be whole, so a spreadsheet's short form (`8.61E+12`) is a counted warning and identifies nobody.
    """

    name: str
    kind: Kind = "text"
    required: bool = False
    hard: bool = False
    allowed: tuple[str, ...] = ()
    identifier: bool = False


@dataclass(frozen=True)
class Entity:
    """One canonical entity. `key`: the canonical columns that identify a record inside one source block."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


ORDER_STATUSES = ("pending", "paid", "shipped", "completed", "cancelled", "test", "returned")
INTERACTION_KINDS = (
    "view", "click", "search", "login", "call", "email", "meeting", "visit", "chat", "enquiry", "presale", "aftersale",
    "complaint", "callback", "social", "referral", "custom_request",
)  # fmt: skip
FEEDBACK_KINDS = ("csat", "nps", "answer", "review")
CONSENT_STATES = ("granted", "withdrawn")


IDENTIFIERS = ("phone", "national_id", "loyalty_id", "tax_id")


def _text(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, identifier=name in IDENTIFIERS) for name in names)


def _required(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, required=True) for name in names)


def _event_time(name: str) -> Column:
    return Column(name, "timestamp", required=True, hard=True)


_VERSION = (Column("updated_at", "timestamp", hard=True), Column("deleted_at", "timestamp"), Column("merged_into"))
_PLACE = _text("address", "street", "district", "city", "region", "postcode", "country")

ENTITIES: dict[str, Entity] = {
    entity.name: entity
    for entity in (
        Entity(
            "persons",
            (
                *_required("source_record_id"),
                *_text("full_name", "given_name", "family_name", "email", "phone"),
                Column("birth_date", "date"),
                *_text(
                    "gender",
                    "national_id",
                    "company_name",
                    "job_title",
                    "occupation",
                    "income",
                    "education",
                    "household",
                ),
                *_PLACE,
                *_text("wechat_id", "loyalty_id", "device_id", "lead_source", "lead_status", "owner"),
                Column("created_at", "timestamp", hard=True),
                *_VERSION,
            ),
            ("source_record_id",),
        ),
        Entity(
            "companies",
            (
                *_required("source_record_id"),
                *_text("name", "tax_id", "domain", "phone", "email"),
                *_PLACE,
                *_text("industry"),
                Column("employees", "integer"),
                Column("annual_revenue", "number"),
                *_text("parent_id"),
                Column("created_at", "timestamp", hard=True),
                *_VERSION,
            ),
            ("source_record_id",),
        ),
        Entity(
            "memberships",
            (*_required("person_ref", "company_ref"), *_text("role"), *_VERSION),
            ("person_ref", "company_ref"),
        ),
        Entity(
            "orders",
            (
                *_required("order_id"),
                *_text("person_ref", "company_ref"),
                _event_time("ordered_at"),
                Column("status", allowed=ORDER_STATUSES),
                *_text("currency"),
                *(
                    Column(name, "number", hard=True)
                    for name in ("gross_amount", "discount_amount", "shipping_amount", "tax_amount", "net_amount")
                ),
                *_text("store_id", "payment_method", "coupon"),
                Column("custom_request", "boolean"),
                Column("updated_at", "timestamp", hard=True),
            ),
            ("order_id",),
        ),
        Entity(
            "order_lines",
            (
                *_required("order_id"),
                *_text("line_number", "person_ref"),
                Column("ordered_at", "timestamp", hard=True),
                Column("status", allowed=ORDER_STATUSES),
                *_text("currency", "product_id", "product_name", "category", "brand"),
                *(
                    Column(name, "number", hard=True)
                    for name in ("quantity", "unit_price", "discount_amount", "line_amount")
                ),
                *_text("store_id", "payment_method", "coupon"),
                Column("updated_at", "timestamp", hard=True),
            ),
            ("order_id", "line_number"),
        ),
        Entity(
            "refunds",
            (
                *_required("refund_id", "order_id"),
                _event_time("refunded_at"),
                Column("amount", "number", required=True, hard=True),
                *_text("currency", "reason"),
            ),
            ("refund_id",),
        ),
        Entity(
            "interactions",
            (
                *_required("interaction_id"),
                *_text("person_ref"),
                Column("kind", required=True, allowed=INTERACTION_KINDS),
                _event_time("occurred_at"),
                *_text("page_type", "product_id", "category"),
                Column("dwell_seconds", "number"),
                *_text("campaign", "direction"),
            ),
            ("interaction_id",),
        ),
        Entity(
            "opportunities",
            (
                *_required("opportunity_id"),
                *_text("person_ref", "company_ref", "stage"),
                Column("amount", "number", hard=True),
                *_text("currency", "lead_source"),
                _event_time("created_at"),
                Column("closed_at", "timestamp", hard=True),
                Column("is_won", "boolean"),
                Column("updated_at", "timestamp", hard=True),
            ),
            ("opportunity_id",),
        ),
        Entity(
            "feedback",
            (
                *_required("feedback_id"),
                *_text("person_ref"),
                Column("kind", required=True, allowed=FEEDBACK_KINDS),
                *_text("question"),
                Column("score", "number", hard=True),
                *_text("text"),
                _event_time("given_at"),
            ),
            ("feedback_id",),
        ),
        Entity(
            "traits",
            (
                *_required("person_ref", "trait"),
                *_text("value", "stated_or_inferred"),
                Column("recorded_at", "timestamp", hard=True),
            ),
            ("person_ref", "trait"),
        ),
        Entity(
            "consents",
            (
                *_required("person_ref", "purpose"),
                Column("state", required=True, allowed=CONSENT_STATES),
                _event_time("given_at"),
            ),
            ("person_ref", "purpose", "given_at"),
        ),
        Entity(
            "outcomes",
            (
                *_required("person_ref"),
                Column("outcome", required=True, allowed=("churned", "retained")),
                _event_time("occurred_at"),
            ),
            ("person_ref", "occurred_at"),
        ),
        Entity(
            "products",
            (
                *_required("product_id"),
                *_text("product_name", "category", "brand", "tags"),
                Column("list_price", "number"),
            ),
            ("product_id",),
        ),
        Entity(
            "stores",
            (*_required("store_id"), *_text("store_name", "phone", "city", "region", "country")),
            ("store_id",),
        ),
        Entity(
            "spend",
            (
                Column("spend_date", "date", required=True, hard=True),
                *_required("campaign"),
                *_text("channel", "currency"),
                Column("amount", "number", required=True, hard=True),
            ),
            ("spend_date", "campaign", "channel"),
        ),
        Entity(
            "exchange_rates",
            (
                Column("rate_date", "date", required=True, hard=True),
                *_required("currency"),
                Column("rate_to_base", "number", required=True, hard=True),
            ),
            ("rate_date", "currency"),
        ),
        Entity(
            "holidays",
            (
                Column("holiday_date", "date", required=True, hard=True),
                *_text("holiday_name", "country"),
                Column("is_workday", "boolean"),
            ),
            ("holiday_date", "country"),
        ),
    )
}
