# ruff: noqa: E501  (one column a line, whatever its width)
"""The columns of lead_scores and purchase_stages."""

from orchestration.logic.segmentation.column_lists.types import TEXT, Lines

SCORES: Lines = (
    ("score", "DECIMAL(5,1)", "线索得分", "Sum of the points of the reasons, held between 0 and 100"),
    ("band", TEXT, "线索等级", "Band of the score"),
    ("band_zh", TEXT, "线索等级名称", "Chinese name of the band"),
    ("band_en", TEXT, "线索等级英文名", "English name of the band"),
    ("reasons", TEXT, "原因", "JSON list of {code, zh, en, points}, the strongest first"),
    ("intent", TEXT, "意向", "high, some, unclear or none, by the pages seen in the window"),
    ("intent_zh", TEXT, "意向名称", "Chinese name of the intent"),
    ("intent_en", TEXT, "意向英文名", "English name of the intent"),
    ("engagement_score", "DECIMAL(18,4)", "互动热度", "Points of the interactions in the window, halved every half_life_days, without a limit"),
    ("lead_source", TEXT, "线索来源", "Lead source of the earliest record that names one, else of the earliest opportunity; null when none does"),
    ("source_group", TEXT, "来源分组", "Group of the lead source; without one, of the channel of the first record"),
    ("sla_hours", "INTEGER", "跟进时限(小时)", "Hours within which such a lead is answered; null without a promise"),
)  # fmt: skip
STAGES: Lines = (
    ("stage", TEXT, "购买阶段", "awareness, interest, decision or purchase: the last that holds"),
    ("stage_zh", TEXT, "购买阶段名称", "Chinese name of the stage"),
    ("stage_en", TEXT, "购买阶段英文名", "English name of the stage"),
    ("entered_at", "TIMESTAMP", "进入时间", "First moment (UTC) from which the stage holds without a break; null when nothing dates it"),
    ("evidence", TEXT, "依据", "JSON {rule, zh, en, facts, key, at, fallen_from}: the fact that opened the stage; key is that of its row in the published table of these facts; fallen_from is the stage that ended at entered_at, else null"),
)  # fmt: skip
