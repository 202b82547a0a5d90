"""What the model compares in two persons and which pairs it looks at, as Splink settings.

A new field: a column in `int_identity__comparables`, its name in FIELDS, a comparison here, and a blocking rule if the field is
worth one. Names and numbers are typed wrongly in their own ways, so each kind of field has its own levels. What a level is worth
is learned (`model.py`), never written here.
"""

import re
from collections.abc import Callable, Collection
from typing import Any

from splink import SettingsCreator, block_on
from splink.blocking_rule_library import CustomRule
from splink.comparison_level_library import CustomLevel, ElseLevel, ExactMatchLevel, NullLevel
from splink.comparison_library import CustomComparison

ID = "unique_id"
FIELDS = (
    "given", "family", "signs", "script", "called", "birth", "gender", "national_id", "phone", "mailbox", "mailbox_signs",
    "street", "locality", "city", "postcode", "region",
)  # fmt: skip

BLOCKS = "blocks"
"""Of a customer: the blocks of sources.yml that hold a record of it."""

HOURS = "hours"
"""Of a customer: the hours in which its records were first seen."""

NEAR = "near_hours"
"""These hours and each one's next: two customers first seen less than an hour apart have one in common."""

OF_CUSTOMERS = (BLOCKS, HOURS)
"""Lists that a customer has and a single record has not."""

ALIKE = 0.82
"""Jaro–Winkler similarity from which two texts may be the same, badly typed."""
SLIPPED = 0.75
"""Jaro similarity below which no slips are looked for."""
BIRTH_SLIPS, GENERATION_YEARS = 2, 15
RESIDENT_ID_SIGNS = 18
"""Shorter national ids are mistyped too often to tell two people apart."""
CHINESE = "('han', 'pinyin')"
_OTHER_SCRIPTS = f"(script_l = 'mixed' and script_r in {CHINESE}) or (script_r = 'mixed' and script_l in {CHINESE})"


_GIVEN_UNKNOWN = f"(given_l is null or given_r is null or {_OTHER_SCRIPTS})"
_BOTH_IN_SIGNS = "(signs_l is not null and signs_r is not null)"

Rule = tuple[str, ...]
SWAPPED = " = "
"""In a rule, between two fields that stand in each other's place."""


def settings(fields: Collection[str], rules: Collection[Rule]) -> dict[str, Any]:
    """Splink's settings for data in which these FIELDS are filled, and these rules of BLOCKING. Without parameters: see
    `model.Model.settings`."""
    return SettingsCreator(
        "dedupe_only",
        comparisons=[make() for name, make in COMPARISONS.items() if NEEDS.get(name, {name}) <= set(fields)],
        blocking_rules_to_generate_predictions=[made for rule in rules for made in _rules_of_splink(rule)],
        unique_id_column_name=ID,
        retain_intermediate_calculation_columns=True,
    ).create_settings_dict("duckdb")


def usable(fields: Collection[str]) -> list[Rule]:
    """The rules of BLOCKING whose fields are filled, in their order."""
    known = {*fields, NEAR} if HOURS in fields else set(fields)
    return [rule for rule in BLOCKING if {_field(part) for side in sides(rule) for part in side} <= known]


def levels(comparison: dict[str, Any]) -> list[dict[str, Any]]:
    """The levels of a comparison that carry weights, the most agreement first; the one for unknown values has none."""
    return [level for level in comparison["comparison_levels"] if not level.get("is_null_level")]


def _text(name: str, swapped_with: str = "", unknown: str = "") -> CustomComparison:
    """Text typed by people: equal, in the neighbouring field, one slip, two slips, alike."""
    left, right = f"{name}_l", f"{name}_r"
    swapped = f"{left} = {swapped_with}_r or {swapped_with}_l = {right}"
    missing = f"{left} is null or {right} is null"
    return CustomComparison(
        output_column_name=name,
        comparison_levels=[
            CustomLevel(f"{missing} or {unknown}" if unknown else missing, "unknown").configure(is_null_level=True),
            ExactMatchLevel(name, term_frequency_adjustments=True).configure(label_for_charts="equal"),
            *([CustomLevel(swapped, f"stands in {swapped_with}")] if swapped_with else []),
            CustomLevel(f"length({left}) >= 4 and {_slips(name, 1)}", "one slip"),
            CustomLevel(f"length({left}) >= 6 and {_slips(name, 2)} or {_similar(name, 0.92)}", "two slips"),
            CustomLevel(_similar(name, ALIKE), "alike"),
            ElseLevel().configure(label_for_charts="differs"),
        ],
    )


