"""Company names without legal form and script, places, and tax ids with their check digit."""

import pytest

from orchestration.logic.identity.companies import company_names, is_tax_id, place_names

FORMS = ["有限公司", "co., ltd", "ltd", "gmbh", "inc"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("华信有限公司", "Huaxin Co., Ltd."),
        ("Müller GmbH", "MULLER"),
        ("Acme, Inc.", "acme inc"),
        ("华信（上海）有限公司", "华信上海"),
    ],
)
def test_company_names_when_forms_differ_then_one_key(one, other):
    keys = company_names([one, other], FORMS)["name_key"].tolist()
    assert keys[0] == keys[1] != ""


def test_company_names_when_form_is_part_of_a_word_then_kept():
    assert company_names(["Incline"], FORMS)["name_key"].tolist() == ["incline"]


def test_place_names_when_scripts_differ_then_one_key():
    assert set(place_names(["上海市", "上海", "Shanghai", "SHANGHAI "])["name_key"]) == {"shanghai"}


@pytest.mark.parametrize(
    ("value", "valid"),
    [("91350100M000100Y43", True), ("91350100M000100Y44", False), ("DE123456789", True), ("123", False)],
)
def test_is_tax_id_when_check_digit_then_it_must_agree(value, valid):
    assert is_tax_id(value) is valid
