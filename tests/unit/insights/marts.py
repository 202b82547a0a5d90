"""A small warehouse for the insight tests: empty mart tables with the contract's columns, and helpers that fill them.

Only what the insights read. No assertions live here.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import duckdb

from orchestration.logic.segmentation.store import replace_day, values

AS_OF = date(2026, 9, 15)
MONEY = "decimal(18, 4)"
TABLES = {
    "customers": "customer_id varchar, customer_type varchar, display_name varchar, loyalty_id varchar, "
    "first_seen_at timestamp, email varchar, phone varchar, lead_source varchar, lead_status varchar, "
    "first_channel varchar, birth_date date, gender varchar, country varchar, region varchar, region_zone varchar, "
    "city varchar, city_tier varchar, climate_zone varchar, industry varchar, size_band varchar, district varchar, "
    "occupation varchar, household varchar, income_band varchar, education varchar, place_region varchar, "
    "place_city varchar",
    "orders": "order_key varchar, customer_id varchar, channel varchar, ordered_at timestamp, order_date date, "
    f"is_counted boolean, counts_money boolean, gross_amount {MONEY}, discount_amount {MONEY}, net_amount {MONEY}, "
    "payment_method varchar, coupon varchar, custom_request boolean",
    "refunds": f"refund_key varchar, order_key varchar, customer_id varchar, refund_date date, order_date date, "
    f"refund_amount {MONEY}",
    "customer_records": "kind varchar, record_key varchar, customer_id varchar, happened_on date, loaded_at timestamp",
    "identity_events": 'event_id varchar, kind varchar, customer_id varchar, other_customer_id varchar, "at" timestamp',
    "order_lines": "line_key varchar, order_key varchar, customer_id varchar, category varchar, brand varchar, "
    "source varchar, product_id varchar, "
    f"line_amount {MONEY}, unit_price {MONEY}",
    "products": "source varchar, product_id varchar, category varchar, brand varchar, tags varchar",
    "traits": "trait_key varchar, customer_id varchar, trait varchar, value varchar, stated_or_inferred varchar, "
    "recorded_at timestamp",
    "outcomes": "outcome_key varchar, customer_id varchar, source varchar, outcome varchar, occurred_at timestamp",
    "interactions": "interaction_key varchar, customer_id varchar, kind varchar, occurred_at timestamp, "
    "campaign varchar, page_type varchar, direction varchar",
    "feedback": (
        f"feedback_key varchar, customer_id varchar, source varchar, block varchar, kind varchar, score {MONEY},"
        " given_at timestamp, text varchar"
    ),
    "consents": "customer_id varchar, source varchar, purpose varchar, state varchar, given_at timestamp",
    "opportunities": f"opportunity_key varchar, customer_id varchar, stage varchar, amount {MONEY}, "
    "lead_source varchar, created_at timestamp, "
    "closed_at timestamp, is_won boolean",
    "spend": f"spend_key varchar, spend_date date, campaign varchar, channel varchar, amount {MONEY}",
    "holidays": "holiday_date date, holiday_name varchar, country varchar, is_workday boolean",
}
WARNING_STATEMENT = (
    "create or replace table control.warning_statement (customer_id varchar, warning_id varchar, signal_score decimal(5, 4), "
    '"band" varchar, reasons varchar, first_warned_on date, state varchar, contacted_on date, closed_on date)'
)


def empty_warehouse() -> duckdb.DuckDBPyConnection:
    """An in-memory warehouse with control.run (Asia/Shanghai) and empty marts."""
    con = duckdb.connect(config={"threads": 1})
    con.execute("create schema control; create schema marts")
    con.execute("create macro draw(i, salt, n) as cast(hash(i, salt) % n as bigint)")
    con.execute(
        "create table control.run as select 'Asia/Shanghai' as business_timezone, timestamp '2026-09-16' as known_at"
    )
    con.execute(
        "create table control.tier_statement (scheme_id varchar, customer_id varchar, tier varchar, bands varchar, "
        "events varchar)"
    )
    con.execute(
        "create table control.criteria_before (as_of date, known_at timestamp, criteria_version varchar, criteria varchar)"
    )
    con.execute(WARNING_STATEMENT)
    con.execute(
        "create table control.criteria_ledger (place integer, valid_from date, criteria_version varchar, criteria varchar, "
        "plan_id varchar, applied_by varchar, applied_at timestamp)"
    )
    con.execute(
        "create table control.tag_statement (customer_id varchar, dimension varchar, tag varchar, rule_id varchar, "
        "valid_from date, valid_to date)"
    )
    con.execute(f"insert into control.criteria_ledger values (0, date '{AS_OF}', 'test', null, null, null, null)")
    con.execute(
        "create table control.warning_results (warning_id varchar, result varchar, happened_on date, told_by varchar, "
        '"at" timestamp)'
    )
    for name, columns in TABLES.items():
        con.execute(f"create table marts.{name} ({columns})")
    return con


def add(con: duckdb.DuckDBPyConnection, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Inserts rows given by column name; absent columns are null."""
    names = [column.split()[0] for column in TABLES[table].replace(", 4)", ",4)").split(", ")]
    filled = [[row.get(name) for name in names] for row in rows]
    if filled:
        con.executemany(f"insert into marts.{table} values ({', '.join('?' * len(names))})", filled)


