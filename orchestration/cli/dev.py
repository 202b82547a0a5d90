"""`strata dev`: the Dagster UI with its daemon, on this machine only."""

import subprocess
import sys
from pathlib import Path

from orchestration.cli.instance import dagster_instance
from orchestration.runlock import run_lock
from orchestration.settings import Home, load_settings

WORKSPACE = Path(__file__).resolve().parents[2] / "workspace.yaml"


def serve(home: Home, host: str, port: int) -> int:
    """Starts `dagster dev` and stays until it ends. The webserver has no log-in of its own: keep it on the loopback address."""
    load_settings()
    with run_lock(home, "strata dev (first start)"), dagster_instance(home):
        pass  # the first start creates the storage, and must be alone
    command = [sys.executable, "-m", "dagster", "dev", "-w", str(WORKSPACE), "-h", host, "-p", str(port)]
    return subprocess.run(command, check=False).returncode
