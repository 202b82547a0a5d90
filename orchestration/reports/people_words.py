"""The words of churn.yml, owners.yml, strategies.yml and audiences.yml."""

from collections.abc import Iterator

from orchestration.logic.segmentation.lifecycle import LABELS_ZH
from orchestration.reports.told import Line, Section, number
from orchestration.settings.audiences import Audience
from orchestration.settings.churn import ChurnFile, Rule
from orchestration.settings.criteria import CriteriaFile, Text
from orchestration.settings.insights import InsightSettings
from orchestration.settings.people import Owner, StrategiesFile

SIGNALS = {
    "overdue": ("距上次下单的天数为自身购买周期的倍数", "Days since the last order, in purchase cycles of one's own"),
    "falling_interaction": (
        "近 90 天互动比之前 90 天下降的比例",
        "Share by which the interactions of the last 90 days fell below those of the 90 days before",
    ),
    "open_complaint": ("近 90 天投诉次数,之后未下单", "Complaints of the last 90 days, with no later order"),
    "low_satisfaction": (
        "近 90 天最近一次满意度评分,之后未下单",
        "Latest satisfaction score of the last 90 days, with no later order",
    ),
    "falling_frequency": (
        "近 90 天订单比此前窗口期内每 90 天平均下降的比例",
        "Share by which the orders of the last 90 days fell below those of 90 days in the window before them",
    ),
    "consent_withdrawn": (
        "近 90 天撤回营销同意,之后未下单",
        "Marketing consent withdrawn in the last 90 days, no later order",
    ),
    "tier_about_to_fall": ("总分低于现层级下限的分数", "Points short of what the tier in force needs"),
    "probability": ("模型给出的流失概率", "Probability to leave, by the published model"),
}
CHANNELS = {"email": ("电子邮箱", "e-mail"), "phone": ("电话", "telephone")}
BANDS = {"high": ("高", "high"), "medium": ("中", "medium")}


def people_sections(settings: InsightSettings) -> list[Section]:
    """Warnings, owners, strategies, audiences."""
    criteria, people = settings.criteria, settings.people
    audiences = people.audiences.audiences
    return [
        Section("churn.yml", "流失预警", "Churn warnings", list(_churn(settings.churn))),
        Section("owners.yml", "客户责任人", "Owners", [_owner(owner, criteria) for owner in people.owners.values()]),
        Section("strategies.yml", "维护策略", "Strategies", list(_strategies(people.strategies, criteria))),
        Section("audiences.yml", "营销人群", "Audiences", [_audience(told, criteria) for told in audiences.values()]),
    ]


def _churn(churn: ChurnFile) -> Iterator[Line]:
    medium, high = number(churn.bands.medium), number(churn.bands.high)
    states = churn.warned_lifecycles
    yield Line(
        f"预警得分不低于 {medium} 为中级预警,不低于 {high} 为高级预警;得分 = 1 − 各信号 (1 − 权重 × 强度) 之积。",
        f"A signal score of {medium} or more is a medium warning, of {high} or more a high one;"
        " score = 1 − product of (1 − weight × strength) over the signals.",
    )
    yield Line(
        f"只预警这些生命周期:{'、'.join(str(LABELS_ZH[state]) for state in states)}",
        f"Only these life-cycle states are warned about: {', '.join(states)}",
    )
    for rule in churn.rules.values():
        yield from _rule(rule)
    life = churn.life
    yield Line(
        f"两次下单之间至多一条预警;联系后 {life.rest_days} 天内不再预警;预警后 {life.lost_after_days} 天未下单即为流失。",
        f"One warning at most between two orders; none within {life.rest_days} days after a contact; "
        f"lost {life.lost_after_days} days after the warning without an order.",
    )
    yield Line(
        "按预期损失(风险金额 × 流失概率)从大到小联系。",
        "Contacts go by expected loss: value at risk times probability to leave.",
    )


