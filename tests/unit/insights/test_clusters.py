"""Clusters: groups that lie apart are found, numbered alike over the periods, named by what stands out; limits and
determinism."""

import json
from datetime import date, timedelta
from decimal import Decimal

import duckdb
import numpy as np
import pytest

from orchestration.logic.clusters.anchors import anchor_days, cut, newest_model, period_starts
from orchestration.logic.clusters.fit import Fit, best_fit, exponent, logarithm, scaled, scales_of
from orchestration.logic.clusters.matching import first_numbers, next_numbers
from orchestration.logic.clusters.model import (
    Cluster,
    Scale,
    assigned,
    centroid_json,
    read_centroid,
    read_scaling,
    scaling_json,
)
from orchestration.logic.clusters.naming import names
from orchestration.logic.clusters.tables import cluster_profiles, cluster_segments
from orchestration.logic.segmentation.features import customer_features
from orchestration.settings.insights import InsightFiles

from .marts import AS_OF, add, customer, empty_warehouse, generated, interaction, order, table

GROUPS = ("frequent", "dear", "quiet")


def changed(settings, **clusters) -> InsightFiles:
    """The settings with other values of the clusters."""
    rules = settings.criteria.clusters
    count = rules.count.model_copy(update=clusters.pop("count", {}))
    refit = rules.refit.model_copy(update=clusters.pop("refit", {}))
    made = rules.model_copy(update={"count": count, "refit": refit, **clusters})
    return InsightFiles(
        settings.criteria.model_copy(update={"clusters": made}), settings.churn, settings.people, "test"
    )


@pytest.fixture
def small(settings):
    """Three to four clusters of two features from six customers on."""
    features = settings.criteria.clusters.features
    chosen = {name: features[name] for name in ("count_orders_window", "net_amount_window")}
    return changed(settings, features=chosen, minimum_customers=6, count={"least": 3, "most": 4})


def three_groups(each: int = 6) -> duckdb.DuckDBPyConnection:
    """Customers who order often and little, seldom and much, seldom and little, alike in each quarter of two years."""
    con = empty_warehouse()
    add(con, "customers", [customer(f"{group}{n}") for group in GROUPS for n in range(each)])
    orders = []
    for n in range(each):
        orders += [order(f"frequent{n}", days + n, 10) for days in range(5, 700, 14)]
        orders += [order(f"dear{n}", days + n, 5000 + n) for days in range(20, 700, 180)]
        orders += [order(f"quiet{n}", days + n, 8 + n % 2) for days in range(30, 700, 180)]
    add(con, "orders", orders)
    return con


def clustered(con, settings, as_of: date = AS_OF) -> dict[str, int]:
    customer_features(con, as_of, settings)
    cluster_profiles(con, as_of, settings)
    cluster_segments(con, as_of, settings)
    found = con.execute("select customer_id, cluster_id from insights.cluster_segments where as_of = ?", [as_of])
    return dict(found.fetchall())


def numbers_of(found: dict[str, int]) -> dict[str, set[int]]:
    return {group: {number for name, number in found.items() if name.startswith(group)} for group in GROUPS}


def test_clusters_when_groups_lie_apart_then_each_is_one_and_1_has_the_most_money(small):
    found = numbers_of(clustered(three_groups(), small))
    assert [len(numbers) for numbers in found.values()] == [1, 1, 1]
    # Mean net amount of the oldest fit: dear, then frequent (26 orders of 10), then quiet.
    assert found == {"dear": {1}, "frequent": {2}, "quiet": {3}}


def test_profiles_when_computed_then_counts_shares_and_means_are_those_of_the_customers(small):
    con = three_groups()
    clustered(con, small)
    profiles = con.execute(
        "select cluster_label_zh, cluster_label_en, count_customers, customers_share, net_amount, feature_means, "
        "feature_medians, count_clusters, description_zh, description_en from insights.cluster_profiles "
        "order by cluster_id"
    ).fetchall()
    assert [row[:4] for row in profiles] == [
        ("高额低频", "high spend, rare", 6, Decimal("0.333333")),
        ("高频低额", "frequent, low spend", 6, Decimal("0.333333")),
        ("低额低频", "low spend, rare", 6, Decimal("0.333333")),
    ]
    bought = con.execute(
        "select sum(net_amount_window), avg(count_orders_window) from insights.customer_features "
        "where customer_id like 'frequent%'"
    ).fetchone()
    frequent = profiles[1]
    assert frequent[4] == bought[0]
    assert json.loads(frequent[5])["count_orders_window"] == pytest.approx(bought[1], abs=0.0001)
    assert set(json.loads(frequent[6])) == {"count_orders_window", "net_amount_window"}
    assert {row[7] for row in profiles} == {3}
    assert "6 位客户,占 33.3%" in frequent[8]
    assert "购买次数 26" in frequent[8]
    assert "6 customers, 33.3%" in frequent[9]
    label = con.execute("select distinct cluster_label from insights.cluster_segments where cluster_id = 1").fetchall()
    assert label == [("高额低频 / high spend, rare",)]


