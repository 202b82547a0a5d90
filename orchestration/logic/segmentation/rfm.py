"""RFM: recency, frequency and monetary scores, and the named segment.

Recency looks at all orders, frequency and monetary at the window. By quantiles a score is ceil(bands * cume_dist) on
values (equal values share it; never ntile), among buyers for recency and among buyers with a positive value for the
other two; a buyer with nothing in the window scores 1. Never-buyers have no scores and are segment 'prospect'.
"""

from datetime import date
from decimal import Decimal

import duckdb

from orchestration.logic.segmentation.ranks import share_better
from orchestration.logic.segmentation.store import case_by, literal, replace_day
from orchestration.settings.criteria import Rfm, Segment
from orchestration.settings.insights import InsightSettings

PROSPECT = ("prospect", "潜客(从未购买)", "Prospect (never bought)")


def rfm_scores(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> int:
    """Writes insights.rfm_scores of `as_of` from insights.customer_features. Returns the rows."""
    rfm, segments = settings.criteria.rfm, settings.criteria.segments
    zh = {PROSPECT[0]: PROSPECT[1], **{segment.code: segment.label.zh for segment in segments}}
    en = {PROSPECT[0]: PROSPECT[2], **{segment.code: segment.label.en for segment in segments}}
    query = f"""
        with base as (
            select
                customer_id, recency_days, count_orders_window as frequency, net_amount_window as monetary,
                recency_days is not null as is_buyer
            from insights.customer_features where as_of = {literal(as_of)}
        ),
        scored as (
            select
                base.*,
                case when is_buyer then {_score(rfm, "recency_days", "is_buyer")} end as r_score,
                case when is_buyer then {_score(rfm, "frequency", "is_buyer and frequency > 0")} end as f_score,
                case when is_buyer then {_score(rfm, "monetary", "is_buyer and monetary > 0")} end as m_score
            from base
        ),
        named as (
            select scored.* exclude (is_buyer), {_segment(segments)} as rfm_segment from scored
        )
        select
            named.*,
            {case_by("rfm_segment", dict(zh))} as rfm_segment_zh,
            {case_by("rfm_segment", dict(en))} as rfm_segment_en
        from named
    """
    return replace_day(con, "rfm_scores", as_of, query, settings.criteria_version)


def _score(rfm: Rfm, column: str, usable: str) -> str:
    if rfm.method == "threshold" and rfm.thresholds is not None:
        return _threshold_score(column, getattr(rfm.thresholds, column), rfm.bands)
    better, compared = share_better(column, usable, "is_buyer", higher_is_better=column != "recency_days")
    return f"case when {usable} then {rfm.bands} - ({rfm.bands} * {better}) // {compared} else 1 end"


def _threshold_score(column: str, ends: list[Decimal], bands: int) -> str:
    sign = "<=" if column == "recency_days" else ">="
    branches = " ".join(f"when {column} {sign} {end} then {bands - place}" for place, end in enumerate(ends))
    return f"case {branches} else 1 end"


def _segment(segments: list[Segment]) -> str:
    branches = [f"when {_condition(segment)} then {literal(segment.code)}" for segment in segments]
    return f"case when not is_buyer then '{PROSPECT[0]}' {' '.join(branches)} end"


def _condition(segment: Segment) -> str:
    spans = {"r_score": segment.r, "f_score": segment.f, "m_score": segment.m}
    return " and ".join(f"{column} between {span[0]} and {span[1]}" for column, span in spans.items() if span) or "true"
