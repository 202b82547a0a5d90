"""A sql reader's settings: what may be left out, and errors that point at the wrong key and show no secret."""

from pathlib import Path

import pytest

from orchestration.settings.errors import SettingsErrors
from orchestration.settings.loader import load_model
from orchestration.settings.sources import BlockRef, SourcesFile, blocks
from orchestration.sources.environment import MissingVariable, resolved_url

GOOD = """\
sources:
  shop:
    channel: ecommerce
    trust: 60
    entities:
      orders:
        entity: orders
        reader:
          kind: sql
          url: ${SHOP_DB_URL}
          table: public.orders
          cursor: changed_at
        key: [id]
        columns: {order_id: id, ordered_at: at, person_ref: customer}
"""


def load(folder: Path, text: str) -> BlockRef:
    path = folder / "sources.yml"
    path.write_text(text, encoding="utf-8")
    return blocks(load_model(path, SourcesFile))[0]


def test_a_sql_reader_when_little_is_said_then_the_rest_is_filled_in(tmp_path: Path) -> None:
    ref = load(tmp_path, GOOD)
    reader = ref.settings.reader
    assert reader.kind == "sql"
    assert (reader.deletes, reader.overlap_seconds, reader.page_rows) == ("compare", 300, 10_000)
    assert (ref.settings.format.type, ref.path) == ("parquet", "shop/orders/*")


def test_a_sql_reader_when_the_format_says_how_to_read_times_then_it_is_parquet_still(tmp_path: Path) -> None:
    ref = load(tmp_path, GOOD.replace("key: [id]", "key: [id]\n        format: {times: epoch_s}"))
    assert (ref.settings.format.type, ref.settings.format.times) == ("parquet", "epoch_s")


@pytest.mark.parametrize("url", ["postgresql://${DB_USER}:${DB_PASSWORD}@db/shop", "mysql://db/shop"])
def test_a_sql_reader_when_the_url_holds_no_literal_secret_then_it_is_taken(url: str, tmp_path: Path) -> None:
    assert load(tmp_path, GOOD.replace("${SHOP_DB_URL}", url)).settings.reader.kind == "sql"


WRONG = [
    (
        "table: public.orders",
        "query: select 1\n          table: t",
        11,
        "reader.query",
        "exactly one of table and query",
    ),
    ("          table: public.orders\n", "", 8, "reader.table", "exactly one of table and query"),
    ("public.orders", "a.b.c", 11, "reader.table", "schema.table"),
    ("table: public.orders", "query: drop table t", 11, "reader.query", "SELECT or WITH"),
    ("cursor: changed_at", "overlap_seconds: -1", 12, "reader.overlap_seconds", "greater than or equal to 0"),
    ("cursor: changed_at", "deletes: maybe", 12, "reader.deletes", "'compare'"),
    ("cursor: changed_at", "page_rows: 0", 12, "reader.page_rows", "greater than or equal to 1"),
    ("cursor: changed_at", "password: s3cret", 12, "reader.password", "a key of a sql reader: cursor, deletes"),
    ("kind: sql", "kind: sqll", 9, "reader.kind", "a kind of reader: files, sql"),
    ("          url: ${SHOP_DB_URL}\n", "", 8, "reader.url", "required"),
    ("${SHOP_DB_URL}", "postgresql://ann:s3cret@db/shop", 10, "reader.url", "without a literal password"),
    ("${SHOP_DB_URL}", "postgresql://ann:s3cret${X}@db/shop", 10, "reader.url", "without a literal password"),
    ("${SHOP_DB_URL}", "postgresql://db/shop?user=a&password=s3cret", 10, "reader.url", "without a literal password"),
    ("${SHOP_DB_URL}", "[s3cret]", 10, "reader.url", "a SQLAlchemy URL"),
    ("key: [id]", "key: []", 13, "key", "identify a row"),
    ("        key: [id]\n", "", 6, "key", "identify a row"),
    ("key: [id]", "key: [id]\n        format: {type: csv}", 14, "format.type", "parquet"),
]


@pytest.mark.parametrize(("old", "new", "line", "key", "allowed"), WRONG)
def test_loading_when_a_sql_reader_is_wrong_then_the_error_names_its_place_and_no_secret(
    old: str, new: str, line: int, key: str, allowed: str, tmp_path: Path
) -> None:
    with pytest.raises(SettingsErrors) as caught:
        load(tmp_path, GOOD.replace(old, new, 1))
    fitting = [
        error for error in caught.value.errors if error.key.endswith(f"orders.{key}") and allowed in error.allowed
    ]
    assert [error.line for error in fitting] == [line], str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_a_url_when_it_is_resolved_then_a_password_may_hold_any_character(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_PASSWORD", "a@b/c:d %")
    monkeypatch.setenv("DB_HOST", "db:5433")
    assert (
        resolved_url("postgresql://ann:${DB_PASSWORD}@${DB_HOST}/x") == "postgresql://ann:a%40b%2Fc%3Ad%20%25@db:5433/x"
    )


def test_a_url_when_a_variable_is_not_set_then_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHOP_DB_URL", raising=False)
    with pytest.raises(MissingVariable, match="SHOP_DB_URL is not set"):
        resolved_url("${SHOP_DB_URL}")
