"""Identity: which records are one customer. Pure: an open connection on the warehouse and settings in, tables out.

`control_tables` runs before dbt, `resolve` and then `write_quality` between the two dbt steps, `explain_links` and `measure` read
what they left. How links are found is SQL (`dbt_project/models/intermediate/identity`); what people decided is kept by
`decisions.py`.
"""

from orchestration.logic.identity.control import control_tables
from orchestration.logic.identity.decisions import (
    Contradiction,
    Decision,
    add_decisions,
    decisions_table,
    in_force,
    pair_id,
    read_decisions,
    write_decisions,
)
from orchestration.logic.identity.explain import Explanation, customer_of, explain_links
from orchestration.logic.identity.labels import LabelsRefused, read_labels
from orchestration.logic.identity.measure import Quality, measure
from orchestration.logic.identity.model import ModelRefused
from orchestration.logic.identity.model import load as load_model
from orchestration.logic.identity.quality import ALL, Figure, write_quality
from orchestration.logic.identity.resolve import resolve

__all__ = [
    "ALL", "Contradiction", "Decision", "Explanation", "Figure", "LabelsRefused", "ModelRefused",
    "Quality", "add_decisions", "control_tables", "customer_of", "decisions_table", "explain_links", "in_force", "load_model",
    "measure", "pair_id", "read_decisions", "read_labels", "resolve", "write_decisions", "write_quality",
]  # fmt: skip
