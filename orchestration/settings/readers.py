"""The readers of `sources.yml`: where the files of a block come from, by `kind`.

A new kind: a model here, with its name in READERS. What a model's keys must say together is checked here too; what they must
agree on with the rest of the block is in `source_rules.py`. Nothing here resolves a variable or opens a connection.
"""

import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, Field, ValidatorFunctionWrapHandler, WrapValidator, model_validator

from orchestration.settings.loader import Strict
from orchestration.settings.source_rules import Complaint, check_landing_path, check_query, check_table, misplaced

VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
HIDDEN = "(not shown)"
_PASSWORD = re.compile(r"//[^/@]*?:(?P<userinfo>[^/]*)@|[?&](?:password|passwd)=(?P<query>[^&]*)", re.IGNORECASE)


class FilesReader(Strict):
    """Files that someone drops. `path`: a glob below the landing folder; none means `<source>/<block>/*`."""

    kind: Literal["files"] = "files"
    path: Annotated[str, AfterValidator(check_landing_path)] | None = None


class SqlReader(Strict):
    """A table or query of PostgreSQL or MySQL.

    `url`: a SQLAlchemy URL, its secrets as `${NAME}`. `cursor`: a source column that changes with every change of a row.
    `deletes`: `compare` reads the keys of all rows at each pull, and so finds hard deletes and late commits; `ignore` reads
    on from the highest cursor less `overlap_seconds`.
    """

    kind: Literal["sql"] = "sql"
    url: str
    table: Annotated[str, AfterValidator(check_table)] | None = None
    query: Annotated[str, AfterValidator(check_query)] | None = None
    cursor: Annotated[str, Field(min_length=1)] | None = None
    overlap_seconds: Annotated[int, Field(ge=0)] = 300
    deletes: Literal["compare", "ignore"] = "compare"
    page_rows: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000

    path: ClassVar[str | None] = None

    @model_validator(mode="before")
    @classmethod
    def _shows_no_secret(cls, data: Any) -> Any:
        """Before anything else: the error of a wrong key shows what was found, and here it may be a password."""
        found = list(_telling(data, set(cls.model_fields))) if isinstance(data, dict) else []
        if found:
            raise misplaced("SqlReader", found)
        return data

    @model_validator(mode="after")
    def _reads_one_thing(self) -> "SqlReader":
        if (self.table is None) == (self.query is None):
            place, found = ("table", "neither") if self.table is None else ("query", "both")
            raise misplaced("SqlReader", [((place,), found, "exactly one of table and query")])
        return self


READERS: dict[str, type[BaseModel]] = {"files": FilesReader, "sql": SqlReader}


def _by_kind(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    """Validates with the model of that kind alone, so that errors name the keys of the file and no other model's."""
    if isinstance(value, tuple(READERS.values())):
        return handler(value)
    if not isinstance(value, dict):
        raise misplaced("Reader", [((), HIDDEN, "the keys of a reader, such as {kind: files}")])
    kind = value.get("kind", "files")
    if kind not in READERS:
        raise misplaced("Reader", [(("kind",), kind, f"a kind of reader: {', '.join(sorted(READERS))}")])
    return READERS[kind].model_validate(value)


Reader = Annotated[FilesReader | SqlReader, WrapValidator(_by_kind)]


def _telling(data: dict[str, Any], allowed: set[str]) -> list[Complaint]:
    url, found = data.get("url"), []
    if url is not None and not (isinstance(url, str) and url.strip()):
        found.append((("url",), HIDDEN, "a SQLAlchemy URL, such as ${SHOP_DB_URL}"))
    elif isinstance(url, str) and any(not VARIABLE.fullmatch(secret) for secret in _passwords(url)):
        found.append(
            (("url",), HIDDEN, "a URL without a literal password: ${NAME}, or ${NAME} where the password stands")
        )
    unknown = [str(name) for name in data if name not in allowed]
    return [*found, *(((name,), HIDDEN, f"a key of a sql reader: {', '.join(sorted(allowed))}") for name in unknown)]


def _passwords(url: str) -> list[str]:
    matches = [match.group("userinfo") or match.group("query") for match in _PASSWORD.finditer(url)]
    return [secret for secret in matches if secret]
