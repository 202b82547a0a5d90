"""Reads one YAML file into one Pydantic model, and turns each complaint into file, line, key, found and allowed.

Any new configuration file goes through `load_model`. No knowledge of what the files mean lives here.
"""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from orchestration.settings.errors import SettingsError, SettingsErrors

LARGEST_FILE_BYTES = 2_000_000
LARGEST_DOCUMENT_PARTS = 500_000
"""Keys and values with every alias spelled out: a few lines of aliases of aliases would fill any memory."""


class Strict(BaseModel):
    """Base of every settings model: an unknown key is an error, a model never changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Model = TypeVar("Model", bound=BaseModel)
Location = tuple[int | str, ...]


def load_model(path: Path, model: type[Model]) -> Model:
    """Reads `path` and validates it as `model`.

    Raises SettingsErrors with every wrong key at its line.
    """
    document = read_yaml(path)
    return validated(plain(document), model, lambda location: (path, line_of(document, location)))


def validated(document: Any, model: type[Model], place: Callable[[Location], tuple[Path, int | None]]) -> Model:
    """The plain document as `model`. Raises SettingsErrors; `place` tells in which file and line a key stands."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise SettingsErrors([_translate(place, detail) for detail in error.errors()]) from None


def read_yaml(path: Path) -> Any:
    """The YAML document with line numbers kept."""
    if not path.is_file():
        raise SettingsErrors([SettingsError(path, "(file)", None, "no such file", "a YAML file")])
    text = path.read_text(encoding="utf-8")
    if len(text) > LARGEST_FILE_BYTES:
        raise SettingsErrors(
            [SettingsError(path, "(file)", None, f"{len(text)} characters", f"up to {LARGEST_FILE_BYTES}")]
        )
    try:
        document = _document(text)
        _check_aliases(path, document)
        return document
    except RecursionError:
        raise SettingsErrors(
            [SettingsError(path, "(file)", None, "an endless alias or too deep nesting", "plain nesting")]
        ) from None
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise SettingsErrors([SettingsError(path, "(file)", line, str(error.problem), "well-formed YAML")]) from None
    except YAMLError as error:
        raise SettingsErrors([SettingsError(path, "(file)", None, str(error), "well-formed YAML")]) from None


@lru_cache(maxsize=256)
def _document(text: str) -> Any:
    """Readers never change a document, and one that keeps its line numbers takes long to read: each text is read once."""
    return YAML(typ="rt").load(text) or CommentedMap()


def line_of(document: Any, location: Location) -> int | None:
    """The line (from 1) of the deepest part of `location` that exists in the document."""
    line, node = None, document
    for part in location:
        if isinstance(node, CommentedMap) and (key := _key_like(node, part)) is not None:
            line, node = node.lc.key(key)[0] + 1, node[key]
        elif isinstance(node, CommentedSeq) and isinstance(part, int) and part < len(node):
            line, node = node.lc.item(part)[0] + 1, node[part]
        else:
            break
    return line


def _key_like(node: CommentedMap, part: int | str) -> Any:
    """The key of that name; a YAML number or boolean is found by its text."""
    if part in node:
        return part
    return next((key for key in node if str(key).lower() == str(part).lower() and not isinstance(key, str)), None)


def _check_aliases(path: Path, document: Any) -> None:
    """Raises SettingsErrors at the first top-level part with which the document, spelled out, is too large."""
    sizes: dict[int, int] = {}
    total = 0
    for key, part in (
        document.items() if isinstance(document, dict) else enumerate(document if isinstance(document, list) else ())
    ):
        total += _parts(part, sizes)
        if total > LARGEST_DOCUMENT_PARTS:
            found = f"more than {LARGEST_DOCUMENT_PARTS} parts when its aliases are spelled out"
            line = line_of(document, (key,))
            raise SettingsErrors([SettingsError(path, str(key), line, found, f"up to {LARGEST_DOCUMENT_PARTS}")])


def _parts(node: Any, sizes: dict[int, int]) -> int:
    """How many parts a node has, aliases spelled out; each node is counted once, so that the count itself costs little."""
    if not isinstance(node, dict | list):
        return 1
    if id(node) not in sizes:
        sizes[id(node)] = 1 + sum(_parts(part, sizes) for part in (node.values() if isinstance(node, dict) else node))
    return sizes[id(node)]


def plain(node: Any) -> Any:
    """The document as plain maps and lists, without line numbers."""
    if isinstance(node, dict):
        return {key: plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [plain(value) for value in node]
    return node


def _translate(place: Callable[[Location], tuple[Path, int | None]], detail: Any) -> SettingsError:
    location = tuple(detail["loc"])
    key = ".".join(str(part) for part in location) or "(file)"
    found = "nothing" if detail["type"] == "missing" else repr(detail["input"])[:120]
    path, line = place(location)
    return SettingsError(path, key, line, found, detail["msg"])
