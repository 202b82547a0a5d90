"""Franchise outlets: sales line by line, the customer is a phone number typed at the till."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.sample.baskets import Orders
from orchestration.sample.channels.common import of, product_texts
from orchestration.sample.chunk import BUSINESS_TIMEZONE
from orchestration.sample.rows import Rows
from orchestration.sample.spelling import store_phone
from orchestration.sample.text import choose, code, keep, moments, money, pick, whole
from orchestration.sample.truth import references
from orchestration.sample.world import World


def make_outlets(world: World, orders: Orders) -> tuple[Rows, pa.Table]:
    """Sales with the phone that was typed: mostly the own one, the family's, the shop's or a placeholder."""
    lines, people = orders.lines, world.people
    odd = np.random.default_rng([world.chunk.seed, world.chunk.number, 5]).random(len(people))[orders.who]
    shared = of(people.phone_shared, orders.who)
    phone = choose(np.array(shared.is_valid()) & (odd < 0.3), shared, of(people.phone, orders.who))
    outlet = people.city[orders.who] % 5
    own = odd < 0.96
    phone = choose(
        own, phone, choose(odd < 0.98, store_phone(outlet), pick(("13800000000",), np.zeros(len(orders), dtype=int)))
    )
    typed, product, at = pc.replace_substring_regex(phone, r"^\+86", ""), product_texts(lines), orders.at[lines.order]
    rows = Rows("outlets", "sales", {
        "单号": of(code("F", world.chunk.identifiers(len(orders)), 10), lines.order), "序号": whole(lines.number),
        "手机": of(typed, lines.order),
        "网点": pick(("F1", "F2", "F3", "F4", "F5"), outlet[lines.order]),
        "销售时间": moments(at, "%Y-%m-%d %H:%M:%S", BUSINESS_TIMEZONE),
        "货号": product["product_id"], "品名": product["name"], "品类": product["category"],
        "件数": whole(lines.quantity),
        "单价": money(lines.price), "金额": money(lines.amount),
    }, at)  # fmt: skip
    real = own & np.array(phone.is_valid())
    return rows, references("outlets", "phone", keep(typed, real), keep(phone, real), of(people.true_id, orders.who))
