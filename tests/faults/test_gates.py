"""A fault planted at each layer stops the publication; readers keep the last good state; the message says what failed."""

import shutil
from pathlib import Path

import pytest

from orchestration.serving import published
from orchestration.settings import Home, config_folder
from tests.conftest import copy_home, environment, query, run_home

HEADER = "order_no,account_id,ordered,status,currency,goods,rebate,shipping,tax,total,payment,voucher,engraving,changed"
# {n} is the number of the order. Each fault comes in the way a real one would: in a file that a source dropped.
FAULTS = {
    "raw": (
        "X{n},AC000000001,31/31/2026 10:00:00,已完成,CNY,10.00,0.00,0.00,0.60,10.00,card,,0,",
        400,
        "quarantined_share",
    ),
    "staging": (
        "X{n},AC000000001,01/06/2026 10:00:00,已完成,ZZZ,10.00,0.00,0.00,0.60,10.00,card,,0,",
        60,
        "currency_unknown",
    ),
    "marts": ("X{n},,01/06/2026 10:00:00,已完成,CNY,10.00,0.00,0.00,0.60,10.00,card,,0,", 6000, "without_customer"),
}


@pytest.mark.parametrize("layer", FAULTS)
def test_planted_fault_stops_publication(
    refreshed: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str], layer: str
) -> None:
    line, count, rule = FAULTS[layer]
    home = copy_home(refreshed, tmp_path / "home")
    folder = home.landing / "webshop" / "orders"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "orders_2026-07-01_fault.csv").write_text(
        "\n".join([HEADER, *(line.format(n=n) for n in range(count)), ""])
    )
    assert_stopped(home, layer, rule, capsys)


def test_criteria_that_tell_nobody_apart_stop_publication(
    refreshed: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "config"
    shutil.copytree(config_folder(), config)
    criteria = config / "presets" / "common.yml"
    text = criteria.read_text(encoding="utf-8")
    for found, planted in {
        "High value}, at_least: 60}": "High value}, at_least: 99.9}",
        "Middle value}, at_least: 30, below: 60}": "Middle value}, at_least: 99.8, below: 99.9}",
        "Low value}, below: 30}": "Low value}, below: 99.8}",
    }.items():
        assert text.count(found) == 1
        text = text.replace(found, planted)
    criteria.write_text(text, encoding="utf-8")
    home = copy_home(refreshed, tmp_path / "home")
    with environment(STRATA_CONFIG=str(config)):
        assert_stopped(home, "insights", "tiers_in_use", capsys)


def assert_stopped(home: Home, layer: str, rule: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = published(home)
    assert run_home(home) == 1
    printed = " ".join(capsys.readouterr().out.split())
    assert f"check failed: {layer}." in printed or f"check failed: {'control' if layer == 'raw' else layer}." in printed
    assert rule in printed
    assert "observed" in printed
    assert "bound" in printed
    assert published(home) == before
    assert query(home, "select count(*) from serving.customers")[0][0] > 0
