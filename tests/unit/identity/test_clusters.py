"""Clusters: whatever the order of links, one partition, one set of merges; limits hold; the oldest record names the cluster."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.logic.identity.clusters import Limit, Links, components, merges, starts, within_limits

COUNT = 12


def links_of(edges) -> Links:
    table = np.array(edges, dtype=np.int64).reshape(-1, 3)
    return Links(table[:, 0], table[:, 1], table[:, 2], np.maximum(table[:, 0], table[:, 1]))


def distinct_ends(edge) -> bool:
    return edge[0] != edge[1]


edges = st.lists(
    st.tuples(st.integers(0, COUNT - 1), st.integers(0, COUNT - 1), st.integers(1, 3)).filter(distinct_ends),
    max_size=25,
)
codes = st.lists(st.integers(-1, 3), min_size=COUNT, max_size=COUNT).map(
    lambda values: np.array(values, dtype=np.int64)
)


def walk(count, pairs):
    """Components the slow and certain way: the smallest record reachable."""
    oldest = list(range(count))
    for _ in range(count):
        for a, b in pairs:
            oldest[a] = oldest[b] = min(oldest[a], oldest[b])
    return oldest


@given(edges)
def test_components_when_any_links_then_oldest_reachable_record(drawn):
    found = components(COUNT, links_of(drawn))
    assert found.tolist() == walk(COUNT, [(a, b) for a, b, _ in drawn])


@given(edges, codes, st.randoms())
def test_within_limits_when_links_shuffled_or_turned_then_same_links_kept(drawn, values, random):
    limits = [Limit(values, 1)]
    kept = within_limits(COUNT, links_of(drawn), 5, limits)
    order = list(range(len(drawn)))
    random.shuffle(order)
    turned = [(drawn[i][1], drawn[i][0], drawn[i][2]) for i in order]
    again = within_limits(COUNT, links_of(turned), 5, limits)
    assert again.tolist() == [bool(kept[i]) for i in order]


@given(edges, codes, st.integers(2, 6), st.integers(1, 2))
def test_within_limits_when_cut_then_every_cluster_holds_them(drawn, values, max_records, most):
    links = links_of(drawn)
    kept = within_limits(COUNT, links, max_records, [Limit(values, most)])
    oldest = components(COUNT, links.take(kept))
    for cluster in set(oldest.tolist()):
        members = np.flatnonzero(oldest == cluster)
        assert len(members) <= max_records
        assert len({value for value in values[members].tolist() if value >= 0}) <= most


@given(edges, codes)
def test_within_limits_when_nothing_broken_then_all_kept(drawn, values):
    kept = within_limits(COUNT, links_of(drawn), COUNT, [Limit(values, COUNT)])
    assert kept.all()


def test_within_limits_when_birth_dates_contradict_then_weakest_link_goes():
    births = np.array([1, -1, -1, 2])
    links = links_of([(0, 1, 80), (1, 2, 30), (2, 3, 80)])
    assert within_limits(4, links, 60, [Limit(births, 1)]).tolist() == [True, False, True]


@given(edges)
def test_merges_when_any_links_then_starts_less_components(drawn):
    links = links_of(drawn)
    started, merged = starts(COUNT, links), merges(COUNT, links)
    assert len(merged.link) == started.sum() - len(set(components(COUNT, links).tolist()))
    assert started[merged.survivor].all()
    assert started[merged.absorbed].all()
    assert len(set(merged.absorbed.tolist())) == len(merged.absorbed)
    assert (merged.survivor < merged.absorbed).all()


@given(edges)
def test_merges_when_replayed_then_the_clusters_come_out(drawn):
    links = links_of(drawn)
    merged = merges(COUNT, links)
    owner = {int(a): int(s) for a, s in zip(merged.absorbed, merged.survivor, strict=True)}
    oldest = components(COUNT, links)
    for record in np.flatnonzero(starts(COUNT, links)).tolist():
        while record in owner:
            record = owner[record]
        assert oldest[record] == record


@given(edges, st.randoms())
def test_merges_when_links_shuffled_then_same_events(drawn, random):
    shuffled = list(dict.fromkeys(drawn))
    unshuffled = list(shuffled)
    random.shuffle(shuffled)
    assert events(unshuffled) == events(shuffled)


def events(drawn):
    merged = merges(COUNT, links_of(drawn))
    ends = [tuple(sorted(drawn[i][:2])) for i in merged.link.tolist()]
    return set(zip(merged.survivor.tolist(), merged.absorbed.tolist(), ends, strict=True))


@given(edges, st.integers(1, COUNT))
def test_merges_when_cut_in_time_then_a_prefix_of_the_later_ones(drawn, known):
    """What was merged by then stays merged: history is not rewritten by records that come later."""
    early = [edge for edge in drawn if max(edge[:2]) < known]
    assert events(early) <= events(drawn)


@pytest.mark.parametrize("count", [0, 1])
def test_components_when_no_links_then_each_for_itself(count):
    assert components(count, links_of([])).tolist() == list(range(count))
