"""The rules of `sources.yml` beyond types: names, formats, and what the keys of one block must say together.

A rule that needs one value raises ValueError; a rule over several keys raises `misplaced`, so that the error points at the
deepest wrong key. No model and no file access lives here.
"""

import codecs
import re
from collections.abc import Callable, Collection, Iterator
from datetime import date
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from pydantic_core import InitErrorDetails, PydanticCustomError, ValidationError

from orchestration.settings.entities import ENTITIES, Entity

if TYPE_CHECKING:
    from orchestration.settings.sources import Block

ENCODINGS = ("utf-8", "utf-8-sig", "gb18030", "gbk", "big5", "shift_jis", "utf-16", "latin-1", "cp1252", "auto")
EPOCHS = {"epoch_s": 1, "epoch_ms": 1000}
"""Times as numbers since 1970 in UTC: how many to a second."""

DIRECTIVES = "YymbBdHIMSfpzjaA%"
NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
TABLE = re.compile(r"[^\W\d][\w$]*(\.[^\W\d][\w$]*)?")

Complaint = tuple[tuple[int | str, ...], Any, str]


def one_of(what: str, allowed: Collection[str]) -> Callable[[str], str]:
    """A check that a value is one of `allowed`; its error lists them."""

    def check(value: str) -> str:
        if value not in allowed:
            raise _wrong(f"a {what}: {', '.join(sorted(allowed))}")
        return value

    return check


def text_of(value: Any) -> Any:
    """YAML's own numbers, dates and booleans as the text a file would hold (`true`, `1`, `2024-01-31`)."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    return value.isoformat() if isinstance(value, date) else value


def check_name(value: str) -> str:
    if not NAME.fullmatch(value):
        raise _wrong("a name of a-z, 0-9 and _, beginning with a letter, up to 63 characters")
    return value


def check_timezone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError
        raise _wrong("a time zone of the IANA database, such as Asia/Shanghai or UTC") from None
    except KeyError:
        raise _wrong("a time zone of the IANA database, such as Asia/Shanghai or UTC") from None
    return value


def check_currency(value: str) -> str:
    if not re.fullmatch("[A-Z]{3}", value):
        raise _wrong("a currency code of three capital letters, such as CNY")
    return value


def check_encoding(value: str) -> str:
    """The encoding by its name in ENCODINGS (`UTF8` and `utf_8` are `utf-8`)."""
    known = {_codec(name): name for name in ENCODINGS}
    try:
        return value if value in ENCODINGS else known[_codec(value)]
    except (LookupError, ValueError):
        raise _wrong(f"an encoding: {', '.join(ENCODINGS)}") from None


def check_delimiter(value: str) -> str:
    if len(value) != 1 or not value.isascii() or value in '\r\n\0"' or value.isalnum():
        raise _wrong('one ASCII character that is no letter, digit, quote or line end, such as "," or "\\t"')
    return value


def check_quote(value: str) -> str:
    if value not in ('"', "'", ""):
        raise _wrong("\" or ', or the empty text for files without quoting")
    return value


def check_time_format(value: str) -> str:
    """A strptime format that names year, month and day once each, or `epoch_s`, `epoch_ms`."""
    if value in EPOCHS:
        return value
    found = re.findall("%(.?)", value)
    unknown = [f"%{letter}" for letter in found if letter == "" or letter not in DIRECTIVES]
    if unknown:
        raise _wrong(
            f"strptime directives {' '.join('%' + letter for letter in DIRECTIVES)} (not {unknown[0]}), or epoch_s, epoch_ms"
        )
    dated = "j" in found or (any(m in found for m in "mbB") and "d" in found)
    if not dated or not any(y in found for y in "Yy"):
        raise _wrong('a strptime format with year, month and day, such as "%d/%m/%Y", or epoch_s, epoch_ms')
    return value


def check_landing_path(value: str) -> str:
    path = PurePosixPath(value)
    if not value or path.is_absolute() or ".." in path.parts or value[0] == "~" or set(value) & {"\0", "\\"}:
        raise _wrong("a path below the landing folder: relative, without .. and backslashes")
    return value


def check_table(value: str) -> str:
    if not TABLE.fullmatch(value):
        raise _wrong("a table or schema.table, spelt as the database spells it; anything else goes to query")
    return value


def check_query(value: str) -> str:
    """One SELECT, without the semicolon that may end it. That it changes nothing is the read-only transaction's business."""
    query = value.strip().rstrip(";").rstrip()
    if not re.match(r"(select|with)\b", query, re.IGNORECASE):
        raise _wrong("one query that begins with SELECT or WITH")
    return query


