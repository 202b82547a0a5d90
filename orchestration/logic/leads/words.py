"""The reasons of a lead score in both languages, as a SQL expression over the parts of scores.py. No points here."""

from orchestration.logic.segmentation.engagement import intent_label
from orchestration.logic.segmentation.store import case_by, literal
from orchestration.settings.criteria import LeadScore, Text


def reasons(rules: LeadScore) -> str:
    """SQL: JSON list of {code, zh, en, points} of the parts with points, the largest amount first, then in this order."""
    parts = [
        ("source", *_labelled("来源:", "source: ", "source_group", {g.code: g.label for g in rules.sources})),
        ("status", *_labelled("线索状态:", "lead status: ", "status", {s.code: s.label for s in rules.statuses})),
        ("engagement", *_engagement(rules.window_days)),
        ("intent", *_intent(rules)),
        ("opportunity", literal(rules.open_opportunity.label.zh), literal(rules.open_opportunity.label.en)),
        ("size", *_labelled("", "", "size_band", {code: size.label for code, size in rules.company_size.items()})),
        ("consent", *_labelled("", "", "consent", {state: given.label for state, given in rules.consent.items()})),
    ]
    items = [
        f"{{'size': abs({code}_points), 'place': {len(parts) - place}, 'reason': "
        f"{{'code': {literal(code)}, 'zh': {zh}, 'en': {en}, 'points': {code}_points}}}}"
        for place, (code, zh, en) in enumerate(parts)
    ]
    ranked = f"list_reverse_sort(list_filter([{', '.join(items)}], lambda x: x.size > 0))"
    return f"cast(to_json(list_transform({ranked}, lambda x: x.reason)) as varchar)"


def _labelled(before_zh: str, before_en: str, column: str, labels: "dict[str, Text]") -> tuple[str, str]:
    zh = case_by(column, {str(code): label.zh for code, label in labels.items()}, "")
    en = case_by(column, {str(code): label.en for code, label in labels.items()}, "")
    return f"{literal(before_zh)} || {zh}", f"{literal(before_en)} || {en}"


def _engagement(window: int) -> tuple[str, str]:
    last = "coalesce(cast(last_day as varchar), '?')"
    return (
        f"{literal(f'近 {window} 天互动 ')} || interactions || {literal(' 次,最近一次 ')} || {last}",
        f"{literal(f'interactions in {window} days: ')} || interactions || {literal(', the latest on ')} || {last}",
    )


def _intent(rules: LeadScore) -> tuple[str, str]:
    zh, en = intent_label(rules, "zh"), intent_label(rules, "en")
    return (
        f"{zh} || {literal(':浏览产品页 ')} || product_views || {literal(' 次')}",
        f"{en} || {literal(': product pages seen ')} || product_views || {literal(' times')}",
    )
