"""The `strata` command: which commands there are, and which exit code an error ends in.

Each command lives in a module of its own and calls the code that the assets call. 0 success, 1 a check or the work failed,
2 a wrong call or setting, 75 another run holds the lock.
"""

import os
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NoReturn

import typer

from orchestration.durable import KeptLinesDamaged
from orchestration.runlock import RunLocked
from orchestration.settings import Home, SettingsErrors

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
quarantine_app = typer.Typer(no_args_is_help=True, help="Rows that were refused: see why, mend them, land them.")
app.add_typer(quarantine_app, name="quarantine")
review_app = typer.Typer(no_args_is_help=True, help="Pairs that the linking doubts: decide them in a spreadsheet.")
app.add_typer(review_app, name="review")
warnings_app = typer.Typer(no_args_is_help=True, help="Churn warnings: who waits, and what came of them.")
app.add_typer(warnings_app, name="warnings")

LOCKED = 75
TARGETS = ("duckdb", "parquet", "xlsx", "html")


@app.command()
def demo(
    customers: int = typer.Option(2000, min=1, help="How many true persons and companies."),
    days: int = typer.Option(730, min=60, help="How many days of history before the as-of day."),
    seed: int = typer.Option(7, help="Same seed, same bytes."),
    as_of: str = typer.Option("2026-07-01", help="The data end before this day, business time."),
) -> None:
    """Write sample landing files for all channels, with the truth beside them."""
    from orchestration.cli.demo import write_sample

    write_sample(_home(), customers, days, seed, _day(as_of))


@app.command()
def run(
    as_of: str | None = typer.Option(
        None, help="Day D: what happened before D counts. Default: the day after the last event."
    ),
    known_at: str | None = typer.Option(
        None, help="Instant (ISO 8601): only what had been loaded by then counts. Default: now."
    ),
    full_refresh: bool = typer.Option(False, help="Rebuild the warehouse from raw."),
) -> None:
    """Run the whole job: landing to publication."""
    day, instant = _day(as_of) if as_of else None, _instant(known_at) if known_at else None
    from orchestration.cli.run import run_job

    raise typer.Exit(run_job(_home(), day, instant, full_refresh))


@app.command()
def status() -> None:
    """Show sources, the last run, open checks, quarantine and warnings."""
    from orchestration.cli.status import show_status

    show_status(_home())


@app.command()
def explain(
    customer_id: str | None = typer.Argument(None),
    source: str | None = typer.Option(None, help="Name the customer by a source's record: its source …"),
    record: str | None = typer.Option(None, help="… and its id there."),
    as_of: str | None = typer.Option(None, help="Points, tier and warning of this day. Default: the published one."),
) -> None:
    """Show why a customer is one customer, has these values, this tier, and this warning."""
    from orchestration.cli.explain import show_customer

    show_customer(_home(), customer_id, source, record, _day(as_of) if as_of else None)


@app.command()
def plan(
    criteria: Path | None = typer.Option(
        None, help="The changed criteria.yml. Default: that of the configuration, against the published one."
    ),
    moves: int = typer.Option(10, min=0, help="How many of the largest moves to name."),
    names: bool = typer.Option(False, help="Show whole names, for those who may read the restricted file."),
) -> None:
    """Show who would move under changed criteria; change nothing."""
    from orchestration.cli.plan import show_plan

    raise typer.Exit(show_plan(_home(), criteria, moves, names))


@app.command("apply")
def apply_criteria(plan: str = typer.Argument(help="The hash that `strata plan` printed.")) -> None:
    """Put the criteria of a plan into force and publish, if data and criteria are still those it was made on."""
    from orchestration.cli.plan import apply_plan

    raise typer.Exit(apply_plan(_home(), plan))


@app.command()
def link(
    one: str = typer.Argument(help="A customer_id, or a record as `strata explain` shows it."),
    other: str = typer.Argument(help="The other."),
    reason: str = typer.Option(help="Why, in a few words without personal data."),
) -> None:
    """Decide that two are one customer, whatever keys and model say."""
    from orchestration.cli.decide import decide_link

    decide_link(_home(), one, other, reason)


