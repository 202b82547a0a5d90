"""The curves of a model's card, worked out by hand; small cells are not told, and no curve is a figure of the backtest."""

import numpy as np
import pytest

from orchestration.logic.churn.measures import Told, curves, measured, without_curves


def told(scores: dict[float, tuple[int, int]]) -> Told:
    """So many customers of each score, of whom so many left."""
    score = np.concatenate([np.full(count, value) for value, (count, _) in scores.items()])
    left = np.concatenate([np.arange(count) < gone for count, gone in scores.values()])
    return Told(score, left, np.zeros(len(score)))


def test_reliability_when_scores_are_in_steps_then_shares_are_told_and_cells_below_five_are_not():
    folds = [told({0.05: (10, 1), 0.55: (3, 2), 0.95: (4, 4)}), told({0.07: (10, 0), 0.51: (2, 1)})]
    found = curves(measured(fold, 5) for fold in folds)["reliability"]
    # Four of the last step are too few; the five of the middle one come from both folds.
    assert found == [
        {"count": 20, "foretold": pytest.approx(0.06), "real": pytest.approx(0.05)},
        {"count": 5, "foretold": pytest.approx(0.534), "real": pytest.approx(0.6)},
    ]


def test_capture_when_the_highest_scores_leave_then_lift_is_their_share_over_the_tenth():
    # Of twenty the two highest left, and one of the ten lowest, whose scores are equal.
    found = curves([measured(told({0.9: (2, 2), 0.5: (8, 0), 0.1: (10, 1)}), 5)])["capture"]
    assert [point["captured"] for point in found] == pytest.approx(
        [2 / 3] * 5 + [2 / 3 + tenth / 15 for tenth in range(1, 6)], abs=1e-4
    )
    assert (found[0]["lift"], found[-1]["lift"]) == (pytest.approx(20 / 3, abs=1e-3), 1)


def test_figures_when_curves_are_taken_out_then_only_the_metrics_are_left():
    figures = without_curves(measured(told({0.9: (5, 4), 0.1: (5, 1)}), 5))
    assert set(figures) == {
        "auc", "average_precision", "lift_at_10_percent", "brier", "ece", "capture_at_capacity", "churn_rate", "customers",
        "lead_time_days",
    }  # fmt: skip
