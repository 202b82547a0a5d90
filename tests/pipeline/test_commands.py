"""The `strata` command as a person calls it: what it prints, and its exit codes."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.cli.bench import _dbt_nodes, _plain_sql, _steps
from orchestration.cli.bench_serving import publications
from orchestration.landing import read_quarantine
from orchestration.runlock import run_lock
from orchestration.serving import published
from orchestration.settings import Home, config_folder
from tests.conftest import copy_home, installation, query

STRATA = Path(sys.executable).parent / "strata"


def strata(home: Home, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "STRATA_HOME": str(home.root),
        "DAGSTER_HOME": str(home.dagster),
        "COLUMNS": "200",
        **variables,
    }
    return subprocess.run([STRATA, *arguments], env=environment, capture_output=True, text=True, check=False)


def test_status_tells_loads_last_run_quarantine_and_publication(refreshed: Home) -> None:
    result = strata(refreshed, "status")
    assert result.returncode == 0, result.stderr
    for told in ("webshop", "last run: SUCCESS", "quarantine:", "published: as of 2026-07-01"):
        assert told in result.stdout


def test_quarantine_when_a_row_is_exported_mended_and_replayed_then_it_is_loaded_once(
    refreshed: Home, tmp_path: Path
) -> None:
    home = copy_home(refreshed, tmp_path / "home")
    exported = strata(home, "quarantine", "export", "--to", str(tmp_path / "mend"), "--source", "webshop")
    assert exported.returncode == 0, exported.stderr
    file = tmp_path / "mend" / "webshop__orders.csv"
    text = file.read_text(encoding="utf-8-sig")
    assert ",allowed," in text
    assert file.stat().st_mode & 0o777 == 0o600
    file.write_text(text.replace(",???,", ",已付款,"), encoding="utf-8-sig")
    before = read_quarantine(home)["state"].to_pylist().count("open")
    replayed = strata(home, "quarantine", "replay", "--file", str(file))
    assert replayed.returncode == 0, replayed.stderr
    states = read_quarantine(home)["state"].to_pylist()
    assert states.count("replayed") >= 1
    assert states.count("open") == before - states.count("replayed")
    assert " 0 rows loaded" in strata(home, "quarantine", "replay").stdout
    listed = strata(home, "status").stdout
    assert f"quarantine: {states.count('open'):,} rows open" in listed


def test_quarantine_when_the_call_is_wrong_then_it_says_what_is_allowed(refreshed: Home, tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n", encoding="utf-8")
    result = strata(refreshed, "quarantine", "replay", "--file", str(other))
    assert (result.returncode, "quarantine_id" in result.stderr) == (2, True)
    result = strata(refreshed, "quarantine", "export", "--to", str(tmp_path), "--source", "nobody")
    assert (result.returncode, "webshop/orders" in result.stderr) == (2, True)


def test_explain_shows_a_customer_of_three_channels_on_one_screen(refreshed: Home) -> None:
    ((customer,),) = query(
        refreshed,
        "select customer_id from serving.customer_source_ids join serving.scorecard_points using (customer_id)"
        " where entity <> 'reference' group by 1 having count(distinct source) >= 3 order by 1 limit 1",
    )
    result = strata(refreshed, "explain", customer)
    assert result.returncode == 0, result.stderr
    for told in (
        "records 记录",
        "links 关联",
        "survivorship 取值来源",
        "only_value",
        "tier points 分层得分",
        "purchase_amount",
        "tier",
    ):
        assert told in result.stdout
    assert len(result.stdout.splitlines()) < 80


def test_explain_finds_a_customer_by_a_source_record(refreshed: Home) -> None:
    ((source, record, customer),) = query(
        refreshed,
        "select source, source_record_id, customer_id from serving.customer_source_ids"
        " where source = 'webshop' and entity = 'accounts' order by 2 limit 1",
    )
    assert customer in strata(refreshed, "explain", "--source", source, "--record", record).stdout


def test_explain_of_a_day_that_is_not_published_names_the_days_that_are(refreshed: Home) -> None:
    ((customer,),) = query(refreshed, "select min(customer_id) from serving.customers")
    assert "as of 2026-07-01" in strata(refreshed, "explain", customer, "--as-of", "2026-07-01").stdout
    result = strata(refreshed, "explain", customer, "--as-of", "2020-01-01")
    assert result.returncode == 2
    assert "2026-07-01" in result.stderr


def test_explain_of_an_unknown_customer_ends_with_2(refreshed: Home) -> None:
    result = strata(refreshed, "explain", "C0000000000000000")
    assert result.returncode == 2
    assert "no customer" in result.stderr


def test_quarantine_lists_groups_and_shows_one_row_with_its_bytes(refreshed: Home) -> None:
    listed = strata(refreshed, "quarantine", "list")
    assert listed.returncode == 0
    assert "required" in listed.stdout
    ((row,),) = query(refreshed, "select quarantine_id from serving.quarantine order by 1 limit 1")
    shown = strata(refreshed, "quarantine", "show", row)
    assert "raw_bytes" in shown.stdout
    assert row in shown.stdout


def test_validate_says_all_good(refreshed: Home) -> None:
    result = strata(refreshed, "validate")
    assert result.returncode == 0, result.stdout
    assert "all good" in result.stdout


def test_validate_names_the_labels_that_lack_a_column(tmp_path: Path) -> None:
    home = Home(tmp_path / "home").ensure()
    home.truth.mkdir()
    (home.truth / "records_own.csv").write_text("source,entity,source_record_id\nshop,accounts,1\n")
    result = strata(home, "validate")
    assert result.returncode == 1
    assert "records_own.csv: found 3 column(s) without true_person_id" in " ".join(result.stdout.split())


@pytest.mark.parametrize(
    ("file", "told"),
    [
        ("decisions.jsonl", "decisions.jsonl, line 1: no decision"),
        ("warning_results.jsonl", "warning_results.jsonl, line 1: no result"),
        ("criteria/applied.jsonl", "applied.jsonl, line 1: no application of criteria"),
        ("criteria/ledger.jsonl", "ledger.jsonl, line 1: no set of criteria"),
    ],
)
def test_validate_names_the_damaged_line_of_what_is_kept(tmp_path: Path, file: str, told: str) -> None:
    home = Home(tmp_path / "home").ensure()
    path = home.state / file
    path.parent.mkdir(exist_ok=True)
    path.write_text('{"kind": "li\n')
    result = strata(home, "validate")
    assert result.returncode == 1
    assert told in " ".join(result.stdout.split())


def test_command_when_a_kept_line_is_damaged_then_it_is_named_and_nothing_is_decided(
    refreshed: Home, tmp_path: Path
) -> None:
    home = copy_home(refreshed, tmp_path / "home")
    home.decisions.write_text('{"kind": "li\n')
    result = strata(home, "undo", "E1", "--reason", "wrong")
    assert result.returncode == 2
    assert result.stderr.strip() == (
        "decisions.jsonl, line 1: no decision (JSONDecodeError); restore the file from a backup"
    )
    assert home.decisions.read_text() == '{"kind": "li\n'


def test_validate_names_a_model_that_is_not_kept(tmp_path: Path) -> None:
    home, config = Home(tmp_path / "home").ensure(), tmp_path / "config"
    shutil.copytree(config_folder(), config)
    text = (config / "identity.yml").read_text(encoding="utf-8")
    (config / "identity.yml").write_text(text.replace("version: null", "version: 0123456789ab"), encoding="utf-8")
    result = strata(home, "validate", STRATA_CONFIG=str(config))
    assert result.returncode == 1
    told = "identity.yml, model.version: found 0123456789ab; allowed are the kept models: none yet"
    assert told in " ".join(result.stdout.split())


def test_wrong_setting_names_file_line_and_key_and_ends_with_2(refreshed: Home, tmp_path: Path) -> None:
    text = (config_folder() / "sources.yml").read_text(encoding="utf-8")
    (tmp_path / "sources.yml").write_text(text.replace("channel: ecommerce", "channel: telepathy", 1), encoding="utf-8")
    result = strata(refreshed, "validate", STRATA_CONFIG=str(tmp_path))
    line = text[: text.index("channel: ecommerce")].count("\n") + 1
    assert result.returncode == 2
    assert f"sources.yml:{line}: sources.webshop.channel: found 'telepathy'" in result.stderr
    assert "ecommerce" in result.stderr


def test_second_writer_ends_with_75_and_names_the_holder(refreshed: Home) -> None:
    with run_lock(refreshed, "a test"):
        result = strata(refreshed, "run")
    assert result.returncode == 75
    assert f"pid {os.getpid()}, run a test" in result.stderr


def test_publish_publishes_again_what_passed(refreshed: Home, tmp_path: Path) -> None:
    home = copy_home(refreshed, tmp_path / "home")
    result = strata(home, "publish")
    before, after = published(refreshed), published(home)
    assert result.returncode == 0, result.stdout + result.stderr
    assert before
    assert after
    assert after.publication_id != before.publication_id
    assert after.hashes == before.hashes


WRONG_CALLS = [
    ("run", "--as-of", "someday"),
    ("run", "--known-at", "yesterday"),
    ("run", "--as-of", "1815-01-01"),
    ("run", "--no-such-option"),
    ("bench", "nonsense"),
    ("publish", "--to", "papyrus"),
    ("nonsense",),
]


@pytest.mark.parametrize("arguments", WRONG_CALLS)
def test_wrong_call_ends_with_2(refreshed: Home, arguments: tuple[str, ...]) -> None:
    assert strata(refreshed, *arguments).returncode == 2


def test_readers_when_a_publication_is_swapped_in_under_them_then_each_read_is_of_one(
    refreshed: Home, tmp_path: Path
) -> None:
    figures = publications(copy_home(refreshed, tmp_path / "home"), tmp_path, repeats=1)
    read = {name: figure["value"] for name, figure in figures.items()}
    assert read["reads by 2 readers while 1 publications came"] >= 2
    troubles = ("reads that failed", "reads of two publications at once", "reads of an older publication than before")
    assert [read[name] for name in troubles] == [0, 0, 0]


def test_home_is_private(refreshed: Home) -> None:
    open_to_others = [
        path for path in refreshed.root.rglob("*") if not path.is_symlink() and path.stat().st_mode & 0o077
    ]
    assert open_to_others == []


def test_bench_of_a_run_when_it_is_taken_apart_then_every_step_and_model_is_there_and_runs_plainly(
    refreshed: Home, tmp_path: Path
) -> None:
    home = copy_home(refreshed, tmp_path / "home")
    with installation(home):
        steps, nodes = _steps(home), _dbt_nodes(home)
    assert {"dbt_staging", "dbt_marts", "insight_tables", "serving__publication"} <= set(steps)
    assert {node["kind"] for node in nodes} == {"model", "seed", "test"}
    assert {"stg_persons", "int_identity__links", "customers"} <= {Path(node["path"]).stem for node in nodes}
    assert min(_plain_sql(home, nodes)) > 0
