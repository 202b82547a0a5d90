"""What the checks of several insight tables share: the rows of the run's day, and rules that any such table may have."""

from quality.checks import Rule, Table, no_rows

WITHOUT_ROW = (
    "select 1 from marts.customers as customers anti join {batch} as told on customers.customer_id = told.customer_id"
)
WITHOUT_CUSTOMER = """
select 1 from {batch} as told anti join marts.customers as customers on told.customer_id = customers.customer_id
"""


def of_the_day(name: str, may_be_empty: bool = False) -> Table:
    """The insight table narrowed to the day of `control.run`."""
    rows = f"select * from insights.{name} where as_of = (select as_of from control.run)"
    return Table(f"insights.{name}", rows, may_be_empty)


def every_customer(table: Table) -> Rule:
    return no_rows(table, "every_customer", WITHOUT_ROW, "Every customer has a row.", "每个客户都有一行。")


def customer_exists(table: Table) -> Rule:
    return no_rows(table, "customer_exists", WITHOUT_CUSTOMER, "Every row belongs to a customer.", "每行都有对应客户。")


def one_version(table: Table) -> Rule:
    return no_rows(
        table, "one_criteria_version",
        "select 1 from {batch} having count(distinct criteria_version) > 1 or count(*) > count(criteria_version)",
        "All rows of the day were made by one version of the criteria.", "当日各行使用同一版准则。",
    )  # fmt: skip


def since_by_as_of(table: Table, column: str) -> Rule:
    return no_rows(
        table, f"{column}_by_as_of", f"select 1 from {{batch}} where cast({column} as date) > as_of",
        f"{column} is not after the as-of day.", f"{column} 不晚于截止日。",
    )  # fmt: skip