def _slips(name: str, most: int) -> str:
    """SQL: whether so many slips of the keyboard at most make one value of the other. What is cheap to know tells first where
    not: their lengths, their Jaro similarity (two slips in six signs nearly always leave more), and the plain edit distance,
    which counts two for signs in each other's place."""
    left, right = f"{name}_l", f"{name}_r"
    return (
        f"(abs(strlen({left}) - strlen({right})) <= {most}"
        f" and (strlen({left}) < 6 or jaro_similarity({left}, {right}, {SLIPPED}) >= {SLIPPED})"
        f" and levenshtein({left}, {right}) <= {2 * most} and damerau_levenshtein({left}, {right}) <= {most})"
    )


def _similar(name: str, least: float) -> str:
    """SQL: whether the Jaro–Winkler similarity is so large at least; it is not worked out where it cannot be."""
    return f"jaro_winkler_similarity({name}_l, {name}_r, {least}) >= {least}"


def _signs() -> CustomComparison:
    """Given names written in Chinese on both sides: of one sound in other signs they are other names."""
    return CustomComparison(
        output_column_name="signs",
        comparison_levels=[
            NullLevel("signs"),
            ExactMatchLevel("signs", term_frequency_adjustments=True).configure(label_for_charts="equal"),
            CustomLevel("given_l = given_r", "sounds equal"),
            CustomLevel(differ_in_one_sign("signs_l", "signs_r"), "one sign"),
            ElseLevel().configure(label_for_charts="differs"),
        ],
    )


def differ_in_one_sign(one: str, other: str) -> str:
    """SQL: whether two given names in Chinese signs differ in one of them only. Edit distances count bytes, of which a sign has
    three."""
    return (
        f"greatest(length({one}), length({other})) >= 2"
        f" and length(translate({one}, {other}, '')) <= 1 and length(translate({other}, {one}, '')) <= 1"
    )


def _code(name: str, slips: int, by_frequency: bool = True) -> CustomComparison:
    """A number, or a word from a list, typed by people: equal, or so many slips."""
    return CustomComparison(
        output_column_name=name,
        comparison_levels=[
            NullLevel(name),
            ExactMatchLevel(name, term_frequency_adjustments=by_frequency).configure(label_for_charts="equal"),
            *(CustomLevel(_slips(name, count), f"{count} slips") for count in range(1, slips + 1)),
            ElseLevel().configure(label_for_charts="differs"),
        ],
    )


def _called() -> CustomComparison:
    """Where a given name is unknown, or English beside a Chinese one: what the mailbox says instead."""
    return CustomComparison(
        output_column_name="called",
        comparison_levels=[
            CustomLevel(f"called_l is null or called_r is null or not {_GIVEN_UNKNOWN}", "unknown").configure(
                is_null_level=True
            ),
            ExactMatchLevel("called", term_frequency_adjustments=True).configure(label_for_charts="equal"),
            CustomLevel(_similar("called", ALIKE), "alike"),
            ElseLevel().configure(label_for_charts="differs"),
        ],
    )


def _mailbox() -> CustomComparison:
    """wang.wei88 and weiwang88 are two mailboxes of one person more often than of two."""
    return CustomComparison(
        output_column_name="mailbox",
        comparison_levels=[
            NullLevel("mailbox"),
            ExactMatchLevel("mailbox", term_frequency_adjustments=True).configure(label_for_charts="equal"),
            ExactMatchLevel("mailbox_signs", term_frequency_adjustments=True).configure(
                label_for_charts="another order"
            ),
            CustomLevel(_slips("mailbox", 1), "1 slips"),
            ElseLevel().configure(label_for_charts="differs"),
        ],
    )


