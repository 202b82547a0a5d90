"""Records and links into clusters: connected components, cut where a cluster would break a limit, and how they grew together.

Pure and in whole numbers: a record is its rank by (first_seen_at, record_id), so the smallest number of a cluster is its oldest
record, and no result depends on the order of rows. Vectorised; only links of clusters that break a limit, and links that joined
two customers, are walked one by one. Texts, ids and tables belong to `resolve.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]


DECIDED = 1000
"""Strength of a link that a person decided: no limit cuts it."""


@dataclass(frozen=True)
class Links:
    """Links as parallel columns; `left` and `right` are record numbers. Several links may join one pair.

    `since`: the number of the record with which the link came about: its younger record's, or later where people decided.
    """

    left: Numbers
    right: Numbers
    strength: Numbers
    since: Numbers

    def take(self, where: Flags | Numbers) -> "Links":
        return Links(self.left[where], self.right[where], self.strength[where], self.since[where])

    @property
    def at_once(self) -> Flags:
        """Whether the link came about with its younger record."""
        return self.since == np.maximum(self.left, self.right)

    def __len__(self) -> int:
        return len(self.left)


@dataclass(frozen=True)
class Limit:
    """At most `most` different values of an attribute in one cluster. `values`: a code a record, negative for unknown."""

    values: Numbers
    most: int


@dataclass(frozen=True)
class Apart:
    """Pairs of records that people hold for two customers. `since` as in `Links`."""

    left: Numbers
    right: Numbers
    since: Numbers

    def __len__(self) -> int:
        return len(self.left)


NOBODY_APART = Apart(*(np.zeros(0, dtype=np.int64) for _ in range(3)))


@dataclass(frozen=True)
class Merges:
    """Customers that became one: `survivor` and `absorbed` by their first records, through the link number `link`."""

    survivor: Numbers
    absorbed: Numbers
    link: Numbers


def components(count: int, links: Links) -> Numbers:
    """The oldest record of each record's connected component. Length `count`."""
    graph = coo_array((np.ones(len(links), dtype=np.int8), (links.left, links.right)), shape=(count, count))
    _, labels = connected_components(graph, directed=False)
    _, oldest, place = np.unique(labels, return_index=True, return_inverse=True)
    return oldest[place].astype(np.int64)


def within_limits(
    count: int, links: Links, max_records: int, limits: Sequence[Limit], apart: Apart = NOBODY_APART
) -> Flags:
    """Which links are kept. Clusters within all limits keep theirs; the others are built anew, strongest link first.

    A link that would join two parts into one that breaks a limit, or joins what is to stay apart, is left out, so the weakest
    go first; ties are broken by the records' numbers.
    """
    oldest = components(count, links)
    broken = _breaking(oldest, max_records, limits)
    broken |= np.isin(oldest, oldest[apart.left[oldest[apart.left] == oldest[apart.right]]])
    suspects = np.flatnonzero(broken[links.left])
    kept = np.ones(len(links), dtype=bool)
    if len(suspects):
        kept[suspects] = _rebuild(links.take(suspects), max_records, limits, apart)
    return kept


def _breaking(oldest: Numbers, max_records: int, limits: Sequence[Limit]) -> Flags:
    """Per record: whether its cluster breaks a limit."""
    count = len(oldest)
    broken = np.bincount(oldest, minlength=count) > max_records
    for limit in limits:
        known = limit.values >= 0
        pairs = np.unique(np.stack([oldest[known], limit.values[known]]), axis=1)
        broken |= np.bincount(pairs[0], minlength=count) > limit.most
    return broken[oldest]


def _rebuild(links: Links, max_records: int, limits: Sequence[Limit], apart: Apart) -> Flags:
    low, high = np.minimum(links.left, links.right), np.maximum(links.left, links.right)
    order = np.lexsort((high, low, -links.strength))
    groups = _Groups(np.unique(np.concatenate([low, high])), max_records, limits, apart)
    decided = links.strength >= DECIDED
    for left, right, forced in zip(low[order].tolist(), high[order].tolist(), decided[order].tolist(), strict=True):
        groups.join(left, right, forced)
    return np.array(
        [groups.find(a) == groups.find(b) for a, b in zip(low.tolist(), high.tolist(), strict=True)], dtype=bool
    )


