"""Segmentation: point-in-time features, RFM, ABC, life cycle, scorecard and tiers, as SQL over the marts.

Every table is one function `(con, as_of, settings) -> rows`; `catalogue.py` lists them all. Add a method as a module
of its own and a line there. Pure: no Dagster, no files, no clock, nothing remembered from earlier runs.
"""
