"""Where Strata keeps its data: the folders below STRATA_HOME, and nothing about what is in them."""

import os
from dataclasses import dataclass
from pathlib import Path

FOLDERS = ("landing", "archive", "raw", "warehouse", "serving", "reports", "dagster", "state")


@dataclass(frozen=True)
class Home:
    """The data root. Every path below it comes from here, so that a move of the root moves all."""

    root: Path

    @classmethod
    def from_environment(cls) -> "Home":
        return cls(Path(os.environ.get("STRATA_HOME", "var")).absolute())

    def ensure(self) -> "Home":
        """Makes the folders, for their owner only (0700)."""
        os.umask(0o077)
        for name in ("", *FOLDERS):
            folder = self.root / name
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)
        return self

    @property
    def landing(self) -> Path:
        return self.root / "landing"

    @property
    def archive(self) -> Path:
        return self.root / "archive"

    @property
    def raw(self) -> Path:
        """`raw/<canonical entity>/<source>/<block>/<sha256>.parquet`"""
        return self.root / "raw"

    @property
    def warehouse(self) -> Path:
        return self.root / "warehouse" / "strata.duckdb"

    @property
    def serving(self) -> Path:
        return self.root / "serving"

    @property
    def reports(self) -> Path:
        return self.root / "reports"

    @property
    def dagster(self) -> Path:
        return self.root / "dagster"

    @property
    def models(self) -> Path:
        """Kept linking models, `<version>.json`."""
        return self.state / "models" / "identity"

    @property
    def decisions(self) -> Path:
        """What people decided about customers, one JSON line each, never rewritten but by an erasure."""
        return self.state / "decisions.jsonl"

    @property
    def statements(self) -> Path:
        """The tiers that were published, `<as_of>/<known_at>_<criteria version>.parquet`, never rewritten but by an erasure."""
        return self.state / "statements"

    @property
    def warning_statements(self) -> Path:
        """The churn warnings that were published, named as `statements` are, never rewritten."""
        return self.state / "warnings"

    @property
    def tag_statements(self) -> Path:
        """The spells of tags that were published, named as `statements` are, never rewritten but by an erasure."""
        return self.state / "tags"

    @property
    def warning_results(self) -> Path:
        """What people told about warnings, one JSON line each, never rewritten."""
        return self.state / "warning_results.jsonl"

    @property
    def outbox(self) -> Path:
        """What was sent to whom, `<message id>.json`: ids of warnings, no text and no address."""
        return self.state / "outbox"

    @property
    def kept_criteria(self) -> Path:
        """Every set of criteria that was published with, `<version>/`, and since when each held, `ledger.jsonl`."""
        return self.state / "criteria"

    @property
    def plans(self) -> Path:
        """What `strata plan` found, `<plan id>/`: the changed criteria and who would move."""
        return self.state / "plans"

    @property
    def truth(self) -> Path:
        """Labels to measure the linking by, `records*.parquet` and `.csv`; of sample data all that is true about it."""
        return self.state / "truth"

    @property
    def state(self) -> Path:
        return self.root / "state"

    @property
    def ledger(self) -> Path:
        """One JSON manifest a landed file: `state/ledger/<source>/<block>/<sha256>.json`."""
        return self.state / "ledger"

    @property
    def quarantine(self) -> Path:
        """Raw bytes and reasons of refused rows: `state/quarantine/<source>/<block>/<sha256>.parquet`."""
        return self.state / "quarantine"

    @property
    def pulled(self) -> Path:
        """What was pulled last from each database: `state/pulled/<source>/<block>.parquet`."""
        return self.state / "pulled"

    @property
    def mends(self) -> Path:
        """Rows of refused files that people mended: `state/mends/<source>/<block>/<sha256>.parquet`."""
        return self.state / "mends"

    @property
    def dbt(self) -> Path:
        """What dbt compiled, and its log."""
        return self.state / "dbt"

    @property
    def run_lock(self) -> Path:
        """The file that the one writer locks."""
        return self.state / "run.lock"

    @property
    def erasures(self) -> Path:
        """Of each erasure its receipt `<id>.json` and the keys `<id>.keys.json` by which nobody comes back."""
        return self.state / "erasures"

    @property
    def erasure_key(self) -> Path:
        """The secret of these keys, unless the environment names one."""
        return self.state / "erasure.key"

    @property
    def temporary(self) -> Path:
        return self.state / "tmp"


SHIPPED = Path(__file__).resolve().parents[1] / "config"


def config_folder() -> Path:
    """The configuration folder: STRATA_CONFIG, or the one shipped with the package."""
    return Path(os.environ.get("STRATA_CONFIG", SHIPPED)).absolute()


def config_file(folder: Path, name: str) -> Path:
    """The file of that name in the configuration folder; the shipped one if the folder has none of its own."""
    own = folder / name
    return own if own.exists() else SHIPPED / name