@app.command()
def unlink(
    one: str = typer.Argument(help="A customer_id, or a record as `strata explain` shows it."),
    other: str = typer.Argument(help="The other; the record's own customer takes the record out of it."),
    reason: str = typer.Option(help="Why, in a few words without personal data."),
) -> None:
    """Decide that two are not one customer, whatever keys and model say."""
    from orchestration.cli.decide import decide_unlink

    decide_unlink(_home(), one, other, reason)


@app.command()
def undo(
    event_id: str = typer.Argument(help="An event of identity_events: a merge, a decision, or an undo."),
    reason: str = typer.Option("taken back", help="Why, in a few words without personal data."),
) -> None:
    """Take back a merge or a decision; the state before comes back with the next run."""
    from orchestration.cli.decide import decide_undo

    decide_undo(_home(), event_id, reason)


@app.command()
def erase(
    customer: list[str] = typer.Option([], help="A person's customer_id; each of these may be given again."),
    email: list[str] = typer.Option([], help="Or an e-mail address of theirs."),
    phone: list[str] = typer.Option([], help="Or a telephone number of theirs."),
    again: bool = typer.Option(False, "--again", help="All who were erased before: after a backup was restored."),
    reason: str = typer.Option(help="Why, in a few words without personal data."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Only count what would go; change nothing."),
) -> None:
    """Erase persons from everything that is kept, publish the rest again, and prove it."""
    asked = [
        *(("customer", id) for id in customer),
        *(("email", text) for text in email),
        *(("phone", text) for text in phone),
    ]
    if not asked or not reason.strip():
        _fail("erase: found nobody or no reason; allowed: --customer, --email, --phone or --again, and a --reason", 2)
    from orchestration.cli.erase import erase_persons

    raise typer.Exit(erase_persons(_home(), asked, reason.strip(), dry_run))


@review_app.command("export")
def review_export(to: Path = typer.Option(help="The CSV to write; it holds personal data.")) -> None:
    """Write the open pairs, the likeliest first, with a column for the answer."""
    from orchestration.cli.review import export

    export(_home(), to)


@review_app.command("import")
def review_import(file: Path) -> None:
    """Take the answers as decisions, all or none."""
    from orchestration.cli.review import take

    take(_home(), file)


@app.command()
def validate() -> None:
    """Check configuration, sources and environment; change nothing."""
    from orchestration.cli.validate import check_installation

    raise typer.Exit(check_installation(_home()))


@app.command()
def publish(
    to: str = typer.Option(",".join(TARGETS), help="What to write, with commas between: duckdb, parquet, xlsx, html."),
) -> None:
    """Publish again what passed its checks, and write its reports."""
    targets = _targets(to)
    from orchestration.cli.publish import publish_again

    raise typer.Exit(publish_again(_home(), targets))


@app.command()
def criteria(
    to: Path | None = typer.Option(None, help="Write the page to this file (HTML). Default: print the words."),
) -> None:
    """Tell the criteria in plain words, in Chinese and English."""
    from orchestration.cli.criteria import tell_criteria

    tell_criteria(to)


@app.command()
def dev(port: int = typer.Option(3000), host: str = typer.Option("127.0.0.1")) -> None:
    """Open the Dagster UI with its daemon, schedule and sensor."""
    from orchestration.cli.dev import serve

    raise typer.Exit(serve(_home(), host, port))


@app.command()
def bench(
    name: str = typer.Argument(help="run, landing, identity, segmentation, churn or serving"),
    size: str = typer.Option("small", help="small, 20k, 100k, 1m or 3m"),
    json: Path | None = typer.Option(None, help="Write the figures to this file."),
) -> None:
    """Measure against the limit, in the same call."""
    from orchestration.cli.bench import BENCHES, run_bench
    from orchestration.cli.bench_sample import SIZES

    if name not in BENCHES or size not in SIZES:
        _fail(f"bench: found {name} --size {size}; allowed: {', '.join(BENCHES)} --size {', '.join(SIZES)}", 2)
    raise typer.Exit(run_bench(name, size, json))


@app.command()
def deliver(
    again: str | None = typer.Option(None, help="An uncertain message that did not arrive: its warnings go out again."),
) -> None:
    """Send each owner the digest of churn warnings that they were not told of yet."""
    from orchestration.cli.deliver import deliver_now

    raise typer.Exit(deliver_now(_home(), again))


@warnings_app.command("export")
def warnings_export(
    to: Path = typer.Option(help="The CSV to write."),
    owner: str | None = typer.Option(None, help="Only the warnings of this owner."),
) -> None:
    """Write the running warnings as CSV, to be told what came of them."""
    from orchestration.cli.warnings import export

    export(_home(), to, owner)


@warnings_app.command("import")
def warnings_import(file: Path) -> None:
    """Take what came of warnings: contacted, saved or lost, and on which day."""
    from orchestration.cli.warnings import take

    raise typer.Exit(take(_home(), file))


@quarantine_app.command("list")
def quarantine_list() -> None:
    """Count refused rows by source, rule and reason."""
    from orchestration.cli.quarantine import show_groups

    show_groups(_home())


@quarantine_app.command("show")
def quarantine_show(
    quarantine_id: str | None = typer.Argument(None, help="One row, with its bytes."),
    source: str | None = typer.Option(None),
    rule: str | None = typer.Option(None),
    limit: int = typer.Option(20, min=1),
) -> None:
    """Show refused rows: file, line, column, rule, reason."""
    from orchestration.cli.quarantine import show_rows

    show_rows(_home(), quarantine_id, source, rule, limit)


@quarantine_app.command("export")
def quarantine_export(
    to: Path = typer.Option(help="The folder to write to: one CSV a source and entity."),
    source: str | None = typer.Option(None),
    entity: str | None = typer.Option(None),
    rule: str | None = typer.Option(None),
) -> None:
    """Write open rows as CSV, with the reason of each, to be mended and replayed."""
    from orchestration.cli.quarantine import export

    raise typer.Exit(export(_home(), to, source, entity, rule))


@quarantine_app.command("replay")
def quarantine_replay(
    files: list[Path] = typer.Option([], "--file", help="An exported CSV with mended rows; may be given again."),
    source: str | None = typer.Option(None),
    entity: str | None = typer.Option(None),
) -> None:
    """Read refused rows again: mended in the CSV, in sources.yml, or by the source in a later file."""
    from orchestration.cli.quarantine import replay

    raise typer.Exit(replay(_home(), files, source, entity))


@quarantine_app.command("discard")
def quarantine_discard(quarantine_ids: list[str]) -> None:
    """Close rows that nobody will mend. They stay counted as quarantined."""
    from orchestration.cli.quarantine import give_up

    raise typer.Exit(give_up(_home(), quarantine_ids))


def main() -> None:
    """Runs the command; an error that a user can mend ends in one clear line and its exit code."""
    home = Home.from_environment()
    os.environ.setdefault("DAGSTER_HOME", str(home.dagster))
    try:
        app()
    except (SettingsErrors, KeptLinesDamaged) as errors:
        _fail(str(errors), 2)
    except RunLocked as locked:
        _fail(str(locked), LOCKED)


def _home() -> Home:
    return Home.from_environment().ensure()


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        _fail(f"--as-of: found {text!r}; allowed: a day such as 2026-07-01", 2)


def _targets(text: str) -> list[str]:
    """What `strata publish --to` names, each once."""
    named = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if "postgres" in named:
        _fail(f"--to: postgres is not configured: no publication to PostgreSQL yet; allowed: {', '.join(TARGETS)}", 2)
    unknown = [name for name in named if name not in TARGETS]
    if unknown or not named:
        _fail(f"--to: found {', '.join(unknown) or 'nothing'}; allowed: {', '.join(TARGETS)}", 2)
    return named


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        _fail(
            f"--known-at: found {text!r}; allowed: an instant such as 2026-07-01T06:00:00+08:00 (UTC if it has no offset)",
            2,
        )
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _fail(message: str, code: int) -> NoReturn:
    print(message, file=sys.stderr)
    sys.exit(code)
