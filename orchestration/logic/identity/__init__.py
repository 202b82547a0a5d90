"""Identity: which records are one customer. Pure: an open connection on the warehouse and settings in, tables out.

`control_tables` runs before dbt, `resolve` between the two dbt steps, `explain_links` and `measure` read what they left. How
links are found is SQL (`dbt_project/models/intermediate/identity`).
"""

from orchestration.logic.identity.control import control_tables
from orchestration.logic.identity.explain import Explanation, customer_of, explain_links
from orchestration.logic.identity.measure import Quality, measure
from orchestration.logic.identity.resolve import resolve

__all__ = ["Explanation", "Quality", "control_tables", "customer_of", "explain_links", "measure", "resolve"]
