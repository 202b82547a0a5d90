"""Staging: typed, normalised rows of what happened before the run's as-of date, one version of each record.

Checks that need a customer belong to marts.
"""

from collections.abc import Mapping

from quality.checks import Rule, Suite, Table, at_most, in_set, no_rows, not_null, unique
from quality.suites.raw import ENTITIES

EVENT_TIMES = {
    "orders": "ordered_at", "order_lines": "ordered_at", "refunds": "refunded_at", "interactions": "occurred_at",
    "opportunities": "created_at", "feedback": "given_at", "traits": "recorded_at", "consents": "given_at",
    "outcomes": "occurred_at",
}  # fmt: skip
MONEY_ENTITIES = ("orders", "order_lines", "refunds", "opportunities", "spend")
# Typed columns that the lander lets through uncast (it quarantines the others): here their loss is counted.
SOFT_COLUMNS = (
    ("persons", "birth_date"), ("companies", "employees"), ("companies", "annual_revenue"), ("products", "list_price"),
)  # fmt: skip
ORDER_STATUSES = ("pending", "paid", "shipped", "completed", "cancelled", "test", "returned")

CONSERVATION = Table("staging.stg_conservation")
TABLES = {entity: Table(f"staging.stg_{entity}", may_be_empty=True) for entity in ENTITIES}

UNKNOWN_CURRENCY_SHARE = """
select coalesce(avg(case
    when currency in (select base_currency from control.run) then 0.0
    when currency in (select currency from staging.stg_exchange_rates) then 0.0
    else 1.0 end), 0.0) as observed
from {table} where currency is not null
"""

UNCASTABLE_SHARE = """
select coalesce(avg(case when typed.{column} is null then 1.0 else 0.0 end), 0.0) as observed
from staging.stg_{entity} as typed
inner join raw.{entity} as received
    on typed._record_key = received._record_key and typed._loaded_at = received._loaded_at
where trim(received.{column}) <> ''
"""

INVALID_PHONE_SHARE = """
select coalesce(avg(case when phone_e164 is null then 1.0 else 0.0 end), 0.0) as observed
from staging.stg_persons where trim(phone) <> ''
"""

DIFFERING_CONSERVATION = """
select 1 from {batch}
where rows_raw is distinct from rows_excluded + rows_unknown_at + rows_after_as_of + rows_after_cut
or rows_after_cut is distinct from rows_superseded + rows_deleted + rows_out
"""


def suite(thresholds: Mapping[str, float]) -> Suite:
    rules: list[Rule] = []
    for entity, table in TABLES.items():
        rules += [not_null(table, "_record_key"), unique(table, "_record_key")]
        rules += [_before_as_of(table, EVENT_TIMES[entity])] if entity in EVENT_TIMES else []
        rules += (
            [_known_currency(table, thresholds["staging.unknown_currency_share"])] if entity in MONEY_ENTITIES else []
        )
    for entity, column in SOFT_COLUMNS:
        rules.append(_uncastable(TABLES[entity], entity, column, thresholds["staging.uncastable_share"]))
    rules += [*_person_rules(thresholds), *_order_rules(thresholds), _conservation()]
    return Suite("staging", (*TABLES.values(), CONSERVATION), rules)


def _before_as_of(table: Table, column: str) -> Rule:
    return no_rows(
        table, f"{column}_before_as_of",
        f"select 1 from {{batch}} where {column} >= (select as_of_at from control.run)",
        f"{column} lies before the as-of date: nothing of the future enters a run.",
        f"{column} 早于截止日,不含未来数据。",
    )  # fmt: skip


def _known_currency(table: Table, bound: float) -> Rule:
    return at_most(
        table, "currency_unknown_share", UNKNOWN_CURRENCY_SHARE.format(table=table.name), bound,
        "The share of rows whose currency is neither the base currency nor has an exchange rate stays within bounds.",
        "币种既非本位币又无汇率的行占比不超过上限。",
    )  # fmt: skip


def _uncastable(table: Table, entity: str, column: str, bound: float) -> Rule:
    return at_most(
        table, f"{column}_uncastable_share", UNCASTABLE_SHARE.format(entity=entity, column=column), bound,
        f"The share of received values of {column} that could not be cast stays within bounds.",
        f"{column} 无法转换类型的占比不超过上限。",
    )  # fmt: skip


def _person_rules(thresholds: Mapping[str, float]) -> list[Rule]:
    persons = TABLES["persons"]
    return [
        unique(persons, "record_id"),
        in_set(persons, "gender", ("male", "female")),
        no_rows(
            persons, "email_normalised",
            "select 1 from {batch}"
            " where not regexp_full_match(email, '[^@\\s]+@[^@\\s]+\\.[^@\\s]+') or email <> lower(email)",
            "Every e-mail is lower-case and shaped like one.", "邮箱均为小写且格式正确。",
        ),
        no_rows(
            persons, "phone_normalised",
            "select 1 from {batch} where not regexp_full_match(phone_e164, '\\+[1-9][0-9]{{6,14}}')",
            "Every normalised phone is in E.164.", "规范化电话均符合 E.164。",
        ),
        at_most(
            persons, "phone_invalid_share", INVALID_PHONE_SHARE, thresholds["staging.invalid_phone_share"],
            "The share of received phones that are no valid number stays within bounds.",
            "无效电话号码占比不超过上限。", "warning",
        ),
    ]  # fmt: skip


def _order_rules(thresholds: Mapping[str, float]) -> list[Rule]:
    orders, rates = TABLES["orders"], TABLES["exchange_rates"]
    oldest = int(thresholds["staging.order_time_margin_days"])
    return [
        in_set(orders, "status", ORDER_STATUSES),
        no_rows(
            orders, "ordered_at_plausible",
            f"select 1 from {{batch}} where ordered_at < (select as_of_at from control.run) - interval {oldest} day",
            "No order is older than the plausible limit.", "订单时间不早于合理下限。",
        ),
        no_rows(
            rates, "rate_positive", "select 1 from {batch} where rate_to_base is null or rate_to_base <= 0",
            "Every exchange rate is positive.", "汇率均为正数。",
        ),
    ]  # fmt: skip


def _conservation() -> Rule:
    return no_rows(
        CONSERVATION, "rows_add_up", DIFFERING_CONSERVATION,
        "Every raw row of a block has one fate: excluded, not yet known, after as-of, superseded, deleted or out.",
        "各数据块每条原始行去向唯一:排除、尚不可知、截止日之后、被替代、已删除或输出。",
    )  # fmt: skip