def _hours() -> CustomComparison:
    """Who signs up in two channels often does so in one go."""
    apart = (
        f"list_min(flatten(list_transform({HOURS}_l,"
        f" lambda one: list_transform({HOURS}_r, lambda other: abs(one - other)))))"
    )
    # They are sorted: the gap between the last of one side and the first of the other tells most pairs apart.
    between = f"greatest({HOURS}_l[1] - {HOURS}_r[-1], {HOURS}_r[1] - {HOURS}_l[-1])"
    return CustomComparison(
        output_column_name=HOURS,
        comparison_levels=[
            CustomLevel(f"coalesce(len({HOURS}_l), 0) = 0 or coalesce(len({HOURS}_r), 0) = 0", "unknown").configure(
                is_null_level=True
            ),
            *(CustomLevel(f"{between} <= {hours} and {apart} <= {hours}", f"within {hours}") for hours in (1, 24, 168)),
            ElseLevel().configure(label_for_charts="further apart"),
        ],
    )


def _birth() -> CustomComparison:
    """Two slips may make one date of another; where they make another generation of it, it is rather father and son."""
    generation = other_generation("birth_l", "birth_r")
    return CustomComparison(
        output_column_name="birth",
        comparison_levels=[
            NullLevel("birth"),
            ExactMatchLevel("birth", term_frequency_adjustments=True).configure(label_for_charts="equal"),
            CustomLevel(_slips("birth", 1), "1 slip"),
            CustomLevel(f"not ({generation}) and {_slips('birth', BIRTH_SLIPS)}", f"{BIRTH_SLIPS} slips"),
            CustomLevel(f"({generation}) and {_slips('birth', BIRTH_SLIPS)}", f"{BIRTH_SLIPS} slips and a generation"),
            ElseLevel().configure(label_for_charts="differs"),
        ],
    )


def other_generation(one: str, other: str) -> str:
    """SQL: whether two days (yyyymmdd) are GENERATION_YEARS apart or more."""
    years = (f"try_cast(left({birth}, 4) as integer)" for birth in (one, other))
    return f"abs({' - '.join(years)}) >= {GENERATION_YEARS}"


def _place() -> CustomComparison:
    """City, postcode and region tell much the same, so they count together."""
    slip = f"(length(city_l) >= 4 and {_slips('city', 1)} or {_similar('city', 0.88)})"
    return CustomComparison(
        output_column_name="place",
        comparison_levels=[
            NullLevel("city"),
            CustomLevel("city_l = city_r and postcode_l = postcode_r", "city and postcode"),
            ExactMatchLevel("city", term_frequency_adjustments=True).configure(label_for_charts="city"),
            CustomLevel(f"postcode_l = postcode_r and {slip}", "both, a slip"),
            CustomLevel("postcode_l = postcode_r", "postcode"),
            CustomLevel(slip, "city, a slip"),
            CustomLevel("region_l = region_r", "region"),
            ElseLevel().configure(label_for_charts="differs"),
        ],
    )


def _blocks() -> CustomComparison:
    """A source seldom holds one person twice, so two customers of one source are seldom one; the more sources each is known
    in, the more it says that they have none in common."""
    count = f"len({BLOCKS}_l) + len({BLOCKS}_r)"
    # Each number is asked for alone: so the lists, which is dear, are compared once a pair.
    sizes = {f"{count} >= 6": "6 different"} | {f"{count} = {few}": f"{few} different" for few in (5, 4, 3)}
    return CustomComparison(
        output_column_name=BLOCKS,
        comparison_levels=[
            CustomLevel(f"coalesce(len({BLOCKS}_l), 0) = 0 or coalesce(len({BLOCKS}_r), 0) = 0", "unknown").configure(
                is_null_level=True
            ),
            *(
                CustomLevel(f"{size} and not list_has_any({BLOCKS}_l, {BLOCKS}_r)", label)
                for size, label in (sizes | {f"{count} <= 2": "different"}).items()
            ),
            ElseLevel().configure(label_for_charts="in one"),
        ],
    )


