"""Raw: what the lander says it did against what lies there. File by file every row must be accounted for.

Checks of meaning (casts, currencies, keys) belong to staging: raw holds text as received.
"""

from collections.abc import Mapping

from quality.checks import Rule, Suite, Table, at_most, in_set, no_rows, not_null, unique

ENTITIES = (
    "persons", "companies", "memberships", "orders", "order_lines", "refunds", "interactions", "opportunities",
    "feedback", "traits", "consents", "outcomes", "products", "stores", "spend", "exchange_rates", "holidays",
)  # fmt: skip
TECHNICAL_COLUMNS = (
    "_source", "_entity", "_file_sha256", "_row_number", "_load_id", "_loaded_at", "_record_key", "_record_hash",
)  # fmt: skip

LEDGER = Table("control.ingest_ledger")
QUARANTINE = Table("control.quarantine", may_be_empty=True)

# Rows of one canonical entity that the raw files hold, against the ledger's loaded rows; one row a block that differs.
LOADED_AGAINST_HELD = """
with held as (select _source as source, _entity as entity, count(*) as count_rows from {{batch}} group by all),
told as (
    select ledger.source, ledger.entity, sum(ledger.rows_loaded) as count_rows
    from control.ingest_ledger as ledger
    inner join control.sources as blocks on ledger.source = blocks.source and ledger.entity = blocks.entity
    where blocks.canonical_entity = '{entity}'
    group by all
)
select 1 from held full join told on held.source = told.source and held.entity = told.entity
where coalesce(held.count_rows, 0) <> coalesce(told.count_rows, 0)
"""

QUARANTINED_SHARE = """
select coalesce(max(share), 0.0) as observed from (
    select sum(rows_quarantined) * 1.0 / sum(rows_read) as share from control.ingest_ledger
    group by source, entity having sum(rows_read) >= {least_rows}
)
"""

REFUSED_SHARE = """
select coalesce(avg(case when status = 'refused' then 1.0 else 0.0 end), 0.0) as observed from control.ingest_ledger
"""

QUARANTINE_AGAINST_LEDGER = """
with held as (
    select source, entity, sha256, count(*) as count_rows from {batch}
    where state in ('open', 'discarded', 'expired') group by all
)
select 1 from control.ingest_ledger as ledger
full join held on ledger.source = held.source and ledger.entity = held.entity and ledger.sha256 = held.sha256
where coalesce(held.count_rows, 0) <> coalesce(ledger.rows_quarantined, 0) and ledger.status is distinct from 'refused'
"""


def suite(thresholds: Mapping[str, float]) -> Suite:
    views = tuple(Table(f"raw.{entity}", may_be_empty=True) for entity in ENTITIES)
    rules = _ledger_rules(thresholds)
    for entity, view in zip(ENTITIES, views, strict=True):
        rules += _view_rules(entity, view)
    return Suite("raw", (LEDGER, QUARANTINE, *views), rules)


def _ledger_rules(thresholds: Mapping[str, float]) -> list[Rule]:
    least_rows = int(thresholds["raw.quarantined_share_min_rows"])
    return [
        unique(LEDGER, "source", "entity", "sha256"),
        not_null(LEDGER, "sha256"),
        in_set(LEDGER, "status", ("loaded", "refused")),
        no_rows(
            LEDGER, "rows_add_up",
            "select 1 from {batch} where rows_read is distinct from"
            " rows_loaded + rows_quarantined + rows_duplicate + rows_erased",
            "For every file: rows read = loaded + quarantined + duplicate + erased.",
            "每个文件:读取行数 = 装载 + 隔离 + 重复 + 已删除。",
        ),
        at_most(
            LEDGER, "quarantined_share_per_block", QUARANTINED_SHARE.format(least_rows=least_rows),
            thresholds["raw.quarantined_share_per_block"],
            "The largest share of quarantined rows of any source block stays within bounds.",
            "任一来源数据块的最大隔离行占比不超过上限。",
        ),
        at_most(
            LEDGER, "refused_files_share", REFUSED_SHARE, thresholds["raw.refused_files_share"],
            "The share of files refused as a whole stays within bounds.", "整份被拒文件的占比不超过上限。", "warning",
        ),
        no_rows(
            QUARANTINE, "rows_match_ledger", QUARANTINE_AGAINST_LEDGER,
            "For every loaded file the quarantine holds the rows the ledger counts.",
            "每个已装载文件的隔离行数与台账一致。",
        ),
    ]  # fmt: skip


def _view_rules(entity: str, view: Table) -> list[Rule]:
    missing = " or ".join(f"{column} is null" for column in TECHNICAL_COLUMNS)
    return [
        no_rows(
            view, "technical_columns_not_null", f"select 1 from {{batch}} where {missing}",
            "Every row says where it came from, and has its key and hash.", "每行都有来源、主键与哈希等技术字段。",
        ),
        no_rows(
            view, "rows_match_ledger", LOADED_AGAINST_HELD.format(entity=entity),
            "Each block's raw rows are the rows its ledger counts as loaded.", "各数据块的原始行数与台账装载行数一致。",
        ),
    ]  # fmt: skip