def customer(customer_id: str, **more: Any) -> dict[str, Any]:
    return {"customer_id": customer_id, "customer_type": "person", "display_name": customer_id, **more}


def order(customer_id: str | None, days_ago: int, amount: Any = 100, key: str = "", **more: Any) -> dict[str, Any]:
    """An order at noon in Shanghai, `days_ago` days before AS_OF (1 is the last day that counts)."""
    day = AS_OF - timedelta(days=days_ago)
    row = {
        "order_key": key or f"{customer_id}/{days_ago}/{amount}", "customer_id": customer_id, "channel": "store",
        "ordered_at": datetime(day.year, day.month, day.day, 4), "order_date": day, "is_counted": True,
        "counts_money": True, "gross_amount": amount, "discount_amount": 0, "net_amount": amount,
        "payment_method": "cash", "custom_request": False,
    }  # fmt: skip
    return {**row, **more}


def interaction(customer_id: str, days_ago: int, kind: str = "view", **more: Any) -> dict[str, Any]:
    row = {
        "interaction_key": f"{customer_id}/{kind}/{days_ago}",
        "customer_id": customer_id,
        "kind": kind,
        "occurred_at": noon(days_ago),
    }
    return {**row, **more}


def opportunity(customer_id: str, days_ago: int, closed_days_ago: int | None = None, **more: Any) -> dict[str, Any]:
    row = {
        "opportunity_key": f"{customer_id}/deal/{days_ago}",
        "customer_id": customer_id,
        "stage": "open" if closed_days_ago is None else "closed",
        "created_at": noon(days_ago),
        "closed_at": None if closed_days_ago is None else noon(closed_days_ago),
    }
    return {**row, **more}


def feedback(customer_id: str, days_ago: int, score: int | None, kind: str = "csat") -> dict[str, Any]:
    return {
        "feedback_key": f"{customer_id}/{days_ago}",
        "customer_id": customer_id,
        "source": "survey",
        "block": "answers",
        "kind": kind,
        "score": score,
        "given_at": noon(days_ago),
    }


def trait(customer_id: str, name: str, value: str, days_ago: int = 10, kind: str = "stated") -> dict[str, Any]:
    return {
        "trait_key": f"{customer_id}/{name}/{value}/{days_ago}",
        "customer_id": customer_id,
        "trait": name,
        "value": value,
        "stated_or_inferred": kind,
        "recorded_at": noon(days_ago),
    }


def noon(days_ago: int) -> datetime:
    """Noon in Shanghai of the day so many days before AS_OF, as naive UTC."""
    day = AS_OF - timedelta(days=days_ago)
    return datetime(day.year, day.month, day.day, 4)


