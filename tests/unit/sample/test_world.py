"""The truth behind the sample: buying and leaving, what leavers show first, what relatives share, unique keys."""

from datetime import date

import numpy as np
import pytest

from orchestration.sample.chunk import DAY, Chunk, Span
from orchestration.sample.records import identify
from orchestration.sample.spelling import PLACEHOLDER_PHONES, Habit
from orchestration.sample.world import World, make_world

COMPLAINT = 3


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(Chunk(seed=3, number=0, first=0, size=4000, span=Span(date(2026, 7, 1), 730), stores=3))


def test_orders_when_drawn_then_inside_the_span_and_never_after_leaving(world: World) -> None:
    buys, churned = world.purchases, world.purchases.churned
    assert buys.at.min() >= world.chunk.span.start
    assert buys.at.max() < world.chunk.span.end
    left = churned[buys.who]
    assert not np.any((left >= 0) & (buys.at > left + DAY))


def test_orders_when_counted_then_six_to_ten_a_customer_with_a_heavy_tail(world: World) -> None:
    counts = np.bincount(world.purchases.who, minlength=len(world.people))
    assert 6 <= counts.mean() <= 10
    assert np.percentile(counts, 99) > 4 * counts.mean()


def test_leavers_when_near_their_end_then_visit_less_than_before(world: World) -> None:
    churned, acts = world.purchases.churned, world.visits
    before = (churned[acts.who] - acts.at) / DAY
    known_long = (churned - world.people.acquired > 200 * DAY)[acts.who]
    last, earlier = (
        np.sum(known_long & (before > 0) & (before <= 60)),
        np.sum(known_long & (before > 60) & (before <= 120)),
    )
    assert last < 0.6 * earlier


def test_leavers_when_near_their_end_then_complain_far_more_often(world: World) -> None:
    churned, acts = world.purchases.churned, world.service
    complainers = np.unique(acts.who[acts.kind == COMPLAINT])
    share = np.isin(np.arange(len(churned)), complainers)
    assert share[churned >= 0].mean() > 4 * share[churned < 0].mean()


def test_keys_when_not_shared_then_no_two_persons_have_the_same(world: World) -> None:
    people = world.people
    for column in (people.phone, people.phone_other, people.wechat, people.card, people.device):
        values = [value for value in column.to_pylist() if value]
        assert len(set(values)) == len(values)


def test_relatives_when_they_share_then_it_is_the_key_of_the_person_before(world: World) -> None:
    phones, shared = world.people.phone.to_pylist(), world.people.phone_shared.to_pylist()
    users = [place for place, value in enumerate(shared) if value]
    assert users
    assert all(shared[place] == phones[place - 1] for place in users)
    assert all(world.people.household[place] == world.people.household[place - 1] for place in users)


def test_twins_when_planted_then_same_birth_and_family_other_given_name(world: World) -> None:
    people, relation = world.people, world.people.relation.to_pylist()
    second = [p for p in range(1, len(people), 2) if relation[p] == "twins"]
    family, birth = people.family.to_pylist(), people.birth
    assert second
    assert all(family[p] == family[p - 1] and birth[p] == birth[p - 1] for p in second)


def test_records_when_identified_then_versions_follow_their_first_and_hold_its_person(world: World) -> None:
    records = identify(world.chunk, world.people, np.arange(4000), "any", Habit(again=0.05))
    first = {
        int(n): int(w) for n, w in zip(records.number[records.is_first], records.who[records.is_first], strict=True)
    }
    newer = ~records.is_first
    assert newer.any()
    assert np.all(records.updated[newer] > records.created[newer])
    assert all(first[int(n)] == int(w) for n, w in zip(records.number[newer], records.who[newer], strict=True))


def test_records_when_typed_then_placeholders_typos_and_gaps_occur(world: World) -> None:
    records = identify(world.chunk, world.people, np.arange(4000), "any", Habit())
    phones = records.phone.to_pylist()
    assert any(phone in PLACEHOLDER_PHONES for phone in phones)
    assert 0.05 < sum(phone is None for phone in phones) / len(phones) < 0.15
    assert len({str(phone)[:4] for phone in records.phone_typed.to_pylist()}) > 50
