"""Running warnings go out as CSV, and what came of them comes back, line by line."""

import csv
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from orchestration.cli.app import app
from orchestration.durable import KeptLinesDamaged
from orchestration.settings import Home
from orchestration.warning_results import WarningResult, add_results, read_results, results_table
from tests.unit.delivery.conftest import OWNER

AT = datetime(2026, 3, 3, tzinfo=UTC)


@pytest.fixture
def kept(home: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    """The home with its published warnings remembered."""
    monkeypatch.setenv("STRATA_HOME", str(home.root))
    folder = home.warning_statements / "2026-03-02"
    folder.mkdir(parents=True)
    with duckdb.connect(home.serving / "strata.duckdb", read_only=True) as con:
        con.execute(
            f"copy (from serving.churn_warnings) to '{folder / '20260302T000000000000_v1.parquet'}' (format parquet)"
        )
    return home


def exported(file: Path, *more: str) -> list[dict[str, str]]:
    result = CliRunner().invoke(app, ["warnings", "export", "--to", str(file), *more])
    assert result.exit_code == 0, result.output
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


def filled(file: Path, rows: list[dict[str, str]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_export_when_warnings_run_then_they_stand_by_priority_and_the_file_is_private(
    kept: Home, tmp_path: Path
) -> None:
    file = tmp_path / "warnings.csv"
    rows = exported(file)
    assert [row["priority_rank"] for row in rows] == ["1", "2", "3", "4", "5"]
    assert {row["owner"] for row in rows} == {OWNER}
    assert file.stat().st_mode & 0o777 == 0o600
    assert exported(tmp_path / "none.csv", "--owner", "inside_sales") == []


def test_import_when_some_lines_are_wrong_then_the_others_are_taken_and_these_named(kept: Home, tmp_path: Path) -> None:
    file = tmp_path / "warnings.csv"
    rows = exported(file)
    rows[0] |= {"result": "contacted", "happened_on": "2026-03-02"}
    rows[1] |= {"result": "已挽回", "happened_on": "2026-03-05"}
    rows[2] |= {"result": "perhaps", "happened_on": "2026-03-02"}
    rows[3] |= {"result": "lost", "happened_on": "02.03.2026"}
    rows[4] |= {"result": "lost", "happened_on": "2026-03-01"}
    rows.append(rows[0] | {"warning_id": "W-unknown"})
    filled(file, rows)
    result = CliRunner().invoke(app, ["warnings", "import", str(file)])
    assert result.exit_code == 1
    assert "2 results taken" in result.output
    assert "line 4: found result 'perhaps'; allowed: contacted, saved, lost" in result.output
    assert "line 5: found day '02.03.2026'; allowed: a day such as 2026-03-02" in result.output
    assert "line 6: found day 2026-03-01; allowed: from 2026-03-02 on" in result.output
    assert "line 7: no warning 'W-unknown' was published" in result.output
    told = [(one.warning_id, one.result, one.happened_on) for one in read_results(kept.warning_results)]
    assert told == [
        (rows[0]["warning_id"], "contacted", date(2026, 3, 2)), (rows[1]["warning_id"], "saved", date(2026, 3, 5)),
    ]  # fmt: skip
    again = CliRunner().invoke(app, ["warnings", "import", str(file)])
    assert "0 results taken, 2 had been" in again.output
    assert len(read_results(kept.warning_results)) == 2


def test_import_when_a_column_is_missing_or_nothing_was_published_then_it_says_so(kept: Home, tmp_path: Path) -> None:
    file = tmp_path / "some.csv"
    file.write_text("warning_id,result\nW1,saved\n", encoding="utf-8")
    result = CliRunner().invoke(app, ["warnings", "import", str(file)])
    assert result.exit_code == 2
    assert "found no column happened_on" in result.output


def test_results_when_told_later_than_the_state_is_known_then_they_do_not_count(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    one, two = (
        WarningResult(name, "saved", date(2026, 3, 2), "somebody", AT.replace(day=day))
        for name, day in (("W1", 3), ("W2", 4))
    )
    assert add_results(path, [one, two, one]) == 2
    assert results_table(read_results(path), AT)["warning_id"].to_pylist() == ["W1"]
    path.write_text(path.read_text(encoding="utf-8") + "cut o\n", encoding="utf-8")
    with pytest.raises(KeptLinesDamaged, match="line 3"):
        read_results(path)
