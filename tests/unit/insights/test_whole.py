"""All insights together: nothing after as_of matters, row order and threads do not show, columns are as described."""

from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from ruamel.yaml import YAML

from orchestration.logic.segmentation.catalogue import FUNCTIONS, NEEDS
from orchestration.logic.segmentation.columns import TABLES
from orchestration.logic.segmentation.grid import month_starts
from orchestration.settings.criteria import FEATURE_DIRECTIONS

from .marts import AS_OF, generated, table
from .marts import TABLES as MARTS

PROJECT = Path(__file__).resolve().parents[3]


def hashes(con: duckdb.DuckDBPyConnection, settings) -> dict[str, object]:
    """Computes all tables and returns an order-free hash of each."""
    for function in FUNCTIONS.values():
        function(con, AS_OF, settings)
    return {
        name: con.execute(f"select count(*), sum(hash(t)::hugeint) from insights.{name} as t").fetchone()
        for name in FUNCTIONS
    }


@pytest.fixture(scope="module")
def expected(settings):
    return hashes(generated(150, 1500, 3000), settings)


def test_shuffled_facts_and_more_threads_change_nothing(settings, expected):
    con = generated(150, 1500, 3000)
    con.execute("set threads = 4")
    for name in MARTS:
        con.execute(f"create or replace table marts.{name} as select * from marts.{name} as t order by hash(t)")
    assert hashes(con, settings) == expected


def test_a_second_run_replaces_the_day(settings, expected):
    con = generated(150, 1500, 3000)
    assert hashes(con, settings) == hashes(con, settings) == expected


def test_nothing_on_or_after_as_of_matters(settings, expected):
    con = generated(150, 1500, 3000)
    later = f"timestamp '{AS_OF}' - interval 8 hour"  # midnight in Shanghai
    for name, column in (("interactions", "occurred_at"), ("feedback", "given_at")):
        con.execute(f"insert into marts.{name} select * replace ({later} as {column}) from marts.{name}")
    con.execute(
        f"insert into marts.orders select * replace (order_key || 'x' as order_key, {later} as ordered_at, "
        f"date '{AS_OF}' as order_date) from marts.orders"
    )
    con.execute("insert into marts.order_lines select * replace (order_key || 'x' as order_key) from marts.order_lines")
    con.execute(
        f"insert into marts.opportunities select * replace ({later} as created_at, {later} as closed_at) "
        "from marts.opportunities"
    )
    con.execute(f"update marts.opportunities set closed_at = {later}, is_won = true where closed_at is null")
    con.execute(f"insert into marts.spend select * replace (date '{AS_OF}' as spend_date) from marts.spend")
    con.execute(
        f"insert into marts.consents select customer_id, 's', 'marketing', 'granted', {later} from marts.customers"
    )
    assert hashes(con, settings) == expected


def test_all_times_and_as_of_moved_by_whole_weeks_change_no_class(settings, expected):
    weeks = timedelta(days=371)
    tables = ("rfm_scores", "abc_classes", "lifecycle_states")
    plain, moved = generated(150, 1500, 3000), generated(150, 1500, 3000)
    moved.execute("update marts.orders set order_date = order_date + 371, ordered_at = ordered_at + interval 371 day")
    moved.execute("update marts.interactions set occurred_at = occurred_at + interval 371 day")
    moved.execute("update marts.feedback set given_at = given_at + interval 371 day")
    moved.execute("update marts.customers set first_seen_at = first_seen_at + interval 371 day")
    for con, as_of in ((plain, AS_OF), (moved, AS_OF + weeks)):
        for name in ("customer_features", *tables):
            FUNCTIONS[name](con, as_of, settings)
    moved.execute("update insights.lifecycle_states set since = since - 371")
    for name in tables:
        assert table(moved, name) == table(plain, name)
    kept = [
        c.name
        for c in TABLES["customer_features"].columns
        if c.type != "DATE" and c.name not in ("active_months_window", "age_years")
    ]
    query = f"select {', '.join(kept)} from insights.customer_features order by customer_id"
    assert moved.execute(query).fetchall() == plain.execute(query).fetchall()


def test_nobody_is_lost_and_classes_are_known(computed, settings):
    customers = computed.execute("select count(*) from marts.customers").fetchone()
    for name in (
        "customer_features",
        "rfm_scores",
        "abc_classes",
        "lifecycle_states",
        "customer_tier_table",
        "purchase_stages",
        "clv_estimates",
    ):
        counts = computed.execute(f"select count(*), count(distinct customer_id) from insights.{name}").fetchone()
        assert counts == customers * 2
    schemes = computed.execute(
        "select scheme_id, count(*), count(distinct customer_id) from insights.customer_tiers group by 1 order by 1"
    ).fetchall()
    assert schemes == [(scheme_id, *customers * 2) for scheme_id in sorted(settings.criteria.schemes)]
    faults = computed.execute(
        """
        select count(*) from insights.customer_tier_table
        where tier is null or owner is null or strategy_code is null or strategy_zh is null
            or contact_mode_en is null or next_contact_due < as_of or tier_since > as_of
        """
    ).fetchone()
    assert faults == (0,)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_described_columns_are_those_of_the_code(name):
    document = YAML(typ="safe").load((PROJECT / "dbt_project/models/insights.yml").read_text(encoding="utf-8"))
    described = {table["name"]: table for table in document["sources"][0]["tables"]}
    columns = [
        (c["name"], c["data_type"], c["config"]["meta"]["label_zh"], c["description"])
        for c in described[name]["columns"]
    ]
    assert columns == [(column.name, column.type, column.zh, column.en) for column in TABLES[name].columns]
    assert set(described) == set(TABLES) == set(FUNCTIONS) == set(NEEDS)


def test_the_features_that_criteria_may_use_are_columns():
    assert set(FEATURE_DIRECTIONS) <= set(TABLES["customer_features"].column_names)


def test_month_starts_lie_before_as_of():
    assert [str(day) for day in month_starts(AS_OF, 2)] == ["2026-08-01", "2026-09-01"]
    assert [str(day) for day in month_starts(AS_OF.replace(day=1), 2)] == ["2026-07-01", "2026-08-01"]
