"""The workbook of effects: the published metrics, interventions, migration, allocation, funnel and forecast of the day.

Sums of classes alone, in the words of the configuration; no customer is in it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from orchestration.logic.segmentation.store import literal, values
from orchestration.reports.effect_names import (
    FUNNELS,
    KINDS,
    MEASURES,
    METHODS,
    METRIC,
    both,
    class_names,
    scheme_names,
)  # fmt: skip
from orchestration.reports.fields import Field, Labels
from orchestration.reports.reading import published_fields, rows_of
from orchestration.reports.workbook import Sheet, write_workbook
from orchestration.serving import Published
from orchestration.settings.criteria.effects import OWNER
from orchestration.settings.insights import InsightSettings

FILE = "effects.xlsx"


@dataclass(frozen=True)
class EffectTable:
    """One sheet. `classes`: its columns that hold a class (of the row's scheme, if it has one); `kept`: columns that stay
    in sight."""

    table: str
    title: str
    order_by: str
    classes: tuple[str, ...] = ()
    kept: int = 1


TABLES = (
    EffectTable("effect_evaluation", "效果评估 Effects", "kind, period, scheme_id, class, metric", ("class",), 7),
    EffectTable("criteria_changes", "标准变更 Criteria changes", "change_number, metric", (), 4),
    EffectTable("effect_cube", "效果立方 Cube", "period, tier, owner, channel", ("tier", "owner"), 6),
    EffectTable(
        "tier_migration", "层级迁移 Migration", "scheme_id, period, from_tier, to_tier", ("from_tier", "to_tier"), 6
    ),
    EffectTable("tier_allocation", "资源配置 Allocation", "scheme_id, tier_rank", ("tier",), 2),
    EffectTable("funnel", "销售漏斗 Funnel", "funnel, stage_order, stage", (), 3),
    EffectTable("class_forecast", "销售预测 Forecast", "scheme_id, class, measure, month", ("class",), 4),
)
HIDDEN = ("as_of", "criteria_version")  # the sheet on the publication tells them


def write_effects(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    settings: InsightSettings,
    told: Published,
    explained: Callable[[], Iterator[Sheet]],
) -> None:
    """`effects.xlsx`."""
    sheets = [_sheet(con, table, settings, told) for table in TABLES]
    write_workbook(folder / FILE, [*sheets, *explained()], told.as_of)


def _sheet(con: duckdb.DuckDBPyConnection, table: EffectTable, settings: InsightSettings, told: Published) -> Sheet:
    names = [(scheme, code, both(pair)) for (scheme, code), pair in class_names(settings).items()]
    # A table of the main scheme and its owners alone has no scheme in its rows.
    ways = {"tier": literal(settings.criteria.main_scheme), "owner": literal(OWNER)} if "owner" in table.classes else {}
    joins = "".join(
        f" left join {values(f'n_{column}(named_scheme, named_class, class_name)', names)}"
        f' on n_{column}.named_scheme = {ways.get(column, "t.scheme_id")} and n_{column}.named_class = t."{column}"'
        for column in table.classes
    )
    fields = [
        _named(field) if field.name in table.classes else field
        for field in published_fields(con, table.table, _labels(settings), alias="t")
        if field.name not in HIDDEN
    ]
    relation = f"serving.{table.table} as t{joins} where t.as_of = {literal(told.as_of)}"
    order_by = ", ".join(f't."{column}"' for column in table.order_by.split(", "))
    return Sheet(table.title, fields, rows_of(con, fields, relation, order_by), kept=table.kept)


def _named(field: Field) -> Field:
    """A class by its name in its scheme; one that has none by its code."""
    return replace(field, kind="text", sql=f"coalesce(n_{field.name}.class_name, {field.sql})")


def _labels(settings: InsightSettings) -> Labels:
    pairs = {
        "scheme_id": scheme_names(settings),
        "metric": {code: (metric.zh, metric.en) for code, metric in METRIC.items()},
        "kind": KINDS, "measure": MEASURES, "funnel": FUNNELS, "method": METHODS,
        "period": {item.code: (item.label.zh, item.label.en) for item in settings.criteria.effects.interventions},
    }  # fmt: skip
    return {column: {code: both(pair) for code, pair in named.items()} for column, named in pairs.items()}
