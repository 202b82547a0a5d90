"""Lands one folder, or reads one configuration, in a process of its own; says as JSON what came of it, its work, its size.

Called by tests of memory only: `python -m tests.faults.landing_child land <home> <format as JSON>` or `... settings <folder>`.
"""

import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orchestration.landing import land_block
from orchestration.settings import Home, load_settings
from orchestration.settings.errors import SettingsErrors
from orchestration.settings.sources import SourcesFile

ORDERS: dict[
    str, Any
] = {  # as in the tests of landing; their module would bring pytest into the process that is measured
    "entity": "orders",
    "key": ["id"],
    "columns": {"order_id": "id", "person_ref": "customer", "ordered_at": "at", "net_amount": "net", "status": "state"},
    "values": {"status": {"已完成": "completed"}},
}


def land(root: str, form: str) -> dict[str, Any]:
    source = {"channel": "store", "trust": 10, "entities": {"things": {**ORDERS, "format": json.loads(form)}}}
    settings = SourcesFile.model_validate({"sources": {"shop": source}})
    report = land_block(Home(Path(root)), settings, "shop", "things", "load-1", datetime(2026, 3, 1, 4, 0, tzinfo=UTC))
    return {"failed": report.failed, "files": [vars(file) for file in report.files]}


def settings(folder: str) -> dict[str, Any]:
    try:
        load_settings(Path(folder))
    except SettingsErrors as errors:
        return {"refused": str(errors)}
    return {"refused": ""}


def peak_megabytes() -> float:
    """The largest resident size since exec; ru_maxrss would bring along the size of the process that forked this one."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


if __name__ == "__main__":
    action: Callable[..., dict[str, Any]] = {"land": land, "settings": settings}[sys.argv[1]]
    began = time.process_time()  # all threads; to wait for others on the same cores is not the file's doing
    result = action(*sys.argv[2:])
    result |= {"seconds": time.process_time() - began, "megabytes": peak_megabytes()}
    sys.stdout.write(json.dumps(result, default=str))
