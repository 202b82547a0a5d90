"""`strata bench churn`: how good the probabilities to leave are on sample data, against the best that can be known there, the
naive rules and a call list by the overdue rule; whether reasons hold; and how fast the value models are beside Lifetimes.
"""

import importlib.util
import json
import warnings
from datetime import date, timedelta
from statistics import median

import numpy as np
from scipy.stats import binomtest
from sklearn.metrics import roc_auc_score

from orchestration import warehouse
from orchestration.cli.bench_figures import Figures, at_least, at_most, figure, seconds_of
from orchestration.cli.bench_sample import AS_OF, SEED, fresh_sample
from orchestration.logic.churn.contest import cuts_needed, fitted, fold_of
from orchestration.logic.churn.explain import TERMS, effects, usual
from orchestration.logic.churn.frame import NAMES, Frame, Part, make_frame
from orchestration.logic.churn.measures import BINS, expected_calibration_error
from orchestration.logic.clv import bgnbd, gamma_gamma
from orchestration.logic.clv.fit import DAYS_A_WEEK
from orchestration.logic.clv.history import distinct
from orchestration.sample.purchases import LEAVE_ALPHA, LEAVE_BETA, RATE_MEAN_DAYS, RATE_SHAPE, SEASONS
from orchestration.settings import Home, Settings, load_settings
from orchestration.settings.home import SHIPPED

LARGEST_GAP = 0.02  # of the AUC behind the best possible
LARGEST_ERROR, ERROR_FROM = 0.02, 20_000  # of the calibration; fewer customers say less than the bound
LARGEST_CLV_SHARE = 1 / 5  # of the time of Lifetimes
LEAST_TRUE_REASONS = 0.95
FITTED_CUSTOMERS = 1_000_000  # whatever the size: the goal is about so many
CALLS = 50
REPEATS = 3
WEEKS = 52.0

# Customers leave without a word soon after an order, so both are negative: how long after it somebody notices.
_LEAD = """
with truth as (
    select distinct ids.customer_id, persons.churned_on
    from marts.customer_source_ids as ids
    inner join read_parquet($records) as records
        on records.source = ids.source and records.entity = ids.entity and records.source_record_id = ids.source_record_id
    inner join read_parquet($persons) as persons on persons.true_person_id = records.true_person_id
    where persons.churned_on is not null
)
select
    median(truth.churned_on - w.first_warned_on),
    median(truth.churned_on - (f.last_order_date + cast(ceil(2 * f.purchase_cycle_days) as integer)))
from insights.churn_warnings as w
inner join truth on truth.customer_id = w.customer_id
inner join insights.customer_features as f on f.as_of = w.as_of and f.customer_id = w.customer_id
where w.as_of = $day and w.closed_on is null
"""


def bench_churn(size: str) -> Figures:
    """A whole run on fresh sample data, its model looked at on the newest outcomes; then the value models alone."""
    with fresh_sample(size) as sample:
        sample.strata("run")
        figures = quality_of(sample.home, load_settings(SHIPPED))
    return figures | _speed(FITTED_CUSTOMERS)


def quality_of(home: Home, settings: Settings) -> Figures:
    """The figures of a home that holds sample data as of AS_OF."""
    with warehouse.connect(home) as con:
        frame = make_frame(con, AS_OF, settings, [0, *cuts_needed(settings.churn.model, settings.churn.horizon_days)])
        told = con.execute(
            "select model, metric, value, rival_value from insights.churn_backtest where as_of = ? and is_published",
            [AS_OF],
        ).fetchall()
        warned = con.execute(
            "select customer_id, reasons from insights.churn_warnings where as_of = ? order by 1", [AS_OF]
        ).fetchall()
        reach = con.execute(
            "select share_reached, share_reached_by_rule from insights.churn_reach "
            "where as_of = ? and owner = 'all' and contacts = ?", [AS_OF, CALLS],
        ).fetchall()  # fmt: skip
        lead = con.execute(
            _LEAD,
            {
                "records": str(home.truth / "records.parquet"),
                "persons": str(home.truth / "persons.parquet"),
                "day": AS_OF,
            },
        ).fetchall()[0]
    by_metric = {metric: (float(value), float(rival or 0)) for _, metric, value, rival in told}
    name = told[0][0]
    return {
        **_foretold(name, frame, settings),
        **_against_the_rule(by_metric),
        **_reasons(name, frame, settings, warned),
        "median days from the warning to the true churn": figure(float(lead[0] or 0), "days"),
        "median days from twice the own cycle to the true churn": figure(float(lead[1] or 0), "days"),
        f"money at risk that {CALLS} calls reach": figure(float(reach[0][0] or 0), "share"),
        f"money at risk that {CALLS} calls reach, most overdue first": figure(float(reach[0][1] or 0), "share"),
    }