def test_revenue_shares_when_summed_then_they_are_one(computed):
    shares = computed.execute(
        "select sum(customers_share), sum(revenue_share), sum(count_customers) from insights.cluster_profiles"
    ).fetchone()
    segments = computed.execute("select count(*) from insights.cluster_segments").fetchone()
    assert float(shares[0]) == pytest.approx(1, abs=0.00001)
    assert float(shares[1]) == pytest.approx(1, abs=0.00001)
    assert (shares[2],) == segments
    assert segments[0] > 100


def test_segments_when_a_customer_has_no_order_in_the_window_then_there_is_no_row(small):
    con = three_groups()
    add(con, "customers", [customer("never"), customer("long ago")])
    add(con, "orders", [order("long ago", 400)])
    add(con, "interactions", [interaction("never", 3)])
    assert not {"never", "long ago"} & set(clustered(con, small))


def test_numbers_when_days_and_quarters_pass_then_they_stay(small):
    con = three_groups()
    days = [AS_OF - timedelta(days) for days in (280, 190, 75, 74, 0)]
    assert len({json.dumps(clustered(con, small, day), sort_keys=True) for day in days}) == 1


def test_numbers_when_groups_change_places_in_money_then_they_keep_their_numbers(small):
    con = three_groups()
    con.execute(
        "update marts.orders set net_amount = 3000 where customer_id like 'frequent%' and order_date > ?",
        [AS_OF - timedelta(150)],
    )
    assert numbers_of(clustered(con, small)) == {"dear": {1}, "frequent": {2}, "quiet": {3}}
    richest = con.execute("select cluster_id from insights.cluster_profiles order by net_amount desc limit 1")
    assert richest.fetchone() == (2,)


def test_clusters_when_a_quarter_goes_on_then_the_fit_is_that_of_its_first_day(small):
    con = three_groups()
    clustered(con, small)
    model = newest_model(con, AS_OF, small)
    assert model.fitted_on == date(2026, 7, 1)
    add(con, "customers", [customer("late")])
    add(con, "orders", [order("late", 2, 100_000)])
    assert newest_model(con, AS_OF, small) == model
    assert clustered(con, small)["late"] == 1


def test_clusters_when_facts_come_on_or_after_the_first_day_of_the_quarter_then_the_fit_is_the_same(small):
    con = three_groups()
    before = newest_model(con, AS_OF, small)
    add(con, "orders", [order(f"quiet{n}", days, 70_000) for n in range(6) for days in range(1, 77)])
    assert newest_model(con, AS_OF, small) == before
    add(con, "orders", [order("quiet0", 77, 70_000)])  # 30 June
    assert newest_model(con, AS_OF, small) != before


def test_clusters_when_there_are_too_few_buyers_then_both_tables_are_empty(small, settings):
    con = three_groups(each=1)
    assert clustered(con, small) == {}
    assert con.execute("select count(*) from insights.cluster_profiles").fetchone() == (0,)
    assert clustered(empty_warehouse(), settings) == {}


def test_clusters_when_all_buyers_are_the_same_then_there_are_none(small):
    con = empty_warehouse()
    add(con, "customers", [customer(f"C{n}") for n in range(20)])
    add(con, "orders", [order(f"C{n}", 100) for n in range(20)])
    assert clustered(con, small) == {}


