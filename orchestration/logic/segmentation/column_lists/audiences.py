"""The columns of the audience tables."""

from orchestration.logic.segmentation.column_lists import COUNT, DAY, TEXT, Lines

_AUDIENCE: Lines = (("audience", TEXT, "人群", "Code of the audience in audiences.yml"),)
_PURPOSE: Lines = (("purpose", TEXT, "使用目的", "Purpose that the members' consent is for"),)

MEMBERS: Lines = (
    *_AUDIENCE,
    *_PURPOSE,
    ("outcome", TEXT, "结果", "member, or why not: without_consent, withdrawn, unreachable"),
)
COUNTS: Lines = (
    *DAY[:1],
    *_AUDIENCE,
    ("audience_zh", TEXT, "人群名称", "Chinese name of the audience"),
    ("audience_en", TEXT, "人群英文名", "English name of the audience"),
    *_PURPOSE,
    ("count_matching", COUNT, "符合条件人数", "Customers who match the audience, before consent and ways of contact"),
    ("count_members", COUNT, "可联系人数", "Members: they match, the consent allows it, and there is a way of contact"),
    ("count_without_consent", COUNT, "未获同意人数", "Left out: no consent for the purpose is known"),
    ("count_withdrawn", COUNT, "撤回同意人数", "Left out: the latest consent for the purpose is withdrawn"),
    ("count_unreachable", COUNT, "无联系方式人数", "Left out: consent, but none of the audience's ways of contact"),
)
