"""Persons are erased from everything that is kept, do not come back with old files, and nobody else changes.

STRATA_ERASED sets how many are erased at once (`make campaign-privacy`: 100).
"""

import json
import os
import random
import shutil
from hashlib import sha256
from pathlib import Path

import duckdb
import pytest

from orchestration.cli import erase as command
from orchestration.cli.erase import erase_persons
from orchestration.landing import find_landed, load_suppression, read_ledger
from orchestration.logic.identity import Decision, add_decisions, read_decisions
from orchestration.privacy import PLACES, ErasureUnfinished, check_finished, files_of, places, works
from orchestration.privacy.proof import prove
from orchestration.privacy.texts import EMAIL, ID, NAME, NUMBER, Text
from orchestration.runlock import run_lock
from orchestration.serving import published
from orchestration.settings import Home, load_settings
from orchestration.settings.home import FOLDERS
from tests.conftest import copy_home, installation, query
from tests.pipeline.steps import land
from tests.pipeline.test_commands import strata

ERASED = int(os.environ.get("STRATA_ERASED", "3"))
OF_THE_WHOLE = {
    "abc_classes", "audience_counts", "audience_members", "churn_backtest", "churn_models", "churn_reach",
    "churn_scores", "churn_warnings", "class_forecast", "cluster_profiles", "cluster_segments", "clv_estimates", "clv_models",
    "conservation",
    "conversion_drivers", "criteria_changes",
    "customer_tag_spells", "customer_tags", "customer_tier_table", "customer_tiers", "effect_cube", "effect_evaluation",
    "feature_drift", "feedback_themes", "funnel", "identity_quality", "identity_review", "ingest_ledger", "next_categories",
    "place_sums", "quarantine", "rfm_scores",
    "scorecard_points", "threshold_advice", "tier_allocation", "tier_changes", "tier_migration",
}  # fmt: skip
"""Tables of sums, ranks, models and what follows from them: one customer less is another whole."""
RELATIVE = {"match_probability", "price_percentile", "price_sensitivity"}
"""Columns of the other tables that compare with all others."""


def persons(home: Home, count: int, seed: int = 3) -> list[str]:
    """Customers to erase: of several records, orders and services."""
    ids = [
        id
        for (id,) in query(
            home,
            "select customer_id from serving.customers where customer_type = 'person' and email is not null"
            " and count_records > 1 order by 1",
        )
    ]
    return sorted(random.Random(seed).sample(ids, count))


def traces_of(home: Home, customer: str) -> set[Text]:
    """What a reader knows of a customer: not what the erasure itself looks for."""
    told = query(home, f"select email, phone from serving.customers where customer_id = '{customer}'")
    found = {Text(EMAIL, told[0][0])} | ({Text(NUMBER, told[0][1])} if told[0][1] else set())
    found |= {Text(ID, customer)}
    records = query(home, f"select record_id from serving.customer_source_ids where customer_id = '{customer}'")
    found |= {Text(ID, record) for (record,) in records}
    ((alone,),) = query(
        home,
        "select count(*) = 1 from serving.customers where display_name ="
        f" (select display_name from serving.customers where customer_id = '{customer}')",
    )
    ((name,),) = query(home, f"select display_name from serving.customers where customer_id = '{customer}'")
    return found | ({Text(NAME, name)} if alone and len(name) > 2 else set())


def ids_of(home: Home, customers: list[str]) -> set[str]:
    """The ids of customers, and those that were merged into them."""
    merged = query(home, "select customer_id, other_customer_id from serving.identity_events where kind = 'merged'")
    ids = set(customers)
    while more := {gone for kept, gone in merged if kept in ids} - ids:
        ids |= more
    return ids


def rows_without(home: Home, customers: set[str]) -> dict[str, set[tuple]]:
    """The rows of each published table that is no sum or rank, but for these customers."""
    found = {}
    with duckdb.connect(home.serving / "strata_restricted.duckdb", read_only=True) as con:
        for (table,) in con.execute("select table_name from duckdb_tables() order by 1").fetchall():
            if table in OF_THE_WHOLE or table == "publication":
                continue
            columns = [row[0] for row in con.execute(f"describe serving.{table}").fetchall() if row[0] not in RELATIVE]
            chosen = ", ".join(f'"{name}"' for name in columns)
            rows = con.execute(f"select {chosen} from serving.{table}").fetchall()
            at = columns.index("customer_id") if "customer_id" in columns else None
            found[table] = {repr(row) for row in rows if at is None or row[at] not in customers}
    return found


def tree(home: Home) -> dict[str, str]:
    files = [path for path in home.root.rglob("*") if path.is_file() and path != home.run_lock]
    return {str(path.relative_to(home.root)): sha256(path.read_bytes()).hexdigest() for path in files}


def erase(home: Home, customers: list[str], dry_run: bool = False) -> int:
    with installation(home):
        return erase_persons(home, [("customer", id) for id in customers], "asked by letter", dry_run)


