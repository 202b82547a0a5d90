"""The cross-border marketplace: buyers, orders and lines, tab-separated, decimal comma, Berlin time, order numbers
that repeat."""

import numpy as np

from orchestration.sample.baskets import Orders
from orchestration.sample.channels.common import city_texts, currency_of, of, product_texts, statuses, totals, truth_of
from orchestration.sample.chunk import DAY
from orchestration.sample.records import Records, identify
from orchestration.sample.rows import Rows
from orchestration.sample.spelling import Habit
from orchestration.sample.text import Text, code, draw, join, moments, money, pick, whole
from orchestration.sample.truth import Yield
from orchestration.sample.world import World

TIME = "%d.%m.%Y %H:%M:%S"
HABIT = Habit(email=0.62, phone=0.86, latin=0.55, nickname=0.12, typo=0.03)
STATE_WORDS = ("PAID", "PAID", "SENT", "DONE", "VOID", "SANDBOX")


def make_marketplace(world: World) -> Yield:
    """Buyers, orders and lines of the marketplace."""
    customers = len(world.people)
    records = identify(
        world.chunk,
        world.people,
        world.presence.who("marketplace"),
        "marketplace",
        HABIT,
        world.orders.first_seen("marketplace", customers),
    )
    numbers = world.chunk.identifiers(len(records), 4)
    ids = code("MB", numbers[records.number], 9)
    orders = world.orders.of("marketplace")
    buyer = code("MB", numbers[records.account_of(customers)[orders.who]], 9)
    rows = [_buyers(records, ids), *_order_files(world, orders, buyer)]
    return Yield([part for part in rows if len(part)], [truth_of("marketplace", "buyers", records, ids, world.people)])


def _stamp(at: np.ndarray) -> Text:
    return moments(at, TIME, "Europe/Berlin")


def _buyers(records: Records, ids: Text) -> Rows:
    place = city_texts(records.city, native=False)
    return Rows("marketplace", "buyers", {
        "buyer_id": ids, "display_name": records.full_name, "contact_mail": records.email,
        "contact_phone": records.phone_typed,
        "ship_to": join(", ", records.street, place["city"]), "city": place["city"], "country": place["country"],
        "first_seen": _stamp(records.created), "last_change": _stamp(records.updated),
    }, records.updated)  # fmt: skip


def _numbers(orders: Orders) -> Text:
    """Year, month and the count of the buyer's orders: many buyers have the same number."""
    count = np.zeros(len(orders), dtype=np.int64)
    by_buyer = np.lexsort((orders.at, orders.who))
    who = orders.who[by_buyer]
    starts = np.flatnonzero(np.concatenate([[True], who[1:] != who[:-1]])) if len(who) else np.empty(0, dtype=np.int64)
    count[by_buyer] = np.arange(len(who)) - np.repeat(starts, np.diff(np.append(starts, len(who))))
    return join("-", moments(orders.at, "%Y%m", "Europe/Berlin"), whole(count + 1, 5))


def _order_files(world: World, orders: Orders, buyer: Text) -> list[Rows]:
    rng, number = world.chunk.rng("marketplace/orders"), _numbers(orders)
    status = statuses(rng, orders, world.chunk.span.end)
    goods, rebate = totals(orders)
    changed = np.minimum(orders.at + rng.integers(3600, 5 * DAY, len(orders)), world.chunk.span.end - 1)
    ordered, product = _stamp(orders.at), product_texts(orders.lines)
    final = Rows("marketplace", "orders", {
        "order_id": number, "buyer_id": buyer, "order_time": ordered, "state": pick(STATE_WORDS, status),
        "currency": currency_of(orders),
        "item_total": money(goods, ","), "promo": money(rebate, ","), "postage": money(np.full(len(orders), 490), ","),
        "paid": money(goods - rebate + 490, ","),
        "pay_type": pick(("card", "paypal", "alipay"), draw(rng, (3, 2, 1), len(orders))),
        "last_change": _stamp(changed),
    }, changed)  # fmt: skip
    of_order = orders.lines.order
    lines = Rows("marketplace", "order_lines", {
        "order_id": of(number, of_order), "buyer_id": of(buyer, of_order), "pos": whole(orders.lines.number),
        "order_time": of(ordered, of_order),
        "currency": of(currency_of(orders), of_order), "article": product["product_id"],
        "article_name": product["name"],
        "category": product["category"], "brand": product["brand"], "amount": whole(orders.lines.quantity),
        "item_price": money(orders.lines.price, ","), "promo": money(orders.lines.rebate, ","),
    }, orders.at[of_order])  # fmt: skip
    return [final, lines]
