"""A table that changes at random, for the test of pulls against schedules: what is done to it, and what is in it."""

import random
from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

START = datetime(2026, 1, 1, 8, 0)
COLUMNS = ("shop", "id", "name", "amount", "changed_at", "version")
NAMES = ("Ann", "王丽", 'O\'Neil "X"', "two\nlines", "😀", "", None, "back\\slash %s :x", "NULL")
_CREATE = """CREATE TABLE things (shop varchar(8) NOT NULL, id integer NOT NULL, name varchar(40), amount numeric(12, 3),
changed_at {time}(6) NULL, version bigint, PRIMARY KEY (shop, id))"""
CREATE = {"postgresql": _CREATE.format(time="timestamp"), "mysql": _CREATE.format(time="datetime")}


class World:
    """The table `things`, its clock, and writers that committed late. Every change gives a row a cursor that it never had."""

    def __init__(self, engine: sa.Engine, chance: random.Random):
        self.engine = engine.execution_options(isolation_level="READ COMMITTED")  # MySQL's default would lock gaps
        self.chance, self.tick = chance, 100
        self.had: dict[tuple[str, int], set[Any]] = defaultdict(set)
        self.version = 0
        self.open: list[tuple[sa.Connection, sa.Transaction, set[tuple[str, int]]]] = []
        with self.engine.begin() as connection:
            connection.exec_driver_sql(CREATE[engine.dialect.name])
            for _ in range(chance.randint(0, 300)):
                self.change(connection)

    def contents(self) -> dict[tuple[str, ...], dict[str, str | None]]:
        """What is committed, every value as text."""
        with self.engine.connect() as connection:
            rows = connection.execute(sa.text(f"SELECT {', '.join(COLUMNS)} FROM things")).fetchall()
        found = [
            {name: None if value is None else str(value) for name, value in zip(COLUMNS, row, strict=True)}
            for row in rows
        ]
        return {(str(row["shop"]), str(row["id"])): row for row in found}

    def act(self, most: int) -> None:
        """Some changes, each of them in a transaction of its own, some of which commit much later."""
        for _ in range(self.chance.randint(0, most)):
            if len(self.open) < 4 and self.chance.random() < 0.1:
                self._begin_late()
            elif self.open and self.chance.random() < 0.1:
                self._commit_late()
            else:
                with self.engine.begin() as connection:
                    self.change(connection)
        self.tick += self.chance.choice((0, 0, 1))

    def close(self) -> None:
        while self.open:
            self._commit_late()

    def change(self, connection: sa.Connection) -> tuple[str, int]:
        """Inserts, updates or deletes one row that no open transaction holds. A deleted row may come back with an older time."""
        held = {place for _, _, places in self.open for place in places}
        place = self.chance.choice([(shop, id) for shop in "ab" for id in range(1, 151) if (shop, id) not in held])
        keys = {"shop": place[0], "id": place[1]}
        connection.execute(sa.text("DELETE FROM things WHERE shop = :shop AND id = :id"), keys)
        if self.chance.random() < 0.8:
            values = ", ".join(f":{name}" for name in COLUMNS)
            connection.execute(sa.text(f"INSERT INTO things VALUES ({values})"), self._row(place))
        return place

    def _row(self, place: tuple[str, int]) -> dict[str, Any]:
        amount = self.chance.choice((None, "0.100", "-12.345", "99999999.999"))
        self.version += self.chance.choice((0, 1))
        values = (*place, self.chance.choice(NAMES), amount, self._time(place), self._number(place))
        return dict(zip(COLUMNS, values, strict=True))

    def _time(self, place: tuple[str, int]) -> datetime | None:
        """A time that many rows share, at times an old one or none; new to this row."""
        if self.chance.random() < 0.05 and None not in self.had[place]:
            self.had[place].add(None)
            return None
        back = self.chance.randint(0, 50) if self.chance.random() < 0.3 else 0
        time = START + timedelta(minutes=self.tick - back)
        while time in self.had[place]:
            time += self.chance.choice((timedelta(microseconds=1), timedelta(milliseconds=500), timedelta(seconds=1)))
        self.had[place].add(time)
        return time

    def _number(self, place: tuple[str, int]) -> int:
        """The same as a number; it passes from two digits to three, which texts would put in another order."""
        number = max(0, self.version - (self.chance.randint(0, 30) if self.chance.random() < 0.3 else 0))
        while number in self.had[place]:
            number += 1
        self.had[place].add(number)
        return number

    def _begin_late(self) -> None:
        connection = self.engine.connect()
        transaction = connection.begin()
        places: set[tuple[str, int]] = set()
        self.open.append((connection, transaction, places))
        for _ in range(self.chance.randint(1, 5)):
            places.add(self.change(connection))

    def _commit_late(self) -> None:
        connection, transaction, _ = self.open.pop(self.chance.randrange(len(self.open)))
        (transaction.commit if self.chance.random() < 0.9 else transaction.rollback)()
        connection.close()