COMPARISONS: dict[str, Callable[[], Any]] = {
    "given": lambda: _text("given", swapped_with="family", unknown=f"{_OTHER_SCRIPTS} or {_BOTH_IN_SIGNS}"),
    "signs": _signs,
    "called": _called,
    "family": lambda: _text("family"),
    "birth": _birth,
    "gender": lambda: _code("gender", 0, by_frequency=False),
    "national_id": lambda: _code("national_id", 2),
    "phone": lambda: _code("phone", 2),
    "mailbox": _mailbox,
    "street": lambda: _text("street", swapped_with="locality"),
    "locality": lambda: _text("locality"),
    "place": _place,
    BLOCKS: _blocks,
    HOURS: _hours,
}
"""By the name of the comparison. That of given names knows nothing where one is English and the other Chinese."""

KEYS = ("national_id", "phone", "mailbox")
"""Comparisons of what is a key too."""

OF_THE_PERSON = ("given", "signs", "called", "birth", "gender", "national_id", BLOCKS)
"""Comparisons of what relatives do not have in common. The others agree in a household too."""

RELATIVES: dict[str, tuple[str, ...]] = {
    "relatives": (),
    "namesakes": ("given", "signs", "called"),
    "twins": ("birth",),
}
"""Kinds of two persons of one household, with what they have in common OF_THE_PERSON: father and son of one name, twins."""

RELATIVES_BY_NAME = ("relatives",)
"""Those that names alone tell from one person; father and son, and twins, must be told by what a household seldom shares."""

SELDOM_SHARED = ("phone", "mailbox", HOURS)
"""What a household may have in common, and mostly has not; how often is learned."""

NEEDS = {"place": {"city"}}
"""The fields without which a comparison is left out, where its name is not the field."""

BLOCKING = (
    ("given", "family"),
    ("birth",),
    ("phone",),
    ("mailbox",),
    ("mailbox_signs",),
    ("called", "family"),
    (NEAR, "family"),
    ("national_id",),
    ("street",),
    (f"given{SWAPPED}family", "postcode"),
    (f"street{SWAPPED}locality", "postcode"),
    ("given", "postcode"),
    ("family", "postcode"),
    ("locality", "postcode"),
    ("given", "city"),
    ("locality", "city"),
    ("family", "substr(phone, 1, 9)"),
    ("family", "substr(mailbox, 1, 5)"),
    ("substr(birth, 5, 4)", "postcode"),
    ("substr(birth, 5, 4)", "substr(given, 1, 3)"),
    ("substr(birth, 5, 4)", "substr(family, 1, 3)"),
    ("family", "city", "substr(given, 1, 1)"),
    ("substr(birth, 1, 4)", "substr(given, 1, 2)", "substr(family, 1, 2)"),
    ("substr(street, 1, 5)", "postcode"),
    ("substr(street, 1, 5)", "city"),
    ("substr(locality, 1, 5)", "city"),
)
"""A pair that agrees on all parts of one of these is looked at; of two fields that stand in each other's place, on either of
them. The first ones come first where all would be too many pairs (`model.affordable`)."""


def sides(rule: Rule) -> tuple[Rule, Rule]:
    """What of one record must equal what of the other."""
    pairs = [(part.split(SWAPPED) * 2)[:2] for part in rule]
    return tuple(one for one, _ in pairs), tuple(other for _, other in pairs)


def _rules_of_splink(rule: Rule) -> list[Any]:
    one, other = sides(rule)
    if one == other:
        return [block_on(*rule, arrays_to_explode=[NEAR] if NEAR in rule else None)]
    return [
        CustomRule(" and ".join(f"l.{a} = r.{b}" for a, b in zip(*turn, strict=True)))
        for turn in ((one, other), (other, one))
    ]


def _field(part: str) -> str:
    """The field of a part of a rule, which may be the beginning of one."""
    return re.findall(r"(?:substr\()?([a-z_]+)", part)[-1]
