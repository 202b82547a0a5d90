"""What people decide reaches the published tables with the next run, and taken back leaves what was before.

All kinds of decisions go through the same two runs, for a run is what costs: one with them, one after they were taken back.
"""

import csv
from pathlib import Path

from orchestration.settings import Home
from tests.conftest import copy_home, query, run_home
from tests.pipeline.test_commands import strata
from tests.pipeline.test_determinism import published_hashes

DECISIONS_ALONE = {"identity_events"}


def hashes(home: Home) -> dict[str, str]:
    return {table: found for table, found in published_hashes(home).items() if table not in DECISIONS_ALONE}


def events(home: Home, kinds: str = "'created', 'merged', 'split'") -> list[tuple]:
    return query(home, f"select * from serving.identity_events where kind in ({kinds}) order by all")


def customer_of(home: Home, record_id: str) -> str:
    ((found,),) = query(home, f"select customer_id from serving.customer_source_ids where record_id = '{record_id}'")
    return str(found)


def decide(home: Home, *arguments: str) -> str:
    """Runs the command and returns the event id that it tells."""
    result = strata(home, *arguments)
    assert result.returncode == 0, result.stderr
    return result.stdout.split(":")[0]


def test_decisions_when_linked_divided_reviewed_and_a_merge_undone_then_published_and_undone_exactly(
    refreshed: Home, tmp_path: Path
) -> None:
    home = copy_home(refreshed, tmp_path / "home")
    before, ledger = hashes(home), events(home)
    buyers = query(
        home,
        "select customer_id from serving.customers where customer_type = 'person' and count_records = 1 order by 1 limit 2",
    )
    one, other = (row[0] for row in buyers)
    ((whole,),) = query(home, "select customer_id from serving.customers where count_records >= 4 order by 1 limit 1")
    ((outsider,),) = query(
        home,
        f"select record_id from serving.customer_source_ids where customer_id = '{whole}' order by record_id desc limit 1",
    )
    linked = decide(home, "link", one, other, "--reason", "known at the desk")
    divided = decide(home, "unlink", whole, outsider, "--reason", "a neighbour's card")
    sheet = tmp_path / "review.csv"
    assert strata(home, "review", "export", "--to", str(sheet)).returncode == 0
    assert sheet.stat().st_mode & 0o777 == 0o600
    pairs = answer(sheet, ["same", "不是同一人"])
    imported = strata(home, "review", "import", str(sheet))
    assert imported.returncode == 0, imported.stderr
    assert f"{len(pairs)} pairs decided" in imported.stdout
    assert "0 pairs decided" in strata(home, "review", "import", str(sheet)).stdout
    touched = {one, other, whole, *(customer_of(home, record) for left, right, _ in pairs for record in (left, right))}
    merge, keeping, absorbed = merge_beside(home, touched)
    assert "unlink" in strata(home, "undo", merge, "--reason", "father and son").stdout

    assert run_home(home) == 0
    assert {keeping, absorbed} <= {row[0] for row in query(home, "select customer_id from serving.customers")}
    survivor = {one, other} & {row[0] for row in query(home, "select customer_id from serving.customers")}
    assert len(survivor) == 1
    assert customer_of(home, outsider) != whole
    assert {row[0] for row in events(home, "'override'")} >= {linked, divided}
    splits = {row[1:4] for row in events(home, "'split'")}
    assert ("split", whole, customer_of(home, outsider)) in splits
    # nothing else is split, but what only the outsider held together goes its own way too
    assert {split[1] for split in splits} == {whole, keeping}
    for left, right, kind in pairs:
        assert (customer_of(home, left) == customer_of(home, right)) is (kind == "same")
    still_open = {
        row[0] for row in query(home, "select left_record_id || right_record_id from serving.identity_review")
    }
    assert not still_open & {left + right for left, right, _ in pairs}

    for event in [row[0] for row in events(home, "'override'")]:
        decide(home, "undo", event)
    assert run_home(home) == 0
    assert hashes(home) == before
    assert events(home) == ledger
    assert len(events(home, "'undone'")) == 3 + len(pairs)


def merge_beside(home: Home, touched: set[str]) -> tuple[str, str, str]:
    """The first merge of two customers that no other decision is about: its event, who kept the id, whose id went."""
    merges = query(
        home,
        "select event_id, customer_id, other_customer_id from serving.identity_events where kind = 'merged' order by 1",
    )
    return next((event, kept, gone) for event, kept, gone in merges if not {kept, gone} & touched)


def answer(sheet: Path, answers: list[str]) -> list[tuple[str, str, str]]:
    """Writes answers into the first lines of an exported file; the pairs that got one."""
    with sheet.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows
    for row, said in zip(rows, answers, strict=False):
        row["answer"] = said
    with sheet.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return [(row["left_record_id"], row["right_record_id"], row["answer"]) for row in rows if row["answer"]]


def test_decisions_when_the_call_is_wrong_then_it_says_what_is_allowed(refreshed: Home, tmp_path: Path) -> None:
    home = copy_home(refreshed, tmp_path / "home")
    ((one,),) = query(home, "select customer_id from serving.customers order by 1 limit 1")
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n")
    wrong = {
        ("link", one, one, "--reason", "x"): "allowed: two customers or records",
        ("link", one, "nobody/at/all", "--reason", "x"): "allowed: a customer_id of the last run, or a record",
        ("link", one, one): "Missing option '--reason'",
        ("undo", "E0"): "allowed: events of the kinds merged, override and undone",
        ("review", "import", str(other)): "allowed: a file that `strata review export` wrote",
    }
    for arguments, told in wrong.items():
        result = strata(home, *arguments, NO_COLOR="1")
        assert result.returncode == 2
        assert told in " ".join(result.stderr.replace("│", " ").split())
    assert not home.decisions.exists()


def test_decisions_when_nothing_was_linked_yet_then_it_says_so(tmp_path: Path) -> None:
    home = Home(tmp_path / "home").ensure()
    for arguments in (("link", "a", "b", "--reason", "x"), ("review", "export", "--to", str(tmp_path / "review.csv"))):
        result = strata(home, *arguments, NO_COLOR="1")
        assert result.returncode == 2
        assert "run `strata run` first" in " ".join(result.stderr.replace("│", " ").split())
    assert not (tmp_path / "review.csv").exists()
