"""`strata erase`: takes persons out of everything, publishes the rest again, and proves it.

The order, and why: the keys by which nobody comes back, then what people read, then every copy, then the same job for the
same day; see `privacy/erasure.py`. Killed at any point it is ended by the same command.
"""

import sys
from collections.abc import Sequence

from rich.console import Console

from orchestration.cli.decide import user
from orchestration.privacy import (
    Found,
    NobodyFound,
    Work,
    begin,
    clear,
    find,
    find_restored,
    is_subject,
    prove_and_end,
    read_receipts,
    works,
)
from orchestration.runlock import run_lock
from orchestration.serving import recover
from orchestration.settings import Home, Settings, load_settings

console = Console(soft_wrap=True, highlight=False)


def erase_persons(home: Home, asked: Sequence[tuple[str, str]], reason: str, dry_run: bool) -> int:
    """Erases who is asked for, and ends erasures that were cut short before. `asked`: (customer, email or phone; text) each,
    or (again, "") for all who were erased before.

    Returns the exit code: 0 when nothing is left of them, 1 when something is or the rest could not be published, 2 when
    one of them cannot be told; then nothing was changed.
    """
    settings = load_settings()
    with run_lock(home, "strata erase"):
        under_way = [] if dry_run else works(home)
        if under_way:
            console.print(f"{len(under_way)} erasure was cut short before: it is ended now")
            code = _carry_out(home, settings, under_way)
            asked = [
                one for one in asked if not any(is_subject(home, settings, work.subjects, *one) for work in under_way)
            ]
            if code or not asked:
                return code
        found, code = _found(home, settings, asked)
        if code or not found:
            return code
        if dry_run:
            for one in found:
                _tell(one)
            return 0
        if any(text.text.lower() in reason.lower() for one in found for text in one.texts):
            print("--reason: found personal data; allowed: a few words without any: they are kept", file=sys.stderr)
            return 2
        recover(home.serving)
        return _carry_out(home, settings, [begin(home, settings, one, user(), reason) for one in found])


def _found(home: Home, settings: Settings, asked: Sequence[tuple[str, str]]) -> tuple[list[Found], int]:
    """Those who are still here; and the exit code, which is not 0 when one of them cannot be told."""
    found, code = [], 0
    for kind, text in asked:
        try:
            found.append(find_restored(home, settings) if kind == "again" else find(home, settings, kind, text))
        except NobodyFound as nobody:
            code = max(code, _tell_nobody(home, settings, kind, text, nobody))
    return found, code


def _carry_out(home: Home, settings: Settings, under_way: list[Work]) -> int:
    clear(home, settings, under_way)
    code = _publish(home, under_way)
    proof, paths = prove_and_end(home, under_way)
    for place, count in proof.traces.items():
        console.print(f"still in {place}: {count} rows or lines", style="red")
    for place in proof.unread:
        console.print(f"could not be opened: {place}", style="red")
    for work, path in zip(under_way, paths, strict=True):
        outcome = (
            "erased" if proof.passed else "NOT erased everywhere: clear these places and run the same command again"
        )
        console.print(f"{work.erasure_id}: {outcome}; {work.keys} suppression keys; receipt: {path}")
    landed = under_way[0].reached["landed"]
    rows = sum(count for name, count in landed.items() if name.startswith("rows_"))
    console.print(
        f"{rows:,} rows of {landed['files']:,} files erased; {proof.files:,} files decoded, {len(proof.traces)} with traces"
    )
    return code if proof.passed else 1


def _publish(home: Home, under_way: list[Work]) -> int:
    """The rest once more, as of the day and as known when the first of these erasures began."""
    state = next((work.state for work in under_way if work.state), None)
    if state is None:
        return 0
    from orchestration.cli.run import run_day  # here, for it takes seconds

    code = run_day(home, *state)
    if code:
        console.print("nothing is published now: mend what failed, then `strata run`", style="red")
    return code


def _tell_nobody(home: Home, settings: Settings, kind: str, text: str, nobody: NobodyFound) -> int:
    if kind == "again":
        console.print(str(nobody))
        return 0
    for receipt in read_receipts(home):
        if is_subject(home, settings, receipt["subjects"], kind, text):
            passed = receipt["proof"]["passed"]
            console.print(f"{receipt['erasure_id']}: erased on {receipt['ended_at']}; nothing was changed")
            return 0 if passed else 1
    print(str(nobody), file=sys.stderr)
    return 2


def _tell(found: Found) -> None:
    subject = found.subject
    console.print(
        f"{len(subject.customers)} customer of {len(subject.records) + len(subject.references)} records would be erased:"
    )
    for entity, rows in found.rows.items():
        console.print(f"  {entity}: {rows:,} rows")
    console.print("nothing was changed")