def test_fit_when_drawn_from_a_sample_then_row_order_and_threads_do_not_show(settings):
    sampled = changed(settings, sample_size=100, refit={"at_most": 3})
    models = []
    for threads in (1, 4):
        con = generated(300, 3000, 3000)
        con.execute(f"set threads = {threads}")
        if threads == 4:
            con.execute("create or replace table marts.orders as select * from marts.orders as t order by hash(t)")
        models.append(newest_model(con, AS_OF, sampled))
    assert models[0] == models[1]
    assert newest_model(con, AS_OF, changed(settings, sample_size=100, seed=8, refit={"at_most": 3})) != models[0]


def test_anchors_when_the_past_is_long_then_the_start_moves_by_half_of_them_at_a_time():
    days = list(range(20))
    assert [cut(days[:length], 8)[0] for length in (1, 8, 9, 12, 13, 16, 17)] == [0, 0, 4, 4, 8, 8, 12]
    assert all(4 <= len(cut(days[:length], 8)) <= 8 for length in range(4, 20))


@pytest.mark.parametrize(
    ("months", "expected"),
    [(1, ["2026-02-01", "2026-03-01", "2026-04-01"]), (3, ["2026-04-01"]), (12, ["2026-01-01"]), (6, ["2026-01-01"])],
)
def test_period_starts_when_none_lies_between_then_the_last_before(months, expected):
    days = period_starts(date(2026, 1, 15), date(2026, 4, 1), months)
    assert [str(day) for day in days] == expected


def test_anchor_days_when_buyers_are_too_few_at_first_then_the_chain_begins_later(small):
    con = three_groups(each=1)
    add(con, "customers", [customer(f"new{n}") for n in range(3)])
    add(con, "orders", [order(f"new{n}", 100 + n) for n in range(3)])  # from early June 2026
    assert anchor_days(con, AS_OF, small) == [date(2026, 7, 1)]
    assert anchor_days(con, date(2026, 6, 30), small) == []


def points(*groups: tuple[float, float, int]) -> np.ndarray:
    """Points on small rings around the given centres."""
    made = []
    for x, y, count in groups:
        turns = np.arange(count) * 2.4
        made.append(np.column_stack([x + 0.2 * np.cos(turns), y + 0.2 * np.sin(turns)]))
    return np.concatenate(made)


def test_choice_of_k_when_four_groups_lie_apart_then_four(settings):
    rules = changed(settings, count={"least": 2, "most": 6, "smallest_share": Decimal("0.05")}).criteria.clusters
    fit = best_fit(points((0, 0, 40), (5, 0, 40), (0, 5, 40), (5, 5, 40)), rules, None)
    assert fit.k == 4


def test_choice_of_k_when_a_cluster_would_be_a_handful_then_it_is_not_taken(settings):
    far = points((0, 0, 60), (6, 0, 60), (60, 60, 2))
    rules = changed(settings, count={"least": 2, "most": 3, "smallest_share": Decimal("0.1")}).criteria.clusters
    # k = 2 makes a cluster of the two far points, and so does k = 3: none is large enough, so the fewest are kept.
    assert best_fit(far, rules, None).k == 2
    loose = changed(settings, count={"least": 2, "most": 3, "smallest_share": Decimal("0.01")}).criteria.clusters
    assert best_fit(far, loose, None).k == 3


def test_choice_of_k_when_the_k_before_is_as_good_then_it_is_kept(settings):
    even = points((0, 0, 40), (5, 0, 40), (0, 5, 40), (5, 5, 40))
    wide = changed(settings, count={"least": 3, "most": 5, "tolerance": Decimal("0.6")}).criteria.clusters
    assert best_fit(even, wide, None).k == 5
    assert best_fit(even, wide, 4).k == 4
    assert best_fit(even, wide, 9).k == 5


def test_numbers_when_a_cluster_comes_and_another_goes_then_no_number_is_given_twice():
    scales = (Scale("a", False, 0, 0, 1), Scale("b", False, 0, 0, 1))
    money = np.array([1.0, 5.0, 3.0])
    first = Fit(np.array([[0.0, 0.0], [9.0, 9.0], [0.0, 9.0]]), np.array([0, 1, 2]), 0.5)
    assert first_numbers(first, money) == [3, 1, 2]
    # The same three in another order, and a fourth.
    grown = Fit(np.array([[9.0, 8.0], [20.0, 0.0], [0.0, 1.0], [0.0, 8.0]]), np.array([0, 1, 2, 3]), 0.5)
    after = next_numbers(first.centroids, [3, 1, 2], grown, scales, np.array([1.0, 2, 3, 4]), unused=4)
    assert after == [1, 4, 3, 2]
    shrunk = Fit(np.array([[0.0, 1.0], [9.0, 8.0]]), np.array([0, 1]), 0.5)
    assert next_numbers(grown.centroids, after, shrunk, scales, money, unused=5) == [3, 1]


