"""The columns of customer_tag_spells."""

from orchestration.logic.segmentation.column_lists.types import TEXT, Lines

SPELLS: Lines = (
    ("dimension", TEXT, "标签维度", "Dimension of criteria.yml"),
    ("tag", TEXT, "标签", "Code of the tag"),
    ("rule_id", TEXT, "规则编号", "Dimension and tag"),
    ("valid_from", "DATE", "起始日", "First published day on which the tag held"),
    ("valid_to", "DATE", "终止日", "First published day on which it held no more; null while it holds"),
)  # fmt: skip
