"""Phone numbers: the quick way for Chinese mobiles equals the library, and what is no number is null."""

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.phones import parse, phone_numbers

digits = st.text("0123456789", min_size=9, max_size=10)
prefixes = st.sampled_from(["1", "+861", "861", "00861", "+86 1", "(+86)1", "+1", "0", ""])
countries = st.sampled_from(["CN", "US", "DE", "GB"])
written = st.builds(lambda prefix, number: prefix + number, prefixes, digits)


def read(*rows):
    return phone_numbers(pd.DataFrame(rows, columns=["phone", "country"]))["e164"].tolist()


@settings(max_examples=300)
@given(st.one_of(written, st.text(max_size=16)), countries)
def test_phone_numbers_when_any_text_then_as_the_library_reads_it(phone, country):
    found = read((phone, country))[0]
    assert (found if isinstance(found, str) else None) == parse(phone, country)


def test_phone_numbers_when_forms_differ_then_one_number():
    forms = [
        "13912345678",
        "139 1234 5678",
        "139-1234-5678",
        "+86 139 1234 5678",
        "0086 13912345678",
        "１３９１２３４５６７８",
    ]
    assert set(read(*((form, "CN") for form in forms))) == {"+8613912345678"}


def test_phone_numbers_when_abroad_then_the_country_decides():
    assert read(("030 901820", "DE"), ("020 7946 0018", "GB")) == ["+4930901820", "+442079460018"]


def test_phone_numbers_when_no_number_then_null():
    assert pd.isna(read(("unknown", "CN"), ("13912345678", "CN"))[0])
