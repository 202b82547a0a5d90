"""Names: one person written in many ways has one key; different names have different ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.logic.identity.names import NameReader, name_keys
from orchestration.settings import config_folder
from orchestration.settings.identity import IdentityFile
from orchestration.settings.loader import load_model

NAMES = load_model(config_folder() / "identity.yml", IdentityFile).names


def read(full="", given_name="", family=""):
    key = NameReader(NAMES).read(full, given_name, family)
    return key.family, key.given


@pytest.mark.parametrize(
    "written",
    [
        ("王小明",), ("王 小明",), ("王小明先生",),
        ("Wang Xiaoming",), ("Xiaoming Wang",), ("WANG Xiao Ming",), ("Wang, Xiao-Ming",),
        ("wangxiaoming",), ("", "小明", "王"), ("", "Xiaoming", "Wang"), ("Mr Xiaoming Wang",), ("ＷＡＮＧ Xiaoming",),
    ],
)  # fmt: skip
def test_read_when_chinese_name_in_any_form_then_one_key(written):
    assert read(*written) == ("wang", "xiaoming")


@pytest.mark.parametrize(
    ("written", "family", "given_name"),
    [
        ("曾志伟", "zeng", "zhiwei"), ("单雄信", "shan", "xiongxin"), ("仇和", "qiu", "he"), ("欧阳娜娜", "ouyang", "nana"),
        ("陳大文", "chen", "dawen"), ("吕布", "lu", "bu"), ("Bob Smith", "smith", "robert"),
        ("Dr. José García", "garcia", "jose"),
        ("Robert J. Smith", "smith", "robert"), ("王先生", "wang", ""), ("王**", "wang", ""), ("Amy Wang", "wang", "amy"),
        ("user_123", "", ""), ("", "", ""), ("张总", "zhang", ""),
    ],
)  # fmt: skip
def test_read_when_name_is_special_then_parts(written, family, given_name):
    assert read(written) == (family, given_name)


def test_read_when_both_parts_are_surnames_then_the_whole_name_still_agrees():
    reader = NameReader(NAMES)
    assert (
        reader.read("Wang Li", "", "").name == reader.read("王丽", "", "").name == reader.read("Li Wang", "", "").name
    )


@given(st.text(max_size=30), st.text(max_size=10), st.text(max_size=10))
def test_name_keys_when_any_text_then_plain_letters(full, given_name, family):
    row = name_keys([(full, given_name, family)], NAMES).iloc[0]
    assert all(part == "" or part.isascii() for part in (row.name_key, row.given_key, row.family_key))
    assert row.script in ("han", "pinyin", "mixed", "latin", "none")


@pytest.mark.parametrize(
    "written",
    [("Oscar 祝", "", ""), ("祝 Oscar", "", ""), ("Zhu Oscar", "", ""), ("Oscar Zhu", "", ""), ("", "Oscar", "祝")],
)
def test_read_when_an_english_name_stands_with_a_chinese_surname_then_one_key_in_any_order(written):
    key = NameReader(NAMES).read(*written)
    assert (key.family, key.given, key.script) == ("zhu", "oscar", "mixed")


@pytest.mark.parametrize("given_name", ["Peter", "Tina", "Yoyo", "Queenie"])
def test_read_when_an_english_name_could_be_pinyin_then_it_is_no_chinese_one(given_name):
    assert NameReader(NAMES).read(f"{given_name} Li", "", "").script == "mixed"


def test_read_when_the_surname_is_written_with_v_then_it_is_one_all_the_same():
    assert read("Lily Lv") == ("lu", "lily")
    assert NameReader(NAMES).read("", "Yumin", "Lv").script == "pinyin"


def test_read_when_written_in_traditional_signs_then_the_given_name_is_simplified():
    assert {NameReader(NAMES).read(name, "", "").signs for name in ("陳偉華", "陈伟华")} == {"伟华"}
