"""Errors of sources.yml point at file, line and the deepest wrong key, and list what is allowed."""

import pytest

from orchestration.settings.errors import SettingsErrors
from orchestration.settings.loader import load_model
from orchestration.settings.sources import SourcesFile, block_ref, blocks

GOOD = """\
business: {timezone: Asia/Shanghai, currency: CNY}
sources:
  shop:
    channel: ecommerce
    trust: 60
    entities:
      orders:
        entity: orders
        format: {type: csv, encoding: UTF8, times: "%d/%m/%Y %H:%M"}
        key: [id]
        columns:
          order_id: id
          ordered_at: at
          status: state
        values:
          status:
            1: paid
            已完成: completed
        person_ref: {by: email}
"""


def load(tmp_path, text):
    path = tmp_path / "sources.yml"
    path.write_text(text, encoding="utf-8")
    return load_model(path, SourcesFile)


def test_blocks_when_defaults_are_left_out_then_they_are_filled_in(tmp_path):
    settings = load(tmp_path, GOOD)
    (ref,) = blocks(settings)
    assert (ref.path, ref.timezone, ref.currency, ref.canonical) == ("shop/orders/*", "Asia/Shanghai", "CNY", "orders")
    assert ref.settings.format.encoding == "utf-8"
    assert ref.settings.values["status"]["1"] == "paid"
    assert block_ref(settings, "shop", "orders") == ref


WRONG = [
    ("entity: orders\n", "entity: order\n", 8, "entity", "a canonical entity: companies, consents"),
    ("order_id: id", "order_idd: id", 12, "columns.order_idd", "a column of orders: order_id, person_ref"),
    ("          order_id: id\n", "", 11, "columns", "missing: order_id"),
    ("1: paid", "1: payed", 17, "values.status.1", "pending, paid, shipped"),
    ("          status: state\n", "", 15, "values.status", "a mapped column: order_id, ordered_at"),
    ("%d/%m/%Y %H:%M", "%d/%m %H:%M", 9, "format.times", "year, month and day"),
    ("%d/%m/%Y %H:%M", "%d/%m/%Q", 9, "format.times", "strptime directives"),
    ("encoding: UTF8", "encoding: utf-9", 9, "format.encoding", "gb18030"),
    ("encoding: UTF8", 'delimiter: "ab"', 9, "format.delimiter", "one ASCII character"),
    ("type: csv", "type: csw", 9, "format.type", "'csv'"),
    ("key: [id]", "key: [id, id]", 10, "key", "once"),
    ("by: email", "by: mail", 19, "person_ref.by", "'email'"),
    ("person_ref:", "reader: {path: ../x}\n        person_ref:", 19, "reader.path", "below the landing folder"),
    ("person_ref:", "reader: {path: /etc/*}\n        person_ref:", 19, "reader.path", "below the landing folder"),
    ("person_ref:", "constants: {status: gone}\n        person_ref:", 19, "constants.status", "either a mapped column"),
    ("person_ref:", "colums: {}\n        person_ref:", 19, "colums", "not permitted"),
    ("Asia/Shanghai", "Asia/Shangai", 1, "business.timezone", "IANA"),
    ("currency: CNY", "currency: yuan", 1, "business.currency", "three capital letters"),
    ("  shop:", "  Shop 1:", 3, "sources", "a-z"),
]


@pytest.mark.parametrize(("old", "new", "line", "key", "allowed"), WRONG)
def test_loading_when_a_key_is_wrong_then_the_error_names_its_place(tmp_path, old, new, line, key, allowed):
    with pytest.raises(SettingsErrors) as caught:
        load(tmp_path, GOOD.replace(old, new, 1))
    fitting = [error for error in caught.value.errors if key in error.key and allowed in error.allowed]
    assert fitting, str(caught.value)
    assert fitting[0].line == line
    assert str(fitting[0]).startswith(f"{tmp_path}/sources.yml:{line}: ")


def test_loading_when_several_keys_are_wrong_then_all_are_named(tmp_path):
    text = (
        GOOD.replace("order_id: id", "order_idd: id").replace("1: paid", "1: payed").replace("trust: 60", "trust: 600")
    )
    with pytest.raises(SettingsErrors) as caught:
        load(tmp_path, text)
    assert len(caught.value.errors) >= 2