def _rule(rule: Rule) -> Iterator[Line]:
    zh, en = SIGNALS.get(rule.signal, (rule.signal, rule.signal))
    weight, start, full = number(rule.weight), number(rule.starts_at), number(rule.full_at)
    yield Line(
        f"{zh}:到 {start} 时强度为一半,到 {full} 时为全部(权重 {weight})",
        f"{en}: half strength at {start}, full strength at {full} (weight {weight})",
    )
    for value, chinese, english in (
        (rule.minimum_orders, "至少 {} 个订单", "at least {} orders"),
        (rule.minimum_days, "距上次下单至少 {} 天", "at least {} days since the last order"),
        (rule.minimum_before, "之前 90 天至少 {} 次互动", "at least {} interactions in the 90 days before"),
    ):
        if value > 1:
            yield Line(f"条件:{chinese.format(value)}", f"Condition: {english.format(value)}", 1)


def _owner(owner: Owner, criteria: CriteriaFile) -> Line:
    labels = [_tier(code, criteria) for code in owner.tiers]
    zh, en = "、".join(label.zh for label in labels), ", ".join(label.en for label in labels)
    return Line(
        f"{owner.name.zh}:负责{zh},同层按容量 {owner.capacity} 的比例分配",
        f"{owner.name.en}: looks after {en}; shared within a tier in proportion to the capacity, here {owner.capacity}",
    )


def _strategies(strategies: StrategiesFile, criteria: CriteriaFile) -> Iterator[Line]:
    for code, strategy in strategies.strategies.items():
        yield Line(
            f"{strategy.text.zh}({strategy.contact_mode.zh},每 {strategy.cadence_days} 天)",
            f"{strategy.text.en} ({strategy.contact_mode.en}, every {strategy.cadence_days} days)",
        )
        for zh, en, by_tier in (
            ("平时用于", "Normally for", strategies.by_tier),
            ("高级流失预警时用于", "During a high churn warning for", strategies.by_warning.high),
            ("中级流失预警时用于", "During a medium churn warning for", strategies.by_warning.medium),
        ):
            labels = [_tier(tier, criteria) for tier, chosen in by_tier.items() if chosen == code]
            if labels:
                names = "、".join(label.zh for label in labels), ", ".join(label.en for label in labels)
                yield Line(f"{zh}:{names[0]}", f"{en}: {names[1]}", 1)
    kinds = strategies.contact_kinds
    yield Line(f"算作一次联系的互动:{'、'.join(kinds)}", f"Interactions that count as a contact: {', '.join(kinds)}")


def _audience(audience: Audience, criteria: CriteriaFile) -> Line:
    who, segments = audience.who, {segment.code: segment.label for segment in criteria.segments}
    conditions: list[tuple[str, str, list[tuple[str, str]]]] = [
        ("层级", "tier", [_pair(_tier(code, criteria)) for code in who.tiers]),
        ("生命周期", "life cycle", [(str(LABELS_ZH[state]), state) for state in who.lifecycles]),
        ("RFM 分群", "RFM segment", [_pair(segments.get(c, Text(zh=c, en=c))) for c in who.rfm_segments]),
        ("流失预警", "churn warning", [BANDS[band] for band in who.churn_bands]),
        ("线索等级", "lead band", [(band, band) for band in who.lead_bands]),
    ]
    zh = ",".join(f"{name}为{'或'.join(pair[0] for pair in named)}" for name, _, named in conditions if named)
    en = "; ".join(f"{name} {' or '.join(pair[1] for pair in named)}" for _, name, named in conditions if named)
    ways = [CHANNELS[channel] for channel in audience.channels]
    granted = audience.consent == "granted"
    consent = ("须已同意", "who agreed") if granted else ("未撤回同意", "who did not withdraw")
    return Line(
        f"{audience.label.zh}:{zh};{consent[0]}“{audience.purpose}”,有{'或'.join(way[0] for way in ways)}",
        f"{audience.label.en}: {en}; {consent[1]} to '{audience.purpose}', with {' or '.join(way[1] for way in ways)}",
    )


def _tier(code: str, criteria: CriteriaFile) -> Text:
    return next((tier.label for tier in criteria.main.tiers if tier.code == code), Text(zh=code, en=code))


def _pair(text: Text) -> tuple[str, str]:
    return text.zh, text.en
