"""The seed of Chinese places: every province, unambiguous names, and levels that add up."""

import csv
from collections import Counter
from pathlib import Path

import pytest

SEEDS = Path(__file__).resolve().parents[2] / "dbt_project" / "seeds"


@pytest.fixture(scope="module")
def places() -> list[dict[str, str]]:
    with (SEEDS / "geography.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_places_when_looked_up_by_name_then_there_is_one_of_a_level(places):
    for name in ("name_zh", "name_latin"):
        counts = Counter((place["level"], place[name]) for place in places if place[name])
        assert [key for key, count in counts.items() if count > 1] == []


def test_places_when_counted_then_all_34_provinces_have_cities_and_share_their_zone(places):
    provinces = {place["province_zh"]: place["region_zone"] for place in places if place["level"] == "province"}
    cities = [place for place in places if place["level"] == "city"]
    assert len(provinces) == 34
    assert {city["province_zh"] for city in cities} == set(provinces)
    assert all(city["region_zone"] == provinces[city["province_zh"]] for city in cities)
    # 333 prefecture-level divisions, the four municipalities and the places named beyond them.
    assert len({(city["province_zh"], city["name_latin"] or city["name_zh"]) for city in cities}) > 337


def test_places_when_a_city_has_a_tier_then_it_is_among_them_in_the_same_letters(places):
    letters = {place["name_zh"]: place["name_latin"] for place in places if place["level"] == "city"}
    with (SEEDS / "city_tiers.csv").open(encoding="utf-8") as file:
        tiers = list(csv.DictReader(file))
    assert [tier["city_zh"] for tier in tiers if letters.get(tier["city_zh"]) != tier["city"]] == []


@pytest.mark.parametrize(
    ("city", "zone", "climate"),
    [
        ("哈尔滨", "northeast", "severe_cold"), ("北京", "north", "cold"), ("上海", "east", "hot_summer_cold_winter"),
        ("广州", "south", "hot_summer_warm_winter"), ("昆明", "southwest", "mild"), ("大理白族自治州", "southwest", "mild"),
        ("香港", "hmt", "hot_summer_warm_winter"),
    ],
)  # fmt: skip
def test_places_when_well_known_then_zone_and_climate_are_right(places, city, zone, climate):
    (found,) = [place for place in places if place["level"] == "city" and place["name_zh"] == city]
    assert (found["region_zone"], found["climate_zone"]) == (zone, climate)