class _Groups:
    """Disjoint sets that refuse to grow beyond the limits. The oldest record stands for its set."""

    def __init__(
        self, members: Numbers, max_records: int = 0, limits: Sequence[Limit] = (), apart: Apart = NOBODY_APART
    ):
        self._parent = {member: member for member in members.tolist()}
        self._size = dict.fromkeys(self._parent, 1)
        self._max_records = max_records
        self._most = [limit.most for limit in limits]
        self._values = [
            {member: {value} if (value := int(limit.values[member])) >= 0 else set() for member in self._parent}
            for limit in limits
        ]  # fmt: skip
        self._enemies: dict[int, set[int]] = {}
        for one, other in zip(apart.left.tolist(), apart.right.tolist(), strict=True):
            if one in self._parent and other in self._parent:
                self._enemies.setdefault(one, set()).add(other)
                self._enemies.setdefault(other, set()).add(one)

    def find(self, member: int) -> int:
        root = member
        while self._parent[root] != root:
            root = self._parent[root]
        while self._parent[member] != root:
            self._parent[member], member = root, self._parent[member]
        return root

    def join(self, left: int, right: int, forced: bool = False) -> tuple[int, int] | None:
        """Joins two sets unless they are to stay apart, or a limit forbids it and it is not forced. Returns (survivor, absorbed)
        when they were two and are now one."""
        survivor, absorbed = sorted((self.find(left), self.find(right)))
        if survivor == absorbed or self._are_enemies(survivor, absorbed):
            return None
        if not forced and not self._may_join(survivor, absorbed):
            return None
        self._parent[absorbed] = survivor
        self._size[survivor] += self._size[absorbed]
        for values in self._values:
            values[survivor] = values[survivor] | values[absorbed]
        if absorbed in self._enemies:
            self._enemies[survivor] = self._enemies.get(survivor, set()) | self._enemies[absorbed]
        return survivor, absorbed

    def _are_enemies(self, left: int, right: int) -> bool:
        return any(self.find(enemy) == right for enemy in self._enemies.get(left, ()))

    def _may_join(self, left: int, right: int) -> bool:
        if self._max_records and self._size[left] + self._size[right] > self._max_records:
            return False
        return all(
            len(values[left] | values[right]) <= max(most, len(values[left]), len(values[right]))
            for values, most in zip(self._values, self._most, strict=True)
        )


def starts(count: int, links: Links) -> Flags:
    """Records that started a customer: no link led to an older record when they appeared."""
    started, known = np.ones(count, dtype=bool), links.take(links.at_once)
    started[np.maximum(known.left, known.right)] = False
    return started


def merges(count: int, links: Links) -> Merges:
    """The merges in the order in which they came about.

    Each customer that was started is absorbed at most once, by the customer with the older first record, so a component with
    n starts has n - 1 merges.
    """
    low, high = np.minimum(links.left, links.right), np.maximum(links.left, links.right)
    first = _first_customer(count, low[links.at_once], high[links.at_once])
    contested = np.flatnonzero(first[low] != first[high])
    by = (-links.strength, low, high, links.since)
    contested = contested[np.lexsort([column[contested] for column in by])]
    groups = _Groups(np.unique(first[np.concatenate([low[contested], high[contested]])]))
    found = [
        (*joined, link)
        for link in contested.tolist()
        if (joined := groups.join(int(first[low[link]]), int(first[high[link]]))) is not None
    ]
    table = np.array(found, dtype=np.int64).reshape(-1, 3)
    return Merges(table[:, 0], table[:, 1], table[:, 2])


@dataclass(frozen=True)
class Parts:
    """The customers that were one without the decisions of people, by the records numbered `root` (their oldest).

    `whole`: the oldest record of what they were; `keeps`: whether the part goes on under its id; `since`: from when they
    are apart, as in `Links`.
    """

    root: Numbers
    whole: Numbers
    keeps: Flags
    since: Numbers


def parts(whole: Numbers, divided: Numbers, apart: Apart) -> Parts:
    """What became of the clusters `whole` (oldest record by record) that the decisions `apart` divided.

    The part with most of the records that were there when the first decision was taken goes on as the old customer, of equal
    ones the older; so what comes later moves no id.
    """
    count = len(whole)
    roots = np.flatnonzero(divided == np.arange(count))
    several = np.bincount(whole[roots], minlength=count) > 1
    roots = roots[several[whole[roots]]]
    since = np.full(count, np.iinfo(np.int64).max)
    dividing = whole[apart.left] == whole[apart.right]
    np.minimum.at(since, whole[apart.left[dividing]], apart.since[dividing])
    were_there = np.arange(count) < since[whole]
    size = np.bincount(divided[were_there], minlength=count)[roots]
    order = np.lexsort((roots, -size, whole[roots]))
    roots = roots[order]
    keeps = np.ones(len(roots), dtype=bool)
    keeps[1:] = whole[roots[1:]] != whole[roots[:-1]]
    return Parts(roots, whole[roots], keeps, since[whole[roots]])


def _first_customer(count: int, low: Numbers, high: Numbers) -> Numbers:
    """The start whose customer each record joined when it appeared: through its oldest neighbour, and so on."""
    parent = np.arange(count, dtype=np.int64)
    np.minimum.at(parent, high, low)
    while True:
        grandparent = parent[parent]
        if np.array_equal(grandparent, parent):
            return parent
        parent = grandparent
