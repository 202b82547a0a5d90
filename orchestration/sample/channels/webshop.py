"""The web shop: accounts, orders, lines, refunds and consents, with dates like 31/12/2025 and several currencies."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from orchestration.sample.baskets import Orders
from orchestration.sample.channels.common import (
    STATUSES,
    city_texts,
    currency_of,
    of,
    product_texts,
    statuses,
    totals,
    truth_of,
)
from orchestration.sample.chunk import BUSINESS_TIMEZONE, DAY
from orchestration.sample.records import Records, identify
from orchestration.sample.rows import Rows, concat
from orchestration.sample.spelling import Habit
from orchestration.sample.text import Text, choose, code, constant, days, draw, keep, moments, money, pick, texts, whole
from orchestration.sample.truth import Yield
from orchestration.sample.world import World

TIME = "%d/%m/%Y %H:%M:%S"
HABIT = Habit(email=0.97, phone=0.88, latin=0.06, typo=0.02, again=0.03)
STATUS_WORDS = ("待付款", "已付款", "已发货", "已完成", "已取消", "测试")
REASONS = ("wrong size", "damaged", "late", "changed mind")


@dataclass(frozen=True)
class Shop:
    """The shop's orders with the texts that several exports repeat."""

    world: World
    orders: Orders
    order_no: Text
    account: Text
    ordered: Text


def make_webshop(world: World) -> Yield:
    """All files of the web shop but the catalogue."""
    orders = world.orders.of("webshop")
    records = identify(
        world.chunk,
        world.people,
        world.presence.who("webshop"),
        "webshop",
        HABIT,
        world.orders.first_seen("webshop", len(world.people)),
    )
    ids = code("AC", world.chunk.identifiers(len(records), 4)[records.number], 9)
    account = code("AC", world.chunk.identifiers(len(records), 4)[records.account_of(len(world.people))[orders.who]], 9)
    shop = Shop(world, orders, code("W", world.chunk.identifiers(len(orders)), 10), account, _stamp(orders.at))
    rows = [_accounts(world, records, ids), *_order_files(shop), _consents(world, records, ids)]
    return Yield([part for part in rows if len(part)], [truth_of("webshop", "accounts", records, ids, world.people)])


def _stamp(at: np.ndarray) -> Text:
    return moments(at, TIME, BUSINESS_TIMEZONE)


def _accounts(world: World, records: Records, ids: Text) -> Rows:
    rng, place = world.chunk.rng("webshop/accounts"), city_texts(records.city, native=True)
    birthday = days(records.birth, "%d/%m/%Y")
    odd = rng.random(len(records))
    birthday = choose(
        odd < 0.01,
        texts(["30/02/1990"] * len(records)),
        choose(odd < 0.03, constant("01/01/1900", len(records)), birthday),
    )
    card = keep(
        of(world.people.card, records.who),
        world.presence.flags["loyalty"][records.who] & (rng.random(len(records)) < 0.35),
    )
    return Rows("webshop", "accounts", {
        "account_id": ids, "name": records.full_name, "e_mail": records.email, "mobile": records.phone_typed,
        "birthday": keep(birthday, rng.random(len(records)) < 0.6),
        "sex": keep(pick(("男", "女"), (world.people.gender)[records.who]), rng.random(len(records)) < 0.7),
        "street": records.street, "district": constant(None, len(records)), "city": place["city"],
        "province": place["region"],
        "postcode": place["postcode"], "country": place["country"], "loyalty_card": card,
        "registered": _stamp(records.created),
        "changed": _stamp(records.updated), "newsletter": pick(("0", "1"), rng.integers(0, 2, len(records))),
    }, records.updated)  # fmt: skip


