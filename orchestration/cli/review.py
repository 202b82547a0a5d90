"""`strata review`: the pairs that the model doubts, out to a spreadsheet and back as decisions.

The export shows what people need to decide, so it holds personal data: it is its user's alone (0600), who deletes
it afterwards.
"""

from pathlib import Path

from rich.console import Console
from typer import BadParameter

from orchestration.cli.decide import add, decision, last_run
from orchestration.cli.sheets import read_sheet, write_sheet
from orchestration.logic.identity import in_force, pair_id, read_decisions
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
    write_sheet(to, names, rows)
    console.print(
        f"{to}: {len(rows):,} pairs; write {' or '.join(ANSWERS)} into the column answer, then `strata review import {to}`"
    )


def take(home: Home, file: Path) -> None:
    """Keeps the answers of an exported file as decisions, all or none; pairs without an answer stay open.

    Raises BadParameter naming the lines that cannot be taken.
    """
    answers = _answers(file)
    with run_lock(home, "strata review import"):
        decided = {(one.kind, one.left, one.right) for one in in_force(read_decisions(home.decisions))}
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
    answers, wrong = [], []
    for line, cells in read_sheet(file, (*KEYS, "answer"), "strata review export"):
        name, left, right = (cells[key] for key in KEYS)
        answer = cells["answer"].lower()
        if not answer:
            continue
        if answer not in ANSWERS:
            wrong.append(f"line {line}: found {answer!r}")
        elif name != pair_id(left, right):
            wrong.append(f"line {line}: its pair_id is not that of its records")
        else:
            answers.append((name, left, right, ANSWERS[answer]))
    if wrong:
        raise BadParameter(
            f"{file}: {'; '.join(wrong[:5])}; allowed: {', '.join(ANSWERS)} or nothing; nothing was taken"
        )
    return answers