def test_scaling_when_a_feature_is_skewed_then_it_is_logged_and_the_sql_says_the_same_as_the_array(settings):
    rules = changed(settings).criteria.clusters
    skewed = np.array([1.0, 2, 2, 3, 3, 3, 4, 1000, np.nan])
    even = np.arange(9.0)
    values = {name: (skewed if name == "net_amount_window" else even) for name in rules.features}
    values["interactions_90d"] = -skewed
    scales = scales_of(values, rules)
    assert {s.feature for s in scales if s.log} == {"net_amount_window"}
    assert next(s for s in scales if s.log).fill == 3
    assert read_scaling(scaling_json(scales)) == scales
    matrix = scaled(values, scales)
    assert matrix[:, 2].mean() == pytest.approx(0, abs=1e-6)
    assert matrix[:, 2].std() == pytest.approx(1, abs=1e-6)
    con = duckdb.connect()
    con.execute(f"create table t (customer_id integer, {', '.join(f'{name} double' for name in rules.features)})")
    rows = [[i, *(None if np.isnan(v[i]) else v[i] for v in values.values())] for i in range(9)]
    con.executemany(f"insert into t values ({', '.join('?' * 6)})", rows)
    centroids = (tuple(matrix[7].tolist()), tuple(matrix[0].tolist()))
    clusters = tuple(Cluster(i + 1, "", "", centroid) for i, centroid in enumerate(centroids))
    found = con.execute(f"select * from ({assigned(scales, clusters, 't')}) order by customer_id").fetchall()
    expected = np.linalg.norm(matrix[:, None, :] - np.array(centroids)[None], axis=2)
    assert [row[1] for row in found] == (expected.argmin(axis=1) + 1).tolist()
    assert [float(row[2]) for row in found] == pytest.approx(expected.min(axis=1).tolist(), abs=2e-6)
    assert float(found[7][3]) == 1
    assert read_centroid(centroid_json(scales, centroids[0])) == centroids[0]


def test_robust_scaling_when_a_feature_hardly_varies_then_its_spread_is_the_deviation(settings):
    rules = changed(settings, scaling="robust").criteria.clusters
    flat = np.array([0.0] * 9 + [1.0])
    scales = {s.feature: s for s in scales_of(dict.fromkeys(rules.features, flat), rules)}
    assert scales["discount_order_share"].center in (0, 0.1)
    assert scales["recency_days"].scale > 0
    constant = scales_of({name: np.ones(5) for name in rules.features}, rules)
    assert {s.scale for s in constant} == {1.0}
    assert np.allclose(exponent(logarithm(np.array([-5.0, 0, 7]))), [-5, 0, 7])


def test_names_when_nothing_stands_out_or_two_would_be_the_same_then_they_still_differ(settings):
    rules = settings.criteria.clusters
    spread = np.concatenate([np.eye(5) * 3, -np.eye(5) * 3])
    middle, high = np.zeros(5), np.array([0, 3.0, 2.0, 0, 0])
    made = names(np.array([middle, high, high * 0.9 + np.array([0, 0, 0, 0.1, 0])]), spread, rules)
    texts = [text for text, _ in made]
    assert (texts[0].zh, texts[0].en) == ("居中", "average")
    assert (texts[1].zh, texts[1].en) == ("高频高额", "frequent, high spend")
    assert len({text.zh for text in texts}) == len({text.en for text in texts}) == 3
    assert made[1][1] == ("count_orders_window", "net_amount_window")


def test_segments_when_read_then_one_row_a_customer_of_a_known_cluster(computed):
    rows = table(computed, "cluster_segments")
    assert len({row["customer_id"] for row in rows}) == len(rows)
    known = {number for (number,) in computed.execute("select cluster_id from insights.cluster_profiles").fetchall()}
    assert {row["cluster_id"] for row in rows} <= known
    assert all(0 <= row["silhouette"] <= 1 and row["distance"] >= 0 for row in rows)
