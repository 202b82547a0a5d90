"""The sending process, see deliver.py: `python -m orchestration.delivery HOME`."""

import sys
from pathlib import Path

from orchestration.delivery.deliver import main
from orchestration.settings import Home

main(Home(Path(sys.argv[1])))
