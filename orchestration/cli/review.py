"""`strata review`: the pairs that the model doubts, out to a spreadsheet and back as decisions.

The export shows what people need to decide, so it holds personal data: it is its user's alone (0600), who deletes
it afterwards.
"""

import csv
import io
import os
from pathlib import Path
from typing import Any

from rich.console import Console
from typer import BadParameter

from orchestration.cells import escaped, plain
from orchestration.cli.decide import add, decision, kept_decisions, last_run
from orchestration.landing import FileRefused
from orchestration.landing.encodings import settle_encoding
from orchestration.logic.identity import in_force, pair_id
from orchestration.runlock import run_lock
from orchestration.settings import Home

console = Console(soft_wrap=True, highlight=False)

ANSWERS = {"same": "link", "同一人": "link", "different": "unlink", "不是同一人": "unlink"}
SHOWN = ("display_name", "birth_date", "gender", "phone", "email", "city", "postcode")
KEYS = ("pair_id", "left_record_id", "right_record_id")

_OPEN = f"""
with said as (
    select customer_id, field, string_agg(distinct value, ' / ' order by value) as value
    from intermediate.int_identity__field_values join identity.clusters using (record_id)
    where field in {SHOWN}
    group by all
),
shown as (
    pivot said on field in {SHOWN} using any_value(value) group by customer_id
)
select
    pair_id, round(probability, 3) as probability, '' as answer,
    {", ".join(f"one.{name} as left_{name}, other.{name} as right_{name}" for name in SHOWN)},
    evidence, left_record_id, right_record_id
from identity.review
join identity.clusters as a on left_record_id = a.record_id
join identity.clusters as b on right_record_id = b.record_id
left join shown as one on a.customer_id = one.customer_id
left join shown as other on b.customer_id = other.customer_id
order by probability desc, pair_id
"""


def export(home: Home, to: Path) -> None:
    """Writes the open pairs as CSV, the likeliest first. Raises BadParameter where nothing was linked yet."""
    with last_run(home, "strata review export") as con:
        result = con.execute(_OPEN)
        names, rows = [column[0] for column in result.description], result.fetchall()
    with os.fdopen(
        os.open(to, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8-sig", newline=""
    ) as file:
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows([escaped(value) for value in row] for row in rows)
    console.print(
        f"{to}: {len(rows):,} pairs; write {' or '.join(ANSWERS)} into the column answer, then `strata review import {to}`"
    )


def take(home: Home, file: Path) -> None:
    """Keeps the answers of an exported file as decisions, all or none; pairs without an answer stay open.

    Raises BadParameter naming the lines that cannot be taken.
    """
    answers = _answers(file)
    with run_lock(home, "strata review import"):
        decided = {(one.kind, one.left, one.right) for one in in_force(kept_decisions(home))}
        new = [
            decision(kind, [left], [right], f"review of {name}")
            for name, left, right, kind in answers
            if (kind, (left,), (right,)) not in decided
        ]
        add(home, new)
    console.print(
        f"{file}: {len(new):,} pairs decided, {len(answers) - len(new):,} had been; they count from the next `strata run`"
    )


def _answers(file: Path) -> list[tuple[str, str, str, str]]:
    """(pair_id, left record, right record, kind of decision) of each answered line."""
    try:
        data = file.read_bytes()
        encoding, _, skip = settle_encoding("auto", data)
    except (OSError, FileRefused) as error:
        raise BadParameter(f"{file}: {error}") from None
    text = data[skip:].decode(encoding)
    first = text.partition("\n")[0]
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count))
    missing = [name for name in (*KEYS, "answer") if name not in (rows.fieldnames or [])]
    if missing:
        raise BadParameter(
            f"{file}: found no column {', '.join(missing)}; allowed: a file that `strata review export` wrote"
        )
    answers, wrong = [], []
    for row in rows:
        cells: dict[str, Any] = {
            name: plain(value or "").strip() for name, value in row.items() if isinstance(name, str)
        }
        name, left, right = (cells[key] for key in KEYS)
        answer = cells["answer"].lower()
        if not answer:
            continue
        if answer not in ANSWERS:
            wrong.append(f"line {rows.line_num}: found {answer!r}")
        elif name != pair_id(left, right):
            wrong.append(f"line {rows.line_num}: its pair_id is not that of its records")
        else:
            answers.append((name, left, right, ANSWERS[answer]))
    if wrong:
        raise BadParameter(
            f"{file}: {'; '.join(wrong[:5])}; allowed: {', '.join(ANSWERS)} or nothing; nothing was taken"
        )
    return answers
