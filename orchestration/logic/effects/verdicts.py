"""The verdicts of an evaluation in words of both languages. When each is given is decided where it is measured."""

from orchestration.logic.segmentation.store import case_by

WORDS: dict[str, tuple[str, str]] = {
    "increased": ("显著提高", "increased"),
    "decreased": ("显著下降", "decreased"),
    "no_detectable_effect": ("未检出显著效果", "no detectable effect"),
    "too_few": ("样本不足,无法判断", "too few customers to tell"),
    "not_over": ("观察期未满", "still under observation"),
}


def words(column: str) -> str:
    """SQL of the columns verdict_zh and verdict_en of the verdict in `column`."""
    zh = case_by(column, {code: texts[0] for code, texts in WORDS.items()})
    en = case_by(column, {code: texts[1] for code, texts in WORDS.items()})
    return f"{zh} as verdict_zh, {en} as verdict_en"
