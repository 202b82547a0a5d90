"""The criteria in plain words, in Chinese and English: what a colleague of any department needs to know of them.

A section of criteria.yml that has no words of its own here is told key by key, so that nothing is silently left out.
The words of schemes are in scheme_words.py, of the other files in people_words.py.
"""

from collections.abc import Callable, Iterator
from typing import Any

from orchestration.reports.people_words import people_sections
from orchestration.reports.scheme_words import scheme_sections
from orchestration.reports.told import Line, Section, generic, number, percent
from orchestration.settings.criteria import CriteriaFile, Rfm
from orchestration.settings.insights import InsightSettings

Words = tuple[str, str, Callable[[CriteriaFile], Iterator[Line]]]


def sections(settings: InsightSettings) -> list[Section]:
    """Everything that decides classes, warnings, owners, strategies and audiences, in reading order."""
    criteria = settings.criteria
    given = criteria.model_dump(mode="json", exclude_none=True)
    told = [
        Section(f"criteria.yml: {key}", zh, en, [*write(criteria), *_unsaid(given[key], SAID[key])])
        for key, (zh, en, write) in WORDS.items()
        if key in given
    ]
    others = [
        Section(f"criteria.yml: {key}", *_title(key), list(generic(value)))
        for key, value in given.items()
        if key not in (*WORDS, "schemes", "segment_map")
    ]
    return [*scheme_sections(criteria), *told, *others, *people_sections(settings)]


def _title(key: str) -> tuple[str, str]:
    return key, key.replace("_", " ").capitalize()


def _unsaid(given: Any, said: set[str]) -> Iterator[Line]:
    """The keys of a section that its words do not speak of."""
    if isinstance(given, dict):
        yield from generic({key: value for key, value in given.items() if key not in said})


def _window(criteria: CriteriaFile) -> Iterator[Line]:
    days = criteria.window_days
    yield Line(f"“一定时间内”指统计日之前的 {days} 天。", f"The window is the {days} days before the as-of day.")


def _history(criteria: CriteriaFile) -> Iterator[Line]:
    months = criteria.history.months
    yield Line(
        f"层级自何时起、此前是何层级,按统计日之前 {months} 个月的每月一日推算。",
        f"Since when a tier holds, and which one was before, is told from the first days of the {months} months before.",
    )


def _holidays(criteria: CriteriaFile) -> Iterator[Line]:
    country = criteria.holiday_country
    yield Line(f"节假日按 {country} 的日历。", f"Days off follow the calendar of {country}.")


def _main_scheme(criteria: CriteriaFile) -> Iterator[Line]:
    label = criteria.main.label
    yield Line(f"客户分层管理表采用方案“{label.zh}”。", f"The tier table shows the scheme '{label.en}'.")


def _rfm(criteria: CriteriaFile) -> Iterator[Line]:
    rfm = criteria.rfm
    yield Line(
        f"最近一次购买(R)、购买次数(F)、购买金额(M)各评 1 至 {rfm.bands} 分,{rfm.bands} 分最好。",
        f"Recency (R), frequency (F) and money (M) each get 1 to {rfm.bands} points, {rfm.bands} is the best.",
    )
    if rfm.method == "quantile":
        yield Line(
            "按分位数分档,数值相同者同一档。", "Bands hold equal shares of the customers; equal values share a band."
        )
    else:
        yield from _thresholds(rfm)
    for segment in criteria.segments:
        spans = [(name, span) for name, span in (("R", segment.r), ("F", segment.f), ("M", segment.m)) if span]
        told = ", ".join(f"{name} {low}" if low == high else f"{name} {low}–{high}" for name, (low, high) in spans)
        yield Line(f"{segment.label.zh}:{told or '任意分数'}", f"{segment.label.en}: {told or 'any score'}", 1)


def _thresholds(rfm: Rfm) -> Iterator[Line]:
    if rfm.thresholds is None:
        return
    for zh, en, values in (
        ("R 各档上限(天)", "R, upper ends in days", rfm.thresholds.recency_days),
        ("F 各档下限(次)", "F, lower ends in orders", rfm.thresholds.frequency),
        ("M 各档下限(金额)", "M, lower ends in money", rfm.thresholds.monetary),
    ):
        told = [number(value) for value in values]
        yield Line(f"{zh},最好一档在前:{'、'.join(told)}", f"{en}, best band first: {'; '.join(told)}", 1)


def _abc(criteria: CriteriaFile) -> Iterator[Line]:
    a, b = percent(criteria.abc.a_share), percent(criteria.abc.b_share)
    yield Line(
        f"按净销售额从大到小累计:累计占比至 {a} 为 A 类,至 {b} 为 B 类,其余为 C 类;跨线的客户归较好一类。",
        f"By net amount, largest first: A up to {a} of the total, B up to {b}, C the rest;"
        " the customer that crosses a bound belongs to the better class.",
    )


def _lifecycle(criteria: CriteriaFile) -> Iterator[Line]:
    rules = criteria.lifecycle
    active, lapsing, dormant = rules.active_days, rules.lapsing_days, rules.dormant_days
    yield Line("潜客:从未购买", "Prospect: never bought")
    yield Line(f"新客:首次下单在 {rules.new_days} 天以内", f"New: first order at most {rules.new_days} days ago")
    yield Line(f"活跃:距上次下单不超过 {active} 天", f"Active: last order at most {active} days ago")
    yield Line(f"潜在:{active + 1} 至 {lapsing} 天未下单", f"Lapsing: no order for {active + 1} to {lapsing} days")
    yield Line(f"沉睡:{lapsing + 1} 至 {dormant} 天未下单", f"Dormant: no order for {lapsing + 1} to {dormant} days")
    yield Line(f"流失:超过 {dormant} 天未下单", f"Lost: no order for more than {dormant} days")
    yield Line(
        f"回流:间隔超过 {dormant} 天后再次下单,且不超过 {rules.regained_days} 天",
        f"Regained: back after a gap of more than {dormant} days, at most {rules.regained_days} days ago",
    )
    if rules.own_cycle:
        multiples = number(rules.own_cycle.active), number(rules.own_cycle.lapsing)
        yield Line(
            f"自身购买周期较长者放宽:活跃至 {multiples[0]} 个周期,潜在至 {multiples[1]} 个周期。",
            f"A longer cycle of one's own gives more time: active up to {multiples[0]} cycles,"
            f" lapsing up to {multiples[1]}.",
        )


# Top-level keys of criteria.yml with words of their own, and the keys below them that the words speak of.
WORDS: dict[str, Words] = {
    "main_scheme": ("主方案", "Main scheme", _main_scheme),
    "window_days": ("统计窗口", "Window", _window),
    "history": ("层级历史", "History of tiers", _history),
    "rfm": ("RFM 分群", "RFM segments", _rfm),
    "abc": ("ABC 分类", "ABC classes", _abc),
    "lifecycle": ("生命周期", "Life cycle", _lifecycle),
    "holiday_country": ("节假日", "Days off", _holidays),
}
SAID: dict[str, set[str]] = {
    "main_scheme": set(),
    "window_days": set(),
    "history": {"months"},
    "rfm": {"method", "bands", "thresholds", "segments_from"},
    "abc": {"a_share", "b_share"},
    "lifecycle": {
        "new_days", "active_days", "lapsing_days", "dormant_days", "regained_days", "own_cycle",
    },
    "holiday_country": set(),
}  # fmt: skip