def test_persons_when_erased_then_no_trace_is_left_none_comes_back_and_nobody_else_changes(
    refreshed: Home, sample_home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = copy_home(refreshed, tmp_path / "home")
    customers = persons(home, ERASED)
    others = persons(home, ERASED + 2, seed=4)
    decide(home, customers[0], next(id for id in others if id not in customers))
    traces = {text for id in customers for text in traces_of(home, id)}
    assert not prove(home, traces).passed
    before = tree(home)
    assert erase(home, customers, dry_run=True) == 0
    assert tree(home) == before
    assert "would be erased" in capsys.readouterr().out

    expected, told = rows_without(home, ids_of(home, customers)), published(home)
    assert erase(home, customers) == 0
    assert prove(home, traces).traces == {}
    now = published(home)
    assert told
    assert now
    assert (now.as_of, now.known_at, now.criteria_version) == (told.as_of, told.known_at, told.criteria_version)
    left = rows_without(home, set())
    assert {table for table in expected if expected[table] != left[table]} == set()
    assert left.keys() >= {"customers", "customer_source_ids", "orders", "customer_features"}
    assert query(home, "select * from serving.conservation where difference <> 0") == []
    assert query(home, "select sum(rows_erased) > 0 from serving.ingest_ledger") == [(True,)]
    receipts_tell_nothing(home, traces, ERASED)
    assert read_decisions(home.decisions) == []
    assert not works(home)

    come_again(home, sample_home)
    suppression = load_suppression(home)
    assert suppression
    assert list(find_landed(home, load_settings().sources, suppression)) == []
    assert prove(home, traces).traces == {}
    assert {file.rows_read - file.rows_loaded - file.rows_quarantined - file.rows_duplicate - file.rows_erased
            for file in read_ledger(home)} == {0}  # fmt: skip
    assert sum(file.rows_erased for file in read_ledger(home) if "again" in file.file) > 0
    assert erase(home, customers) == 0
    assert "nothing was changed" in capsys.readouterr().out


def decide(home: Home, one: str, other: str) -> None:
    """A decision that these two are not one."""
    (left,), (right,) = (
        query(home, f"select min(record_id) from serving.customer_source_ids where customer_id = '{id}'")[0]
        for id in (one, other)
    )
    ((now,),) = query(home, "select published_at::timestamptz from serving.publication")
    add_decisions(home.decisions, [Decision("unlink", (left,), (right,), "told at the desk", "test", now)])


def receipts_tell_nothing(home: Home, traces: set[Text], count: int) -> None:
    found = [json.loads(path.read_text()) for path in home.erasures.glob("*[0-9a-f].json")]
    assert len(found) == count
    for receipt in found:
        assert receipt["proof"] == {"files": receipt["proof"]["files"], "traces": {}, "unread": [], "passed": True}
        assert (receipt["reason"], receipt["customers"]) == ("asked by letter", 1)
        assert receipt["suppression_keys"] > 0
        assert not any(text.text in json.dumps(receipt, ensure_ascii=False) for text in traces)
    assert not list(home.erasures.glob("*.work.json"))


def come_again(home: Home, sample_home: Home) -> None:
    """Drops every file that ever came once more as it was, and once more with a change that makes it a new one."""
    for path in [path for path in sample_home.landing.rglob("*") if path.is_file()]:
        target = home.landing / path.relative_to(sample_home.landing)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        if path.suffix in (".csv", ".jsonl", ".tsv"):
            again = target.with_name(f"again_{path.name}")
            again.write_bytes(path.read_bytes() + b"\n")
    land(home, load_settings().sources)
    assert not [path for path in home.landing.rglob("*") if path.is_file()]


STEPS = ["erase_landed", "renew_warehouse", "erase_truth"]


@pytest.mark.parametrize("step", STEPS)
def test_erasure_when_killed_half_way_then_nothing_is_built_on_it_and_the_same_command_ends_it(
    refreshed: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Publishing again is left out: it is the same job as ever, and what a run costs."""
    home = copy_home(refreshed, tmp_path / "home")
    (customer,) = persons(home, 1)
    traces = traces_of(home, customer)
    monkeypatch.setattr(command, "_publish", lambda home, under_way: 0)
    with monkeypatch.context() as patch:
        patch.setattr(places, step, _killed)
        with pytest.raises(KeyboardInterrupt):
            erase(home, [customer])
    assert not list(home.serving.iterdir())
    with pytest.raises(ErasureUnfinished, match="cut short"):
        check_finished(home)
    assert erase(home, [customer]) == 0
    check_finished(home)
    assert prove(home, traces).passed
    assert len(list(home.erasures.glob("*[0-9a-f].json"))) == 1


def _killed(*arguments: object) -> None:
    raise KeyboardInterrupt


def test_backup_when_restored_then_those_who_were_erased_since_are_erased_again(
    refreshed: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "_publish", lambda home, under_way: 0)
    home, restored = copy_home(refreshed, tmp_path / "home"), copy_home(refreshed, tmp_path / "restored")
    customers = persons(home, 2)
    traces = {text for id in customers for text in traces_of(home, id)}
    assert erase(home, customers) == 0
    shutil.copytree(home.erasures, restored.erasures)
    shutil.copyfile(home.erasure_key, restored.erasure_key)
    with installation(restored):
        assert erase_persons(restored, [("again", "")], "backup restored", False) == 0
        assert prove(restored, traces).passed
        assert [file.rows_erased for file in read_ledger(restored)] == [file.rows_erased for file in read_ledger(home)]
        capsys.readouterr()
        assert erase_persons(restored, [("again", "")], "backup restored", False) == 0
        assert "nobody who was erased is here" in capsys.readouterr().out
        shutil.copytree(refreshed.raw, restored.raw, dirs_exist_ok=True)  # from a backup without a warehouse
        assert erase_persons(restored, [("again", "")], "backup restored", False) == 0
    assert prove(restored, traces).passed


def test_proof_when_a_trace_is_left_then_the_command_fails_and_says_where(
    refreshed: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = copy_home(refreshed, tmp_path / "home")
    (customer,) = persons(home, 1)
    ((email,),) = query(home, f"select email from serving.customers where customer_id = '{customer}'")
    (home.landing / "stray").mkdir()
    (home.landing / "stray" / "list.txt").write_text(f"to call: {email}\n")
    monkeypatch.setattr(command, "_publish", lambda home, under_way: 0)
    assert erase(home, [customer]) == 1
    told = capsys.readouterr().out
    assert "still in landing/stray/list.txt" in told
    assert email not in told
    assert len(works(home)) == 1
    (home.landing / "stray" / "list.txt").unlink()
    assert erase(home, [customer]) == 0
    assert not works(home)


def test_erasure_when_an_address_is_asked_for_then_whoever_has_it_or_a_clear_word(
    refreshed: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    home = refreshed
    (customer,) = persons(home, 1)
    ((email, phone),) = query(home, f"select email, phone from serving.customers where customer_id = '{customer}'")
    assert ask(home, capsys, "email", f" {email.upper()} ") == (0, "would be erased")
    assert ask(home, capsys, "phone", phone)[0] == 0
    company = query(home, "select min(customer_id) from serving.customers where customer_type = 'company'")[0][0]
    wrong = {
        ("email", "nobody@nowhere.example"): "nobody has it",
        ("email", "nonsense"): "cannot be read",
        ("customer", "C0000000000000000"): "no such customer",
        ("customer", company): "a company",
    }
    for asked, told in wrong.items():
        code, said = ask(home, capsys, *asked)
        assert (code, told in said) == (2, True), said
    assert strata(home, "erase", "--reason", "asked by letter").returncode == 2
    with run_lock(home, "a test"):
        assert strata(home, "erase", "--customer", customer, "--reason", "asked by letter").returncode == 75
    assert not home.erasures.exists()


def ask(home: Home, capsys: pytest.CaptureFixture[str], kind: str, text: str) -> tuple[int, str]:
    """The exit code of a dry run, and what it says."""
    with installation(home):
        code = erase_persons(home, [(kind, text)], "asked by letter", True)
    said = capsys.readouterr()
    return code, "would be erased" if "would be erased" in said.out else said.err


def test_places_when_the_home_has_a_folder_then_the_erasure_names_it(refreshed: Home) -> None:
    named = [getattr(refreshed, name) for name, kind in vars(Home).items() if isinstance(kind, property)]
    paths = {str(path.relative_to(refreshed.root)) for path in named} - {"state"}
    of_home = {next((place for place in PLACES if f"{path}/".startswith(f"{place}/")), path) for path in paths}
    assert (of_home | set(FOLDERS) - {"state"}) - set(PLACES) == set()
    assert set(files_of(refreshed)) - set(PLACES) == set()


def test_warehouse_when_renewed_then_history_stays_but_for_the_customer(refreshed: Home, tmp_path: Path) -> None:
    home = copy_home(refreshed, tmp_path / "home")
    (customer,) = persons(home, 1)
    count = "select count(*), count(*) filter (where customer_id = $id) from insights.customer_tiers"
    with duckdb.connect(home.warehouse, read_only=True) as con:
        rows, own = con.execute(count, {"id": customer}).fetchall()[0]
    assert places.renew_warehouse(home, frozenset([customer])) > own > 0
    with duckdb.connect(home.warehouse, read_only=True) as con:
        assert con.execute(count, {"id": customer}).fetchall() == [(rows - own, 0)]
        schemas = con.execute("select distinct schema_name from duckdb_tables()").fetchall()
    assert schemas == [("insights",)]
