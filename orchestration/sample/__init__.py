"""A seeded sample of a Chinese-and-international retailer: landing files for all channels, and the truth beside them.

Pure: knows the folders (`Home`) and nothing of landing, dagster or dbt. The pipeline never imports it and never
reads its truth.
"""

from orchestration.sample.generate import SampleSummary, generate

__all__ = ["SampleSummary", "generate"]