def _foretold(name: str, frame: Frame, settings: Settings) -> Figures:
    fold = fold_of(frame, 1, settings.churn.model)
    assert fold is not None, "the sample of any size has enough customers and days"
    part = frame.cuts[1]
    score = fitted(name, frame, fold, settings.churn.model)(part.x)
    auc, best = (
        roc_auc_score(part.left, score),
        roc_auc_score(part.left, _best_possible(part, frame.day(1), frame.horizon_days)),
    )
    error = expected_calibration_error(score, part.left)
    has_bound = len(part) >= ERROR_FROM * 0.6  # some of the customers never bought
    inside, bins = _bins_inside(score, part.left)
    return {
        f"AUC of {name}, newest outcomes": figure(auc, "auc"),
        "AUC of the generator's own hazard": figure(best, "auc"),
        "AUC behind the best possible": at_most(best - auc, "auc", LARGEST_GAP),
        "calibration error": at_most(error, "share", LARGEST_ERROR) if has_bound else figure(error, "share"),
        "tenths of customers inside their 99 % interval": figure(inside / bins, "share"),
    }


def _best_possible(part: Part, day: date, horizon_days: int) -> np.ndarray:
    """The probability of no order that follows from the orders alone when the generator's parameters and seasons are known:
    its customers order at a gamma-distributed rate in seasonal days and may leave after any order (purchases.py)."""
    recency, tenure = part.column("recency_days").astype(int), part.column("tenure_days").astype(int)
    clock = _seasonal_days(day, int(tenure.max()), horizon_days)
    now = int(tenure.max())
    first, last, end = clock[now - tenure], clock[now - recency], clock[now + horizon_days]
    x = part.column("count_order_days") - 1
    alpha, seen = RATE_MEAN_DAYS * RATE_SHAPE, clock[now] - first
    odds = np.log(LEAVE_ALPHA / (LEAVE_BETA + x)) + (RATE_SHAPE + x) * np.log((alpha + seen) / (alpha + last - first))
    alive = 1 / (1 + np.exp(odds))
    return np.asarray(1 - alive * (1 - ((alpha + seen) / (alpha + seen + end - clock[now])) ** (RATE_SHAPE + x)))


def _seasonal_days(day: date, before: int, after: int) -> np.ndarray:
    """Seasonal days passed at each calendar day from `before` days ahead of `day` to `after` days behind it."""
    days = [day + timedelta(days=number - before) for number in range(before + after)]
    return np.concatenate([[0.0], np.cumsum([SEASONS[one.month - 1] for one in days])])


def _bins_inside(score: np.ndarray, left: np.ndarray) -> tuple[int, int]:
    """Of the tenths of customers by score, those whose share of leavers agrees with what was foretold (99 %, binomial)."""
    order = np.argsort(score, kind="stable")
    parts = np.array_split(order, BINS)
    inside = [binomtest(int(left[one].sum()), len(one), float(score[one].mean())).pvalue >= 0.01 for one in parts]
    return sum(inside), len(parts)


def _against_the_rule(by_metric: dict[str, tuple[float, float]]) -> Figures:
    figures: Figures = {}
    for metric, unit in (
        ("auc", "auc"),
        ("brier", "score"),
        ("capture_at_capacity", "share"),
        ("lead_time_days", "days"),
    ):
        if metric in by_metric:
            own, rule = by_metric[metric]
            figures |= {f"{metric}, all folds": figure(own, unit), f"{metric}, best naive rule": figure(rule, unit)}
    return figures


def _reasons(name: str, frame: Frame, settings: Settings, warned: list[tuple[str, str]]) -> Figures:
    """How often the probability falls when what the first reason is about is as usual: as the customer's own cycle and pace
    are, without the complaint, the bad score or the refusal; of a reason of the model, as it is among those who stay."""
    fold = fold_of(frame, 0, settings.churn.model)
    assert fold is not None
    predict, x = fitted(name, frame, fold, settings.churn.model), frame.cuts[0].x
    falls = {str(term): fall for term, fall in effects(predict, x, usual(frame.cuts[fold.calibration])).items()}
    falls |= {rule: predict(x) - predict(_as_usual(rule, x)) for rule in settings.churn.rules}
    # A warning for the probability itself has the model's strongest reason for its reason.
    falls["probability"] = np.max([falls[term] for term in TERMS], axis=0)
    place = {customer_id: number for number, customer_id in enumerate(frame.customers)}
    first = [(customer_id, reasons[0]["code"]) for customer_id, text in warned if (reasons := json.loads(text))]
    hits = sum(bool(falls[code][place[customer_id]] > 0) for customer_id, code in first)
    return {
        "warnings": figure(len(warned), "warnings"),
        "warnings without a reason": at_most(len(warned) - len(first), "warnings", 0),
        "first reasons that hold": at_least(hits / max(1, len(first)), "share", LEAST_TRUE_REASONS),
    }


