"""`strata criteria`: what the configuration says of classes, owners and strategies, in plain words."""

from pathlib import Path

from rich.console import Console

from orchestration.reports import criteria_page, sections
from orchestration.settings import load_settings

console = Console()


def tell_criteria(to: Path | None) -> None:
    """Writes the page to `to`, or prints the words. Needs no data."""
    settings = load_settings()
    if to is not None:
        to.write_text(criteria_page(settings, None), encoding="utf-8")
        console.print(f"written: {to}", highlight=False, soft_wrap=True)
        return
    console.print(f"criteria 标准 {settings.criteria_version}", highlight=False)
    for section in sections(settings):
        console.print(f"\n[bold]{section.zh} {section.en}[/bold]  ({section.source})", highlight=False)
        for line in section.lines:
            for text in (line.zh, line.en):
                console.print("  " * (line.depth + 1) + text, highlight=False, markup=False, soft_wrap=True)
