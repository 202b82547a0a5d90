"""Writes the sample: landing files of all channels, and the truth beside them, chunk by chunk. The door is
`generate`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial

from orchestration.sample.channels import CHANNELS
from orchestration.sample.chunk import Chunk, Span
from orchestration.sample.dirt import soil
from orchestration.sample.files import LandingFiles
from orchestration.sample.layout import LAYOUTS
from orchestration.sample.reference import make_reference
from orchestration.sample.truth_files import TruthFiles
from orchestration.sample.world import make_world
from orchestration.settings.home import Home

CHUNK_CUSTOMERS = 20_000
CUSTOMERS_A_STORE = 2_500
FEWEST_STORES, MOST_STORES = 3, 40
SMALL_SAMPLE = 1_000
LARGEST_SAMPLE = 3_500_000
"""Beyond this the numbers behind telephones would repeat."""


@dataclass(frozen=True)
class SampleSummary:
    """What was written. `records`: person and company records of all sources; `broken`, `repeated`: planted dirt."""

    customers: int
    records: int
    references: int
    files: int
    rows: int
    broken: int
    repeated: int
    rows_by_block: dict[str, int]


def generate(
    home: Home,
    customers: int,
    days: int,
    seed: int,
    as_of: date,
    progress: Callable[[str, float], None] = lambda part, share: None,
    chunk_customers: int = CHUNK_CUSTOMERS,
) -> SampleSummary:
    """Writes `customers` persons over the `days` before `as_of`; the same arguments give the same bytes.

    `progress` gets the name of the part under work and the share done (0-1). Files go to
    `home.landing/<source>/<block>/`,
    the truth to `home.truth`; files of the same name are replaced. Raises ValueError for sizes out of range.
    """
    if not 1 <= customers <= LARGEST_SAMPLE or days < 30 or chunk_customers < 1:
        raise ValueError(f"customers 1 to {LARGEST_SAMPLE}, days 30 or more; found {customers}, {days}")
    span, landing = Span(as_of, days), LandingFiles(home.landing, Span(as_of, days), customers < SMALL_SAMPLE)
    truth = TruthFiles(home.truth)
    stores = min(MOST_STORES, max(FEWEST_STORES, customers // CUSTOMERS_A_STORE))
    for number, first in enumerate(range(0, customers, chunk_customers)):
        chunk = Chunk(seed, number, first, min(chunk_customers, customers - first), span, stores)
        _write_chunk(chunk, landing, truth, partial(_tell, progress, chunk, customers))
    progress("workbooks", 1.0)
    landing.close()
    truth.close(landing)
    return _summary(customers, landing, truth)


def _tell(progress: Callable[[str, float], None], chunk: Chunk, customers: int, part: str, share: float) -> None:
    progress(part, (chunk.first + share * chunk.size) / customers)


def _write_chunk(
    chunk: Chunk, landing: LandingFiles, truth: TruthFiles, progress: Callable[[str, float], None]
) -> None:
    progress("customers", 0.0)
    world = make_world(chunk)
    rows, yields = make_reference(chunk) if chunk.number == 0 else [], []
    for place, (name, make) in enumerate(CHANNELS.items()):
        progress(name, 0.1 + 0.9 * place / len(CHANNELS))
        yields.append(make(world))
        for part in [*rows, *yields[-1].rows]:
            landing.add(soil(chunk, part, LAYOUTS[part.source, part.block]))
        rows = []
    truth.add(world, yields)


def _summary(customers: int, landing: LandingFiles, truth: TruthFiles) -> SampleSummary:
    by_block: dict[str, int] = {}
    for name, count in sorted(landing.rows_of.items()):
        block = name.rsplit("/", 1)[0]
        by_block[block] = by_block.get(block, 0) + count
    return SampleSummary(
        customers, truth.counts["records"], truth.counts["references"], len(landing.rows_of), sum(by_block.values()),
        len(landing.broken), sum(landing.repeats.values()), by_block,
    )  # fmt: skip