def generated(customers: int, orders: int, interactions: int) -> duckdb.DuckDBPyConnection:
    """A warehouse with made-up facts of two and a half years, from hashes: the same each time, a tenth never buys."""
    con = empty_warehouse()
    con.execute(
        f"""
        insert into marts.customers
        select 'C' || i, if(i % 20 = 0, 'company', 'person'), 'Name ' || i, if(i % 3 = 0, 'L' || i, null),
            timestamp '2024-03-01' + interval (draw(i, 0, 700)) day,
            if(i % 5 < 3, 'c' || i || '@example.com', null), if(i % 5 = 3, '+86138' || lpad(i::varchar, 8, '0'), null),
            ['fair', 'Referral', 'odd', null][1 + draw(i, 16, 4)], ['NEW', 'qualified', null][1 + draw(i, 17, 3)],
            ['website', 'crm', 'bought'][1 + draw(i, 18, 3)],
            if(i % 4 = 0, null, date '1950-01-01' + interval (draw(i, 20, 25000)) day),
            if(i % 5 = 0, null, ['male', 'female'][1 + draw(i, 21, 2)]), if(i % 10 = 0, 'DE', 'CN'), '广东省',
            ['south', 'east', null][1 + draw(i, 22, 3)], '广州', ['first', 'second', 'fourth', 'other'][1 + draw(i, 23, 4)],
            ['cold', 'mild'][1 + draw(i, 24, 2)], if(i % 20 = 0, 'retail', null), ['small', 'large', null][1 + draw(i, 15, 3)],
            if(i % 3 = 0, '天河区', null), ['teacher', 'retired', null][1 + draw(i, 25, 3)],
            ['1', '4+', null][1 + draw(i, 26, 3)], ['<100k', '90000', null][1 + draw(i, 27, 3)],
            ['master', null][1 + draw(i, 28, 2)], '广东', '广州'
        from range({customers}) as t(i)
        """
    )
    # Half of the orders belong to a tenth of the customers, so that frequencies differ widely.
    who = f"if(draw(i, 1, 2) = 0, draw(i, 2, ({customers} // 10 + 1)), draw(i, 3, ({customers} * 9 // 10 + 1)))"
    con.execute(
        f"""
        insert into marts.orders
        select 'o' || i, 'C' || {who}, ['ecommerce', 'store', 'app'][1 + draw(i, 4, 3)], stamp,
            cast(stamp + interval 8 hour as date),
            draw(i, 5, 20) > 0, draw(i, 5, 20) > 0, amount, amount // 10, amount - draw(i, 6, 5),
            ['alipay', 'wechat', 'card'][1 + draw(i, 7, 3)], if(draw(i, 8, 7) = 0, 'x', null), draw(i, 9, 30) = 0
        from (
            select i, timestamp '2024-03-10' + interval (draw(i, 10, (925 * 1440))) minute as stamp,
                cast(10 + draw(i, 11, 900) as decimal(18, 4)) as amount
            from range({orders}) as t(i)
        )
        """
    )
    con.execute(
        """
        insert into marts.order_lines
        select order_key || '/' || n, order_key, customer_id,
            'category ' || draw(order_key, n, 12), 'brand ' || draw(order_key, 100 + n, 30), 'shop', 'p' || n,
            cast(net_amount / 2 as decimal(18, 4)), cast(gross_amount / 2 as decimal(18, 4))
        from marts.orders cross join range(2) as t(n)
        """
    )
    con.execute("insert into marts.products values ('shop', 'p1', null, null, 'eco;own')")
    con.execute(
        """
        insert into marts.traits
        select 't' || row_number() over (), customer_id, trait, value, kind, timestamp '2026-01-01'
        from marts.customers
        cross join (values
            ('interest', 'sports', 'stated', 0), ('interest', 'reading', 'inferred', 1), ('value', 'price', 'stated', 2),
            ('value', 'quality', 'inferred', 3), ('lifestyle', 'urban', 'stated', 4), ('income', '80000', 'stated', 5)
        ) as told(trait, value, kind, n)
        where draw(customer_id, 30 + n, 3) = 0
        """
    )
    con.execute(
        f"""
        insert into marts.interactions
        select 'i' || i, 'C' || draw(i, 12, {customers}),
            ['view', 'view', 'click', 'call', 'email', 'presale', 'aftersale', 'complaint', 'referral',
                'custom_request', 'login'][1 + draw(i, 13, 11)],
            timestamp '2025-06-01' + interval (draw(i, 14, (470 * 1440))) minute,
            if(draw(i, 15, 4) = 0, 'c' || draw(i, 16, 3), null),
             ['product', 'about', 'cart', 'home', null][1 + draw(i, 19, 5)], ['in', 'out', null][1 + draw(i, 24, 3)]
        from range({interactions}) as t(i)
        """
    )
    con.execute(
        f"""
        insert into marts.opportunities
        select 'd' || i, 'C' || draw(i, 20, {customers}), ['qualified', 'won', 'lost'][1 + outcome], 1000 + i, 'fair', created_at,
            if(outcome > 0, created_at + interval (draw(i, 21, 90)) day, null), if(outcome > 0, outcome = 1, null)
        from (
            select i, draw(i, 22, 3) as outcome, timestamp '2025-06-01' + interval (draw(i, 23, 360)) day as created_at
            from range({customers} // 2) as t(i)
        )
        """
    )
    con.execute(
        """
        insert into marts.feedback
        select 'f' || interaction_key, customer_id, 'survey', 'answers', if(draw(interaction_key, 1, 3) = 0, 'nps', 'csat'),
            1 + draw(interaction_key, 0, 5), occurred_at, ['Too slow', '质量很好', ''][1 + draw(interaction_key, 2, 3)]
        from marts.interactions where kind = 'aftersale'
        """
    )
    con.execute(
        """
        insert into marts.consents
        select customer_id, 'shop', 'marketing', if(draw(customer_id, n, 4) = 0, 'withdrawn', 'granted'),
            timestamp '2026-01-01' + interval (draw(customer_id, 7 + n, 200)) day
        from marts.customers cross join range(2) as t(n) where draw(customer_id, 3, 3) > 0
        """
    )
    con.execute(
        """
        insert into marts.spend
        select 's' || i, date '2025-01-01' + i::integer, 'c' || draw(i, 22, 4), 'web', 10 + draw(i, 23, 90)
        from range(600) as t(i)
        """
    )
    return con


def given_features(rows: Iterable[tuple[str, int | None, int, Any]]) -> duckdb.DuckDBPyConnection:
    """A warehouse whose features of AS_OF are given: customer_id, recency_days, orders and net amount of the window."""
    con = empty_warehouse()
    relation = values("t(customer_id, recency_days, count_orders_window, net_amount_window)", rows)
    replace_day(con, "customer_features", AS_OF, f"select * from {relation}", "given")
    return con


def table(con: duckdb.DuckDBPyConnection, name: str, order_by: str = "customer_id") -> list[dict[str, Any]]:
    """The rows of an insight table as dictionaries, without the technical columns of the run."""
    found = con.execute(f"select * exclude (as_of, criteria_version) from insights.{name} order by {order_by}")
    return [dict(zip([column[0] for column in found.description], row, strict=True)) for row in found.fetchall()]