def _as_usual(rule: str, x: np.ndarray) -> np.ndarray:
    """The features of NAMES, had what the rule of churn.yml tells of not happened."""
    changed = x.copy()
    at = {feature: changed[:, place] for place, feature in enumerate(NAMES)}
    if rule in ("overdue", "tier_about_to_fall"):
        cycle = np.where(np.isnan(at["purchase_cycle_days"]), at["recency_days"], at["purchase_cycle_days"])
        at["recency_days"][:] = np.minimum(at["recency_days"], cycle)
        at["overdue_ratio"][:] = np.minimum(at["overdue_ratio"], 1)
        at["active_share"][:] = 1 - at["recency_days"] / at["tenure_days"]
    elif rule == "falling_frequency":
        at["orders_90d"][:] = np.maximum(at["orders_90d"], at["orders_365d"] / 4)
        at["order_trend"][:] = np.maximum(at["order_trend"], 0)
    elif rule == "falling_interaction":
        at["interaction_trend"][:] = np.maximum(at["interaction_trend"], 0)
        at["interactions_90d"][:] = np.maximum(at["interactions_90d"], at["interactions_window"] / 4)
    elif rule == "open_complaint":
        at["complaints_window"][:] -= at["complaints_90d"]
        at["complaints_90d"][:] = 0
    elif rule == "low_satisfaction":
        at["csat_last"][:] = np.fmax(at["csat_last"], at["csat_average"])
    elif rule == "consent_withdrawn":
        at["consent_withdrawn"][:] = 0
    return changed


def _speed(customers: int) -> Figures:
    """Fit and forecast of both value models on simulated customers, in turns with Lifetimes where it is installed."""
    x, t_x, t, mean = _simulated(customers)
    ours, theirs = [], []
    has_rival = importlib.util.find_spec("lifetimes") is not None
    for _ in range(REPEATS):
        ours.append(seconds_of(lambda: _our_values(x, t_x, t, mean)))
        if has_rival:
            theirs.append(seconds_of(lambda: _values_by_lifetimes(x, t_x, t, mean)))
    figures = {f"value models, {customers:,} customers": figure(median(ours), "s")}
    if not has_rival:
        return figures
    share = median(own / other for own, other in zip(ours, theirs, strict=True))
    return figures | {
        "the same by Lifetimes": figure(median(theirs), "s"),
        "value models / Lifetimes": at_most(share, "times", LARGEST_CLV_SHARE),
    }


def _our_values(x: np.ndarray, t_x: np.ndarray, t: np.ndarray, mean: np.ndarray) -> None:
    kinds, place, count = distinct(x, np.rint(t_x * DAYS_A_WEEK), np.rint(t * DAYS_A_WEEK))
    repeats, last, seen = kinds[0].astype(float), kinds[1] / DAYS_A_WEEK, kinds[2] / DAYS_A_WEEK
    orders, repeated = bgnbd.fit(bgnbd.Histories(repeats, last, seen, count.astype(float))), x > 0
    amounts = gamma_gamma.fit(x[repeated], mean[repeated])
    expected = bgnbd.expected_orders(orders.parameters, repeats, last, seen, WEEKS)[place]
    assert np.isfinite(expected * gamma_gamma.expected_amount(amounts.parameters, x, mean)).all()


def _values_by_lifetimes(x: np.ndarray, t_x: np.ndarray, t: np.ndarray, mean: np.ndarray) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from lifetimes import BetaGeoFitter, GammaGammaFitter

        orders, amounts, repeated = BetaGeoFitter(), GammaGammaFitter(), x > 0
        orders.fit(x, t_x, t)
        amounts.fit(x[repeated], mean[repeated])
        orders.conditional_expected_number_of_purchases_up_to_time(WEEKS, x, t_x, t)
        amounts.conditional_expected_average_profit(x, mean)


def _simulated(customers: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Histories in whole days, as weeks, by BG/NBD and gamma-gamma with the parameters published for CDNOW."""
    rng = np.random.default_rng(SEED)
    rate = rng.gamma(0.243, 1 / 4.414, customers)
    leaving, t = rng.beta(0.793, 2.426, customers), rng.integers(26 * 7, 78 * 7, customers) / 7
    x, t_x, now, alive = np.zeros(customers), np.zeros(customers), np.zeros(customers), np.ones(customers, dtype=bool)
    while alive.any():
        now = now + np.where(alive, rng.exponential(1 / np.maximum(rate, 1e-9)), 0)
        alive = alive & (now < t)
        x, t_x = x + alive, np.where(alive, now, t_x)
        alive = alive & (rng.random(customers) >= leaving)
    t_x = np.where(x > 0, np.maximum(np.round(t_x * 7), 1) / 7, 0)
    mean = rng.gamma(6.25 * np.maximum(x, 1), 1 / (rng.gamma(3.74, 1 / 15.44, customers) * np.maximum(x, 1)))
    return x, np.minimum(t_x, t), t, np.where(x > 0, np.round(np.maximum(mean, 0.01), 2), 0.01)
