"""Physical stores: loyalty members, tills of our own stores (by card) and of franchise outlets (by phone), in
GB18030."""

import numpy as np

from orchestration.sample import catalogue
from orchestration.sample.baskets import Lines, Orders
from orchestration.sample.channels.common import city_texts, of, product_texts, truth_of
from orchestration.sample.channels.outlets import make_outlets
from orchestration.sample.chunk import BUSINESS_TIMEZONE, DAY
from orchestration.sample.records import Records, identify
from orchestration.sample.rows import Rows, concat
from orchestration.sample.spelling import Habit
from orchestration.sample.text import Text, choose, code, days, draw, join, keep, moments, money, pick, whole
from orchestration.sample.truth import Yield, references
from orchestration.sample.world import World

HABIT = Habit(email=0.4, phone=0.95, latin=0.0, typo=0.04, shop_phone=0.012, title_only=0.05, again=0.02)
LATE_SHARE = 0.06
"""Share of the files of a store and month that arrive about two months late."""


def make_stores(world: World) -> Yield:
    """Members, receipts of the stores, sales of the outlets."""
    customers = len(world.people)
    records = identify(
        world.chunk,
        world.people,
        world.presence.who("loyalty"),
        "loyalty",
        HABIT,
        world.orders.first_seen("loyalty", customers),
    )
    cards = _cards(world, records)
    tills = world.orders.of("loyalty")
    card = pick(cards, np.where(tills.who < 0, -1, records.account_of(customers)[tills.who]))
    outlet_rows, outlet_truth = make_outlets(world, world.orders.of("outlets"))
    rows = [_members(world, records, cards), _sales(world, tills, card), outlet_rows]
    card_truth = references("stores", "loyalty_id", card, card, of(world.people.true_id, tills.who))
    truth = [truth_of("loyalty", "members", records, cards, world.people)]
    return Yield([part for part in rows if len(part)], truth, [card_truth, outlet_truth])


def _cards(world: World, records: Records) -> Text:
    """The card of each record; a person that signed up twice has a second card."""
    twice = np.concatenate([[False], records.who[1:] == records.who[:-1]]) if len(records) else np.empty(0, dtype=bool)
    second = twice & records.is_first
    again = np.isin(records.number, records.number[second])
    return choose(again, code("LD", world.chunk.first + records.who, 8), of(world.people.card, records.who))


def _members(world: World, records: Records, cards: Text) -> Rows:
    rng, size = world.chunk.rng("loyalty/members"), len(records)
    place = city_texts(records.city, native=True)
    return Rows("loyalty", "members", {
        "会员卡号": cards, "姓名": records.full_name, "手机": records.phone_typed, "邮箱": records.email,
        "生日": keep(days(records.birth, "%Y/%m/%d"), rng.random(size) < 0.75),
        "性别": pick(("男", "女", "未知"), np.where(rng.random(size) < 0.1, 2, world.people.gender[records.who])),
        "城市": place["city"], "地址": records.street, "入会时间": _minute(records.created),
        "更新时间": _minute(records.updated),
        "积分": whole(rng.integers(0, 9000, size)),
    }, records.updated)  # fmt: skip


def _minute(at: np.ndarray) -> Text:
    return moments(at, "%Y/%m/%d %H:%M", BUSINESS_TIMEZONE)


def _sales(world: World, orders: Orders, card: Text) -> Rows:
    """Receipts line by line, files by store; some come late, a few are returns without a receipt to refer to."""
    rng, lines = world.chunk.rng("stores/sales"), orders.lines
    store = _home_store(world, rng, orders)
    number = world.chunk.identifiers(len(orders))
    receipt = join(
        "-",
        pick(catalogue.store_codes(world.chunk.stores), store),
        moments(orders.at, "%y%m%d", BUSINESS_TIMEZONE),
        whole(number, 6),
    )
    known_at = _arrival(world, store, orders.at)
    payment = pick(("现金", "微信", "支付宝", "银行卡"), draw(rng, (1, 4, 3, 1), len(orders)))
    sold = _receipt_lines(lines, orders, (receipt, card, payment, store, known_at))
    back = np.flatnonzero(rng.random(len(lines.order)) < 0.012)
    return concat([sold, _returns(world, sold.take(back), orders.at[lines.order][back])])


def _home_store(world: World, rng: np.random.Generator, orders: Orders) -> np.ndarray:
    """Customers go to one store, four times in five."""
    home = world.people.index % world.chunk.stores
    other = rng.integers(0, world.chunk.stores, len(orders))
    return np.where((orders.who >= 0) & (rng.random(len(orders)) < 0.8), home[orders.who], other)


def _arrival(world: World, store: np.ndarray, at: np.ndarray) -> np.ndarray:
    """When the till's rows reach us: with their month, or two months later for a few stores and months (the same in
    all chunks)."""
    month = at.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64)
    rng = np.random.default_rng([world.chunk.seed, 77])
    late = rng.random((world.chunk.stores, 1200)) < LATE_SHARE
    return np.where(late[store, month % 1200] & (at + 62 * DAY < world.chunk.span.end), at + 62 * DAY, at)


def _receipt_lines(lines: Lines, orders: Orders, texts: tuple[Text, Text, Text, np.ndarray, np.ndarray]) -> Rows:
    receipt, card, payment, store, known_at = texts
    product = product_texts(lines)
    return Rows("stores", "sales", {
        "小票号": of(receipt, lines.order), "行号": whole(lines.number),
        "门店编号": pick(catalogue.store_codes(int(store.max(initial=0)) + 1), store[lines.order]),
        "时间": of(_minute(orders.at), lines.order), "会员卡号": of(card, lines.order),
        "商品编码": product["product_id"], "商品名称": product["name"],
        "品类": product["category"], "品牌": product["brand"], "数量": whole(lines.quantity),
        "单价": money(lines.price),
        "优惠": money(lines.rebate), "支付方式": of(payment, lines.order),
    }, known_at[lines.order], store[lines.order])  # fmt: skip


def _returns(world: World, sold: Rows, bought: np.ndarray) -> Rows:
    """Goods brought back within three weeks, on a slip of their own with a negative quantity."""
    rng = world.chunk.rng("stores/returns")
    at = bought + rng.integers(DAY, 21 * DAY, len(sold))
    kept = np.flatnonzero(at < world.chunk.span.end)
    sold, at = sold.take(kept), np.maximum(at[kept], sold.at[kept])
    slip = join(
        "-",
        sold.columns["门店编号"],
        moments(at, "%y%m%d", BUSINESS_TIMEZONE),
        code("T", world.chunk.identifiers(len(kept)), 6),
    )
    one, nothing = pick(("1",), np.zeros(len(kept), dtype=int)), pick(("0.00",), np.zeros(len(kept), dtype=int))
    columns = {
        **sold.columns,
        "小票号": slip,
        "行号": one,
        "时间": _minute(at),
        "数量": join("", "-", one),
        "优惠": nothing,
    }
    return Rows(sold.source, sold.block, columns, at, sold.label)
