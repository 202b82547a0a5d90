"""Names read into comparable keys: family and given part in plain Latin letters, whatever the script and the order.

王小明, "Wang, Xiao-Ming", "Xiaoming WANG" and 王小明先生 give the same keys; "Bob" is read as "robert". A wrong reading of a
name is mended in identity.yml (`names`), not here. How two names are compared is the models' business
(`int_identity__candidates`).
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache

import opencc
import pandas as pd
from pypinyin import Style, lazy_pinyin

from orchestration.settings.identity import Names

COLUMNS = ["full_name", "given_name", "family_name", "name_key", "given_key", "family_key", "given_signs", "script"]

_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_NOT_HAN = re.compile(r"[^\u3400-\u9fff\uf900-\ufaff]")
_NOT_LATIN = re.compile(r"[^a-z' ’-]")
_TOKEN = re.compile(r"[a-z]+")
_G = "a e ai ei ao ou an en ang eng ong u ua uo ui un uan uai uang"
_J = "i ia ie iu in iao ian ing iang iong u ue un uan"
_SYLLABLES = {
    "": "a o e ai ei ao ou an en ang eng er yi ya yo ye yao you yan yin yang ying yong yu yue yuan yun",
    "w": "u a o ai ei an en ang eng",
    "b": "a o ai ei ao an en ang eng i ie in iao ian ing u", "p": "a o ai ei ao ou an en ang eng i ie in iao ian ing u",
    "m": "a o e ai ei ao ou an en ang eng i ie iu in iao ian ing u", "f": "a o ei ou an en ang eng u",
    "d": "a e ai ei ao ou an en ang eng ong i ia ie iu iao ian ing u uo ui un uan",
    "t": "a e ai ao ou an ang eng ong i ie iao ian ing u uo ui un uan",
    "n": "a e ai ei ao ou an en ang eng ong i ie iu in iao ian ing iang u uo ue uan",
    "l": "a o e ai ei ao ou an ang eng ong i ia ie iu in iao ian ing iang u uo ue un uan",
    "g": _G, "k": _G, "h": _G, "j": _J, "q": _J, "x": _J,
    "zh": f"i {_G}", "ch": f"i {_G}", "sh": f"i {_G}", "r": "e i ao ou an en ang eng ong u ua uo ui un uan",
    "z": "a e i ai ei ao ou an en ang eng ong u uo ui un uan", "c": "a e i ai ao ou an en ang eng ong u uo ui un uan",
    "s": "a e i ai ao ou an en ang eng ong u uo ui un uan",
}  # fmt: skip
"""What may follow which beginning in pinyin: of Latin letters those that are a Chinese name are told by it."""
_SYLLABLE = "|".join(f"{initial}(?:{finals.replace(' ', '|')})" for initial, finals in _SYLLABLES.items())
_PINYIN = re.compile(f"(?:{_SYLLABLE}){{1,3}}")
_SIMPLER = opencc.OpenCC("t2s")
_WRITTEN_WITH_U = {"lv": "lu", "lyu": "lu", "nv": "nu", "nyu": "nu"}


@dataclass(frozen=True)
class NameKey:
    """One name read.

    `signs`: the given name in simplified Chinese signs, where it was written in Chinese. `script`: han, pinyin (Chinese name in
    Latin letters), mixed (Chinese surname, Western given name: "Amy Wang"), latin, or none when there is no name.
    """

    family: str = ""
    given: str = ""
    script: str = "none"
    signs: str = ""

    @property
    def name(self) -> str:
        """The parts in alphabetical order, so that a swapped order is the same name."""
        return " ".join(sorted(part for part in (self.family, self.given) if part))


class NameReader:
    """Reads names by the tables of identity.yml."""

    def __init__(self, names: Names):
        self._names = names

    @cached_property
    def _surnames(self) -> frozenset[str]:
        singles = {self._family_reading(sign) for sign in self._names.common_surnames if _HAN.match(sign)}
        return frozenset(singles | {self._family_reading(name) for name in self._names.compound_surnames})

    @cached_property
    def _long_forms(self) -> dict[str, str]:
        return {short: long for long, shorts in self._names.nicknames.items() for short in shorts}

    @cached_property
    def _chinese_title(self) -> re.Pattern[str]:
        titles = sorted(self._names.chinese_titles, key=len, reverse=True)
        return re.compile(f"(?:{'|'.join(map(re.escape, titles))})+$") if titles else re.compile("(?!)")

    def read(self, full_name: str, given_name: str, family_name: str) -> NameKey:
        """Reads one name; the parts win over the full name when both are there."""
        full, given, family = map(_plain, (full_name, given_name, family_name))
        full_says_more = _HAN.search(full) and not _HAN.search(given + family)
        if given and family and not full_says_more:
            return self._parts(given, family)
        text = full or f"{family}{given}"
        if _HAN.search(text):
            return self._han(text)
        return self._latin(text)

    def _parts(self, given: str, family: str) -> NameKey:
        if _HAN.search(given):
            return self._chinese(_only_han(family), _only_han(given))
        if _HAN.search(family):  # who writes only the surname in Chinese has an English name
            return self._western(self._family_reading(_only_han(family)), self._without_titles(given))
        family_key, tokens = "".join(_TOKEN.findall(family)), self._without_titles(given)
        family_key = _WRITTEN_WITH_U.get(family_key, family_key)
        if family_key in self._surnames and self._is_pinyin(tokens):
            return NameKey(family_key, "".join(tokens), "pinyin")
        return self._western(family_key, tokens)

    def _han(self, text: str) -> NameKey:
        signs = self._chinese_title.sub("", _only_han(text)) or _only_han(text)
        size = 2 if signs[:2] in self._names.compound_surnames else 1
        letters = _NOT_LATIN.sub(" ", text).strip()
        if len(signs) == size and self._without_titles(letters):
            return self._parts(letters, signs)
        return self._chinese(signs[:size], signs[size:])

    def _chinese(self, family: str, given: str) -> NameKey:
        return NameKey(self._family_reading(family), _reading(given), "han", _simplified(given))

    def _latin(self, text: str) -> NameKey:
        if re.search(r"\d|@", text):
            return NameKey()
        if "," in text:
            family, given = text.split(",", 1)
            return self._parts(given, family)
        tokens = self._without_titles(text)
        if len(tokens) < 2:
            return self._single(tokens[0]) if tokens else NameKey()
        first, last = tokens[0], tokens[-1]
        if last in self._surnames and self._is_pinyin(tokens[:-1]) and not self._leads(tokens):
            return NameKey(last, "".join(tokens[:-1]), "pinyin")
        if first in self._surnames and self._is_pinyin(tokens[1:]):
            return NameKey(first, "".join(tokens[1:]), "pinyin")
        if first in self._surnames and last not in self._surnames and len(tokens) == 2:
            return self._western(first, tokens[1:])
        return self._western(last, tokens[:-1])

    def _is_pinyin(self, given: list[str]) -> bool:
        letters = "".join(given)
        return letters not in self._names.western_given_names and _PINYIN.fullmatch(letters) is not None

    def _leads(self, tokens: list[str]) -> bool:
        """Whether the first token is the likelier surname: it is one, and the last could be (part of) a given name."""
        return tokens[0] in self._surnames and len(tokens) > 2

    def _single(self, token: str) -> NameKey:
        """One word alone: a Chinese name written together, a surname, or a given name."""
        for size in range(min(7, len(token) - 2), 1, -1):
            if token[:size] in self._surnames and len(token) > 5 and _PINYIN.fullmatch(token[size:]):
                return NameKey(token[:size], token[size:], "pinyin")
        if token in self._surnames:
            return NameKey(token, "", "pinyin")
        return NameKey("", self._western_given([token]), "latin")

    def _western(self, family: str, given: list[str]) -> NameKey:
        script = "none" if not (family or given) else "mixed" if family in self._surnames else "latin"
        return NameKey(family, self._western_given(given), script)

    def _western_given(self, tokens: list[str]) -> str:
        return self._long_forms.get(tokens[0], tokens[0]) if tokens else ""

    def _without_titles(self, text: str) -> list[str]:
        tokens = _TOKEN.findall(text.replace("-", "").replace("'", "").replace("’", ""))
        return [_WRITTEN_WITH_U.get(token, token) for token in tokens if token not in self._names.western_titles]

    def _family_reading(self, signs: str) -> str:
        known = self._names.surname_readings.get(signs)
        return known.replace("v", "u") if known else _reading(signs)


def name_keys(names: Iterable[tuple[str, str, str]], tables: Names) -> pd.DataFrame:
    """Keys of distinct (full_name, given_name, family_name). Grain: distinct name; columns COLUMNS, all text, none null."""
    reader = NameReader(tables)
    rows = []
    for full_name, given_name, family_name in names:
        key = reader.read(full_name, given_name, family_name)
        rows.append((full_name, given_name, family_name, key.name, key.given, key.family, key.signs, key.script))
    return pd.DataFrame(rows, columns=COLUMNS).astype("str")


def _plain(text: str) -> str:
    """Lower case without accents and full-width forms; signs that hide a part of a name (王**) become blanks."""
    if text.isascii():
        return text.strip().lower()
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign)).strip().lower()


def _simplified(signs: str) -> str:
    return str(_SIMPLER.convert(signs))


def _only_han(text: str) -> str:
    return _NOT_HAN.sub("", text)


@lru_cache(maxsize=30_000)
def _sign_reading(sign: str) -> str:
    return "".join(lazy_pinyin(sign, style=Style.NORMAL, errors="ignore"))


def _reading(signs: str) -> str:
    """Pinyin without tones, sign by sign; ü is u, as most systems write it."""
    return "".join(map(_sign_reading, signs)).replace("v", "u").replace("ü", "u")
