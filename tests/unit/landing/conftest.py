"""A landing folder in a temporary home, with one block to land into."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.landing import BlockReport, land_block
from orchestration.settings.home import Home
from orchestration.settings.sources import SourcesFile

NOW = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
ORDERS: dict[str, Any] = {
    "entity": "orders",
    "key": ["id"],
    "columns": {"order_id": "id", "person_ref": "customer", "ordered_at": "at", "net_amount": "net", "status": "state"},
    "values": {"status": {"已完成": "completed"}},
}
HEADER = "id,customer,at,net,state\n"


class Bench:
    """One home and one block: `drop` files, `land` them, look at `raw` and `quarantine`."""

    def __init__(self, root: Path, block: dict[str, Any]):
        self.home = Home(root / "home").ensure()
        self.configure(block)
        self.folder = self.home.landing / "shop" / "things"
        self.folder.mkdir(parents=True)
        self.loads = 0

    def configure(self, block: dict[str, Any]) -> None:
        source = {"channel": "store", "trust": 10, "entities": {"things": block}}
        self.settings = SourcesFile.model_validate({"sources": {"shop": source}})
        self.entity = block["entity"]

    def drop(self, content: str | bytes, name: str = "a.csv", encoding: str = "utf-8") -> Path:
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    def land(self, content: str | bytes | None = None, name: str = "a.csv", **options: Any) -> BlockReport:
        if content is not None:
            self.drop(content, name)
        self.loads += 1
        report = land_block(self.home, self.settings, "shop", "things", f"load-{self.loads}", NOW, **options)
        assert not report.failed
        for file in report.files:
            assert file.rows_read == file.rows_loaded + file.rows_quarantined + file.rows_duplicate + file.rows_erased
        return report

    def raw(self) -> list[dict[str, Any]]:
        paths = (self.home.raw / self.entity / "shop" / "things").glob("*.parquet")
        return _rows(paths, lambda row: (row["_loaded_at"], row["_row_number"]))

    def quarantine(self) -> list[dict[str, Any]]:
        return _rows(
            (self.home.quarantine / "shop" / "things").glob("*.parquet"),
            lambda row: (row["file"], row["line_number"] or 0),
        )


def _rows(paths: Any, order: Callable[[dict[str, Any]], Any]) -> list[dict[str, Any]]:
    tables = [pq.ParquetFile(path).read() for path in paths]
    return sorted(pa.concat_tables(tables).to_pylist(), key=order) if tables else []


@pytest.fixture(autouse=True, scope="module")
def _no_waiting_for_the_disk() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda descriptor: None)
        yield


@pytest.fixture
def orders(tmp_path: Path) -> Bench:
    return Bench(tmp_path, ORDERS)


@pytest.fixture
def bench(tmp_path: Path) -> Callable[..., Bench]:
    """Makes a bench of orders, its block changed as given."""
    return lambda **changes: Bench(tmp_path, {**ORDERS, **changes})