def check_block(block: "Block") -> None:
    """Raises one ValidationError with every disagreement of a block with its canonical entity, each at its own key."""
    entity = ENTITIES[block.entity]
    found = [
        *_unknown_columns(block, entity),
        *_required(block, entity),
        *_values(block, entity),
        *_references(block, entity),
        *_pulled(block),
    ]
    if found:
        raise misplaced("Block", found)


def misplaced(title: str, complaints: list[Complaint]) -> ValidationError:
    """An error whose parts carry their own place: (keys below this model, what was found, what is allowed)."""
    return ValidationError.from_exception_data(
        title, [InitErrorDetails(type=_wrong(allowed), loc=place, input=found) for place, found, allowed in complaints]
    )


def _wrong(allowed: str) -> PydanticCustomError:
    return PydanticCustomError("setting", "{allowed}", {"allowed": allowed})


def _codec(name: str) -> str:
    return name if name == "auto" else codecs.lookup(name).name


def _unknown_columns(block: "Block", entity: Entity) -> Iterator[Complaint]:
    allowed = f"a column of {entity.name}: {', '.join(entity.column_names)}"
    for part, names in (("columns", block.columns), ("constants", block.constants), ("values", block.values)):
        for name in names:
            if name not in entity.column_names:
                yield (part, name), name, allowed
    for name in block.constants:
        if name in block.columns:
            yield ("constants", name), name, "either a mapped column or a constant"
    for index, name in enumerate(block.key):
        if name in block.key[:index]:
            yield ("key", str(index)), name, "each source column once"


def _required(block: "Block", entity: Entity) -> Iterator[Complaint]:
    given = {*block.columns, *block.constants}
    missing = [column.name for column in entity.columns if column.required and column.name not in given]
    if missing:
        yield (
            ("columns",),
            sorted(given),
            f"columns or constants for all that {entity.name} requires; missing: {', '.join(missing)}",
        )


def _values(block: "Block", entity: Entity) -> Iterator[Complaint]:
    for name, mapping in block.values.items():
        if name not in entity.column_names:
            continue
        if name not in block.columns:
            yield ("values", name), name, f"a mapped column: {', '.join(block.columns)}"
        allowed = entity.column(name).allowed
        for received, canonical in mapping.items():
            if allowed and canonical not in allowed:
                yield ("values", name, received), canonical, f"a value of {entity.name}.{name}: {', '.join(allowed)}"
    for name, constant in block.constants.items():
        allowed = entity.column(name).allowed if name in entity.column_names else ()
        if allowed and constant not in allowed:
            yield ("constants", name), constant, f"a value of {entity.name}.{name}: {', '.join(allowed)}"


def _references(block: "Block", entity: Entity) -> Iterator[Complaint]:
    if block.person_ref.by != "record" and "person_ref" not in entity.column_names:
        yield ("person_ref", "by"), block.person_ref.by, f"record ({entity.name} has no person_ref)"


def _pulled(block: "Block") -> Iterator[Complaint]:
    """Rows of a database are told apart by their key, and come as Parquet."""
    if block.reader.kind != "sql":
        return
    if not block.key:
        yield ("key",), block.key, "the source columns that identify a row; a sql reader needs them"
    if block.format.type != "parquet":
        yield ("format", "type"), block.format.type, "parquet, which a sql reader writes; or no format at all"