def _order_files(shop: Shop) -> list[Rows]:
    rng, orders = shop.world.chunk.rng("webshop/orders"), shop.orders
    status = statuses(rng, orders, shop.world.chunk.span.end)
    goods, rebate = totals(orders)
    shipping = np.where(goods - rebate > 20_000, 0, 1_200)
    net = goods - rebate + shipping
    changed = np.minimum(orders.at + rng.integers(3600, 6 * DAY, len(orders)), shop.world.chunk.span.end - 1)
    changed = np.where(status <= 1, orders.at, changed)
    final = Rows("webshop", "orders", {
        "order_no": shop.order_no, "account_id": shop.account, "ordered": shop.ordered,
        "status": pick(STATUS_WORDS, status),
        "currency": currency_of(orders), "goods": money(goods), "rebate": money(rebate), "shipping": money(shipping),
        "tax": money(goods * 6 // 106), "total": money(net),
        "payment": pick(("alipay", "wechat", "card", "invoice"), draw(rng, (5, 4, 2, 0.3), len(orders))),
        "voucher": keep(code("V", rng.integers(1, 60, len(orders)), 2), rebate > 0),
        "engraving": pick(("0", "1"), (rng.random(len(orders)) < 0.02).astype(int)),
        "changed": _stamp(changed),
    }, changed)  # fmt: skip
    early = np.flatnonzero((status >= 2) & (changed > orders.at) & (rng.random(len(orders)) < 0.2))
    first = final.take(early).with_column("status", constant("已付款", len(early)))
    first = Rows(
        first.source,
        first.block,
        {**first.columns, "changed": shop.ordered.take(pa.array(early, pa.int64()))},
        orders.at[early],
    )
    return [concat([final, first]), _lines(shop), _refunds(shop, rng, status, net)]


def _lines(shop: Shop) -> Rows:
    lines, product = shop.orders.lines, product_texts(shop.orders.lines)
    at = shop.orders.at[lines.order]
    return Rows("webshop", "order_lines", {
        "order_no": of(shop.order_no, lines.order), "line": whole(lines.number),
        "account_id": of(shop.account, lines.order),
        "ordered": of(shop.ordered, lines.order), "currency": of(currency_of(shop.orders), lines.order),
        "sku": product["product_id"],
        "title": product["name"], "category": product["category"], "brand": product["brand"],
        "qty": whole(lines.quantity),
        "price": money(lines.price), "rebate": money(lines.rebate),
    }, at)  # fmt: skip


def _refunds(shop: Shop, rng: np.random.Generator, status: np.ndarray, net: np.ndarray) -> Rows:
    """5 % of the completed orders come back in part or whole within a month."""
    at = shop.orders.at + rng.integers(3 * DAY, 30 * DAY, len(status))
    sent = np.flatnonzero(
        (STATUSES.index("completed") == status) & (rng.random(len(status)) < 0.05) & (at < shop.world.chunk.span.end)
    )
    part = rng.choice([100, 100, 50, 30], len(sent))
    return Rows("webshop", "refunds", {
        "refund_no": code("R", shop.world.chunk.identifiers(len(sent)), 10), "order_no": of(shop.order_no, sent),
        "refunded": _stamp(at[sent]),
        "amount": money(net[sent] * part // 100), "currency": of(currency_of(shop.orders), sent),
        "reason": pick(REASONS, rng.integers(0, 4, len(sent))),
    }, at[sent])  # fmt: skip


def _consents(world: World, records: Records, ids: Text) -> Rows:
    """One decision at registration; some take it back later."""
    rng, first = world.chunk.rng("webshop/consents"), np.flatnonzero(records.is_first)
    given = records.created[first] + 30
    later = given + rng.integers(DAY, 400 * DAY, len(first))
    back = np.flatnonzero((rng.random(len(first)) < 0.08) & (later < world.chunk.span.end))
    at = np.concatenate([given, later[back]])
    state = np.concatenate([(rng.random(len(first)) < 0.3).astype(int), np.ones(len(back), dtype=int)])
    return Rows("webshop", "consents", {
        "account_id": of(ids, np.concatenate([first, first[back]])), "purpose": constant("marketing", len(at)),
        "state": pick(("opt-in", "opt-out"), state), "given": _stamp(at),
    }, at)  # fmt: skip
