"""The words a suite is written in: tables, rules, results, and one builder for each kind of rule.

A new kind of rule is one more builder here; a new check is one line in `suites/<layer>.py`. Builders describe and do
not run, and import no Great Expectations: a check names its expectation and the arguments of it.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["blocking", "warning"]


@dataclass(frozen=True)
class Table:
    """A table under check. `rows`: a query that narrows it (to the run's day); `may_be_empty`: no rows is no fault."""

    name: str
    rows: str | None = None
    may_be_empty: bool = False

    @property
    def short(self) -> str:
        """The name without its schema: `stg_orders`."""
        return self.name.rpartition(".")[2]


@dataclass(frozen=True)
class Rule:
    """One named check, `<table>__<rule>`.

    `query`: when set, the expectation runs on this one-row, one-column (`observed`) query in place of the table.
    """

    on: Table
    rule: str
    expectation: str
    arguments: dict[str, Any]
    bound: str
    description_en: str
    description_zh: str
    severity: Severity = "blocking"
    query: str | None = None

    @property
    def name(self) -> str:
        return f"{self.on.short}__{self.rule}"

    @property
    def schema(self) -> str:
        return self.on.name.partition(".")[0]

    @property
    def table(self) -> str:
        """The table's name without its schema."""
        return self.on.short

    @property
    def description(self) -> str:
        return f"{self.description_en} {self.description_zh}"


@dataclass(frozen=True)
class CheckResult:
    """What one check found. It never holds a value of a row: `observed` is a count, a share or a measure of the whole
    table.

    `error` tells a check that could not be evaluated (a missing column, a broken query) from one that failed.
    """

    name: str
    table: str
    rule: str
    success: bool
    error: str | None
    observed: float | str | None
    bound: str
    severity: Severity
    rows_checked: int | None
    description_en: str
    description_zh: str

    @property
    def status(self) -> Literal["passed", "failed", "error"]:
        if self.error is not None:
            return "error"
        return "passed" if self.success else "failed"

    @property
    def blocks(self) -> bool:
        """Whether what lies downstream must stop: a failed blocking check, or any that could not be evaluated."""
        return self.error is not None or (not self.success and self.severity == "blocking")

    @property
    def message(self) -> str:
        """One line for people: table, rule, observed value and bound."""
        told = f"error: {self.error}" if self.error else f"observed {self.observed}, bound {self.bound}"
        return f"{self.table} {self.rule}: {self.status}; {told}"


@dataclass(frozen=True)
class Suite:
    """The tables and rules of one layer; a table that may not be empty gets its rule of that here."""

    layer: str
    tables: tuple[Table, ...]
    rules: list[Rule] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rules[:0] = [not_empty(table) for table in self.tables if not table.may_be_empty]


def not_empty(table: Table) -> Rule:
    return Rule(
        table, "not_empty", "ExpectTableRowCountToBeBetween", {"min_value": 1}, "at least 1 row",
        "The table holds rows.", "表中有数据。",
    )  # fmt: skip


def not_null(table: Table, column: str) -> Rule:
    return Rule(
        table, f"{column}_not_null", "ExpectColumnValuesToNotBeNull", {"column": column}, "0 rows",
        f"{column} is never empty.", f"{column} 不得为空。",
    )  # fmt: skip


def unique(table: Table, *columns: str) -> Rule:
    """No two rows are equal in `columns`; rows with an empty one among several columns count as well."""
    names = ", ".join(columns)
    if len(columns) == 1:
        expectation, arguments = "ExpectColumnValuesToBeUnique", {"column": columns[0]}
    else:
        query = f"select 1 from {{batch}} group by {names} having count(*) > 1"
        expectation, arguments = "UnexpectedRowsExpectation", {"unexpected_rows_query": query}
    return Rule(
        table, f"{'_'.join(columns)}_unique", expectation, arguments, "0 rows",
        f"No two rows share {names}.", f"{names} 唯一。",
    )  # fmt: skip


def in_set(table: Table, column: str, values: tuple[str, ...]) -> Rule:
    """Filled values of `column` are among `values`."""
    return Rule(
        table, f"{column}_known", "ExpectColumnValuesToBeInSet",
        {"column": column, "value_set": list(values)}, "0 rows",
        f"{column} is one of {', '.join(values)}.", f"{column} 只取 {'、'.join(values)}。",
    )  # fmt: skip


def between(table: Table, column: str, low: float | None, high: float | None) -> Rule:
    """Filled values of `column` lie in [low, high]."""
    english = f"at least {low}" if high is None else f"at most {high}" if low is None else f"{low} to {high}"
    chinese = f"不小于 {low}" if high is None else f"不大于 {high}" if low is None else f"在 {low} 至 {high} 之间"
    arguments = {"column": column, "min_value": low, "max_value": high}
    return Rule(
        table, f"{column}_in_range", "ExpectColumnValuesToBeBetween", arguments, "0 rows",
        f"{column} is {english}.", f"{column} {chinese}。",
    )  # fmt: skip


def no_rows(table: Table, rule: str, query: str, english: str, chinese: str, severity: Severity = "blocking") -> Rule:
    """`query` finds no row. It must select a constant (`select 1 from {batch} where …`): values stay inside."""
    return Rule(
        table, rule, "UnexpectedRowsExpectation", {"unexpected_rows_query": query}, "0 rows", english, chinese, severity
    )


def at_most(
    table: Table, rule: str, query: str, bound: float, english: str, chinese: str, severity: Severity = "blocking"
) -> Rule:
    """The number that `query` gives as `observed` is not above `bound`."""
    arguments = {"column": "observed", "max_value": bound}
    return Rule(
        table, rule, "ExpectColumnMaxToBeBetween", arguments, f"at most {bound}", english, chinese, severity, query
    )


def at_least(
    table: Table, rule: str, query: str, bound: float, english: str, chinese: str, severity: Severity = "blocking"
) -> Rule:
    """The number that `query` gives as `observed` is not below `bound`."""
    arguments = {"column": "observed", "min_value": bound}
    return Rule(
        table, rule, "ExpectColumnMinToBeBetween", arguments, f"at least {bound}", english, chinese, severity, query
    )
