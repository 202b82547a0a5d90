"""What the linking is measured against: Splink as its own demonstrations set it up, over all records, and a plain scan.

Comparisons, blocking, training and threshold are those that Splink's documentation shows for persons; nothing is tuned to a set.
"""

import logging

import duckdb
import pyarrow as pa
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

THRESHOLD = 0.95
_COMPARISONS = {
    "given": cl.NameComparison("given"),
    "family": cl.NameComparison("family"),
    "birth": cl.DateOfBirthComparison("birth", input_is_string=True, datetime_format="%Y%m%d"),
    "national_id": cl.DamerauLevenshteinAtThresholds("national_id", [2]),
    "street": cl.JaroWinklerAtThresholds("street", [0.9, 0.7]),
    "postcode": cl.DamerauLevenshteinAtThresholds("postcode", [1, 2]),
    "city": cl.ExactMatch("city").configure(term_frequency_adjustments=True),
    "phone": cl.ExactMatch("phone").configure(term_frequency_adjustments=True),
    "mailbox": cl.ExactMatch("mailbox").configure(term_frequency_adjustments=True),
}
_BLOCKING = (
    ("given", "family"), ("birth", "given"), ("birth", "family"), ("birth", "postcode"), ("given", "postcode"),
    ("family", "postcode"), ("national_id",), ("phone",), ("mailbox",), ("street", "family"), ("given", "birth", "city"),
)  # fmt: skip
_TRAINING = (("given", "family"), ("birth",), ("mailbox",))


def plain_splink(con: duckdb.DuckDBPyConnection, clusters: str) -> None:
    """Links int_identity__comparables by Splink alone and writes the table `clusters` (record_id, customer_id)."""
    logging.getLogger("splink").setLevel(logging.ERROR)
    records = con.execute(f"""
        select row_number() over (order by record_id) as unique_id, record_id, {", ".join(_COMPARISONS)}
        from intermediate.int_identity__comparables order by record_id
    """).to_arrow_table()
    filled = {name for name in _COMPARISONS if records[name].null_count < records.num_rows}
    con.register("found_clusters", _clusters(records, filled))
    con.execute(
        f"create or replace temp table {clusters} as select record_id, cluster_id as customer_id from found_clusters"
    )
    con.unregister("found_clusters")


def _clusters(records: pa.Table, filled: set[str]) -> pa.Table:
    rules = [rule for rule in _BLOCKING if set(rule) <= filled]
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=[comparison for name, comparison in _COMPARISONS.items() if name in filled],
        blocking_rules_to_generate_predictions=[block_on(*rule) for rule in rules],
    )
    with duckdb.connect() as own:
        linker = Linker(DuckDBAPI(own).register(records, table_name="plain"), settings, log_level=logging.ERROR)
        training = linker.training
        training.estimate_probability_two_random_records_match([block_on("given", "family", "birth")], recall=0.7)
        training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
        for rule in _TRAINING:
            if set(rule) <= filled:
                training.estimate_parameters_using_expectation_maximisation(block_on(*rule), max_pairs=1e6)
        pairs = linker.inference.predict(threshold_match_probability=0.5)
        found = linker.clustering.cluster_pairwise_predictions_at_threshold(
            pairs, threshold_match_probability=THRESHOLD
        )
        return own.execute(f"select record_id, cluster_id from {found.physical_name}").to_arrow_table()
