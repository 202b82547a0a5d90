"""`strata demo`: the sample data, with a progress bar."""

from datetime import date

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from orchestration.sample import generate
from orchestration.settings import Home


def write_sample(home: Home, customers: int, days: int, seed: int, as_of: date) -> None:
    """Writes landing files for all channels, and the truth into `state/truth/`, by which a run measures its links."""
    columns = (
        TextColumn("{task.description:<28}"),
        BarColumn(),
        TextColumn("{task.percentage:3.0f} %"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("sample data", total=1.0)
        summary = generate(
            home,
            customers,
            days,
            seed,
            as_of,
            lambda step, share: progress.update(task, description=step, completed=share),
        )
    Console(soft_wrap=True).print(
        f"{summary.rows:,} rows in {summary.files:,} files under {home.landing} (seed {seed}, as of {as_of})"
    )
