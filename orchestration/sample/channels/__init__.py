"""One module per channel: what it knows of the customers of a chunk, written in its own columns.

A new channel is a module with a function `World -> Yield`, an entry in `CHANNELS`, its files in `layout.py` and its
block in
`config/sources.yml`. No format of a file and no broken row is made here.
"""

from collections.abc import Callable

from orchestration.sample.channels.acquired import make_acquired
from orchestration.sample.channels.crm import make_crm
from orchestration.sample.channels.digital import make_digital
from orchestration.sample.channels.marketplace import make_marketplace
from orchestration.sample.channels.research import make_research
from orchestration.sample.channels.stores import make_stores
from orchestration.sample.channels.support import make_support
from orchestration.sample.channels.webshop import make_webshop
from orchestration.sample.truth import Yield
from orchestration.sample.world import World

CHANNELS: dict[str, Callable[[World], Yield]] = {
    "webshop": make_webshop,
    "marketplace": make_marketplace,
    "stores": make_stores,
    "digital": make_digital,
    "crm": make_crm,
    "support": make_support,
    "research": make_research,
    "acquired": make_acquired,
}
