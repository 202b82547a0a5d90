"""The orders that are one person's alone: by them lines and refunds are known that name nobody."""

from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

from orchestration.landing import ORDER, Name, Rows
from orchestration.privacy.carried import raw_columns
from orchestration.settings import Home, Settings


def orders_of(home: Home, settings: Settings, names: Iterable[Name]) -> list[Name]:
    """The orders in which nobody but the person is named. `names`: what names the person."""
    matched = _Matcher(names, (settings.identity.default_country,))
    mine: set[tuple[str, str]] = set()
    others: set[tuple[str, str]] = set()
    for rows, columns in raw_columns(home, settings, ("orders", "order_lines")):
        mask = matched(rows, columns)
        named = pc.fill_null(pc.not_equal(columns["person_ref"], ""), False)
        for found, place in ((mask, mine), (pc.and_(named, pc.invert(mask)), others)):
            place |= {
                (rows.source, order.strip())
                for order in pc.unique(columns["order_id"].filter(found)).to_pylist()
                if order and order.strip()
            }
    return [Name(ORDER, source, order) for source, order in sorted(mine - others)]


class _Matcher:
    """Which rows a set of names matches, before there are keys."""

    def __init__(self, names: Iterable[Name], countries: tuple[str, ...]):
        self._countries = countries
        by: dict[tuple[str, str], list[str]] = {}
        for name in names:
            by.setdefault((name.kind, name.scope), []).append(name.value)
        self._values = {place: pa.array(values, pa.string()) for place, values in by.items()}

    def __call__(self, rows: Rows, columns: dict[str, pa.Array]) -> pa.Array:
        mask = pa.repeat(False, len(next(iter(columns.values()))))
        for named in rows.named(columns, self._countries):
            values = self._values.get((named.kind, named.scope))
            if values is not None:
                mask = pc.or_(mask, pc.fill_null(pc.is_in(named.values, value_set=values), False))
        return mask
