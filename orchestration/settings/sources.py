"""The models of `sources.yml`: what a source block says, and every check that needs no data.

A new key of the file goes here first, with its rule in `source_rules.py` when it depends on other keys. Nothing here opens
a landed file or knows how a format is read.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from orchestration.settings.entities import ENTITIES, Entity
from orchestration.settings.loader import Strict
from orchestration.settings.readers import FilesReader, Reader
from orchestration.settings.source_rules import (
    check_block,
    check_currency,
    check_delimiter,
    check_encoding,
    check_name,
    check_quote,
    check_time_format,
    check_timezone,
    one_of,
    text_of,
)

Channel = Literal[
    "website", "app", "social", "ecommerce", "store", "fair", "survey", "crm", "support", "bought", "reference"
]
FileType = Literal["csv", "tsv", "jsonl", "json", "xlsx", "xls", "parquet"]
DELETED_AT = "_deleted_at"
"""The column by which a file that a connector wrote says: this record is gone from the source since then."""

Text = Annotated[str, BeforeValidator(text_of)]
Name = Annotated[str, AfterValidator(check_name)]
TimeZone = Annotated[str, AfterValidator(check_timezone)]
Currency = Annotated[str, AfterValidator(check_currency)]
TimeFormat = Annotated[str, AfterValidator(check_time_format)]


class Retention(Strict):
    """How long what was refused is kept. `quarantine_days`: then the bytes of a refused row go; place and reason stay."""

    quarantine_days: Annotated[int, Field(ge=1)] = 365


class Business(Strict):
    """What holds for all sources unless one says otherwise."""

    timezone: TimeZone = "Asia/Shanghai"
    currency: Currency = "CNY"


class Format(Strict):
    """How the bytes are to be read. `dates` and `times`: strptime formats, `epoch_s` or `epoch_ms`; none means ISO 8601.

    Text files: `skip_lines` before the header, `footer_lines` (not blank) after the last row, and lines that begin with
    `comment` are no rows; `header` names the columns of a file that has no header of its own. Workbooks: `sheet` is a name, or
    `*` for all; `header_rows` are joined, so that a merged cell stands before each name below it.
    """

    type: FileType = "csv"
    encoding: Annotated[str, AfterValidator(check_encoding)] = "utf-8"
    delimiter: Annotated[str, AfterValidator(check_delimiter)] | None = None
    quote: Annotated[str, AfterValidator(check_quote)] = '"'
    escape: Literal["", "\\"] = ""
    comment: Annotated[str, Field(max_length=8)] = ""
    skip_lines: Annotated[int, Field(ge=0, le=1000)] = 0
    footer_lines: Annotated[int, Field(ge=0, le=1000)] = 0
    header: list[Annotated[str, Field(min_length=1)]] = Field(default_factory=list)
    dates: TimeFormat | None = None
    times: TimeFormat | None = None
    decimal: Literal[".", ","] = "."
    sheet: str | None = None
    header_rows: Annotated[int, Field(ge=1, le=10)] = 1

    @property
    def separator(self) -> str:
        """The delimiter, by type when none is declared."""
        return self.delimiter or ("\t" if self.type == "tsv" else ",")

    @property
    def format_of_times(self) -> str | None:
        """The format of timestamp columns: `times`, else `dates`, else None (ISO 8601)."""
        return self.times or self.dates


class PersonRef(Strict):
    """What `person_ref` holds: the source's own record id, or another key of the person."""

    by: Literal["record", "email", "phone", "loyalty_id", "wechat_id", "device_id"] = "record"


class Block(Strict):
    """One entity block of a source: which files, how to read them, and how their columns map onto a canonical entity.

    `key`: SOURCE column names that identify a record; none: every row is its own record. `values`: per canonical column,
    the received value and the canonical one it stands for.
    """

    entity: Annotated[str, AfterValidator(one_of("canonical entity", ENTITIES))]
    description: str | None = None
    reader: Reader = FilesReader()
    format: Format = Format()
    key: list[Annotated[str, Field(min_length=1)]] = Field(default_factory=list)
    columns: dict[str, Annotated[str, Field(min_length=1)]]
    constants: dict[str, Text] = Field(default_factory=dict)
    values: dict[str, dict[Text, Text]] = Field(default_factory=dict)
    person_ref: PersonRef = PersonRef()
    company_ref: Literal["record"] = "record"
    freshness_hours: Annotated[float, Field(gt=0)] | None = None
    on_drift: Literal["refuse", "quarantine", "extend"] = "quarantine"

    @model_validator(mode="before")
    @classmethod
    def _short_person_ref(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("person_ref"), str):
            return {**data, "person_ref": {"by": data["person_ref"]}}
        return data

    @model_validator(mode="before")
    @classmethod
    def _format_of_what_is_pulled(cls, data: Any) -> Any:
        """What is pulled from a database is written as Parquet, so that nobody has to say it."""
        reader, form = (data.get("reader"), data.get("format", {})) if isinstance(data, dict) else (None, None)
        if isinstance(reader, dict) and reader.get("kind") == "sql" and isinstance(form, dict):
            return {**data, "format": {"type": "parquet", **form}}
        return data

    @model_validator(mode="after")
    def _agrees_with_its_entity(self) -> "Block":
        check_block(self)
        return self


class Source(Strict):
    """One system that brings data. `trust`: rank in survivorship, higher wins."""

    channel: Channel
    trust: Annotated[int, Field(ge=0, le=100)]
    timezone: TimeZone | None = None
    currency: Currency | None = None
    owner: str | None = None
    description: str | None = None
    entities: Annotated[dict[Name, Block], Field(min_length=1)]


class SourcesFile(Strict):
    """The whole of `sources.yml`."""

    business: Business = Business()
    retention: Retention = Retention()
    sources: Annotated[dict[Name, Source], Field(min_length=1)]


@dataclass(frozen=True)
class BlockRef:
    """One block with its place: `source` and `block` are names, `canonical` the name of its entity."""

    source: str
    block: str
    canonical: str
    settings: Block
    timezone: str
    currency: str

    @property
    def entity(self) -> Entity:
        return ENTITIES[self.canonical]

    @property
    def path(self) -> str:
        """The glob of its files, relative to the landing folder."""
        return self.settings.reader.path or f"{self.source}/{self.block}/*"


def blocks(sources_file: SourcesFile) -> list[BlockRef]:
    """Every block of every source, sorted by source and block name."""
    return [
        BlockRef(
            name,
            block,
            settings.entity,
            settings,
            source.timezone or sources_file.business.timezone,
            source.currency or sources_file.business.currency,
        )
        for name, source in sorted(sources_file.sources.items())
        for block, settings in sorted(source.entities.items())
    ]


def block_ref(sources_file: SourcesFile, source: str, block: str) -> BlockRef:
    """The block of that name. Raises KeyError when there is none."""
    for ref in blocks(sources_file):
        if (ref.source, ref.block) == (source, block):
            return ref
    raise KeyError(f"{source}/{block}")
