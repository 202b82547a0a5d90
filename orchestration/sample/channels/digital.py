"""Website, app and social media: events of people that are known by e-mail, by app account, by WeChat id, or not at
all."""

import numpy as np
import pyarrow as pa

from orchestration.sample import catalogue
from orchestration.sample.behaviour import Acts, scattered
from orchestration.sample.channels.common import city_texts, of, truth_of
from orchestration.sample.records import Records, identify
from orchestration.sample.rows import Rows
from orchestration.sample.spelling import Habit
from orchestration.sample.text import Text, code, draw, keep, moments, pick, whole
from orchestration.sample.truth import Yield, references
from orchestration.sample.world import World

HABIT = Habit(email=0.45, phone=0.95, latin=0.1, nickname=0.25, typo=0.02, second_key=0.02, again=0.01)
LOGGED_IN = 0.5
PAGES = ("home", "category", "product", "cart", "about", "help")


def make_digital(world: World) -> Yield:
    """Web events, app users and events, social interactions."""
    first_seen = np.full(len(world.people), 2**40)
    app = world.visits.where(world.visits.kind == 1)
    np.minimum.at(first_seen, app.who, app.at)
    records = identify(world.chunk, world.people, world.presence.who("app"), "app", HABIT, first_seen)
    ids = code("U", world.chunk.identifiers(len(records), 4)[records.number], 9)
    user = pick(ids, records.account_of(len(world.people))[app.who])
    web, web_truth = _web(world, world.visits.where(world.visits.kind == 0))
    social, social_truth = _social(world)
    rows = [web, _users(world, records, ids), _app_events(world, app, user), social]
    return Yield(
        [part for part in rows if len(part)],
        [truth_of("app", "users", records, ids, world.people)],
        [web_truth, social_truth],
    )


def _page_texts(world: World, part: str, size: int) -> tuple[np.ndarray, dict[str, Text]]:
    """Page type, product and category of each event: products only on product pages."""
    rng = world.chunk.rng(part)
    page = draw(rng, (3, 4, 6, 1.5, 0.4, 0.3), size)
    product = np.where(page == 2, rng.integers(0, len(catalogue.PRODUCTS), size), -1)
    category = np.where(
        product >= 0, product // catalogue.PRODUCTS_A_CATEGORY, np.where(page == 1, rng.integers(0, 6, size), -1)
    )
    columns = {
        "page": pick(PAGES, page),
        "sku": pick([p.product_id for p in catalogue.PRODUCTS], product),
        "category": pick(list(catalogue.CATEGORIES), category),
        "seconds": whole(np.rint(rng.exponential(35, size)).astype(np.int64) + 1),
    }
    return draw(rng, (7, 3, 1, 0.4), size), columns


def _web(world: World, acts: Acts) -> tuple[Rows, pa.Table]:
    rng, size = world.chunk.rng("web"), len(acts)
    kind, columns = _page_texts(world, "web/pages", size)
    knows = (world.presence.flags["webshop"] | world.presence.flags["newsletter"])[acts.who] & (
        rng.random(size) < LOGGED_IN
    )
    email = keep(of(world.people.email, acts.who), knows)
    rows = Rows("web", "events", {
        "event_id": code("e", world.chunk.identifiers(size), 10), "login_email": email,
        "type": pick(("page_view", "cta_click", "site_search", "page_view"), kind),
        "time": moments(acts.at, "%Y-%m-%dT%H:%M:%SZ"), **columns,
        "campaign": keep(code("C", rng.integers(1, 13, size), 2), rng.random(size) < 0.2),
    }, acts.at)  # fmt: skip
    return rows, references("web", "email", email, email, of(world.people.true_id, acts.who))


def _users(world: World, records: Records, ids: Text) -> Rows:
    rng, size = world.chunk.rng("app/users"), len(records)
    has_card = world.presence.flags["loyalty"][records.who] & (rng.random(size) < 0.4)
    return Rows("app", "users", {
        "uid": ids, "nickname": records.full_name, "mobile": records.phone_typed, "mail": records.email,
        "wechat": keep(of(world.people.wechat, records.who), rng.random(size) < 0.6),
        "device": of(world.people.device, records.who),
        "city": city_texts(records.city, native=True)["city"],
        "card": keep(of(world.people.card, records.who), has_card),
        "created_ms": moments(records.created, "epoch_ms"), "updated_ms": moments(records.updated, "epoch_ms"),
        "push": pick(("on", "off"), rng.integers(0, 2, size)),
    }, records.updated)  # fmt: skip


def _app_events(world: World, acts: Acts, user: Text) -> Rows:
    kind, columns = _page_texts(world, "app/pages", len(acts))
    columns = {"screen": columns.pop("page"), **columns}
    return Rows("app", "events", {
        "eid": code("a", world.chunk.identifiers(len(acts)), 10), "uid": user,
        "action": pick(("open_screen", "tap", "query", "sign_in"), kind), "ts": moments(acts.at, "epoch_ms"), **columns,
    }, acts.at)  # fmt: skip


def _social(world: World) -> tuple[Rows, pa.Table]:
    acts = scattered(world.chunk, "social", world.people, world.presence.who("social"), 3.0)
    rng, size = world.chunk.rng("social/kinds"), len(acts)
    wechat = of(world.people.wechat, acts.who)
    rows = Rows("social", "interactions", {
        "id": code("s", world.chunk.identifiers(size), 10), "openid": wechat,
        "what": pick(("comment", "like", "share", "message"), draw(rng, (4, 4, 1, 2), size)),
        "at": moments(acts.at, "epoch_s"),
        "topic": pick(("618", "new arrivals", "双11", "care tips"), rng.integers(0, 4, size)),
        "direction": pick(("in",), np.zeros(size, dtype=int)),
        "length": whole(rng.integers(2, 140, size)),
    }, acts.at)  # fmt: skip
    return rows, references("social", "wechat_id", wechat, wechat, of(world.people.true_id, acts.who))
