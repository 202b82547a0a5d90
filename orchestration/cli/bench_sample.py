"""The sample data that benchmarks run on: how many customers a size has, and the day, span and seed of all of them."""

from datetime import date

SIZES = {"small": 2_000, "20k": 20_000, "100k": 100_000, "1m": 1_000_000, "3m": 3_000_000}
AS_OF, DAYS, SEED = date(2026, 7, 1), 730, 7
