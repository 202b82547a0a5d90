"""Resolves `${NAME}` of the configuration from the environment, at use. What is resolved is never logged and never kept."""

import os
from urllib.parse import quote

from orchestration.settings.readers import VARIABLE


class MissingVariable(Exception):
    """An environment variable that the configuration names and nobody set. `name` is fit for a log."""

    def __init__(self, name: str):
        super().__init__(f"the environment variable {name} is not set")
        self.name = name


def resolved_url(text: str) -> str:
    """The URL with its variables. One that stands for user or password (before the last @) may hold any character."""
    head, at, tail = text.rpartition("@")
    return _filled(head, escape=True) + at + _filled(tail, escape=False)


def resolved(text: str) -> str:
    """The text with its variables as they are."""
    return _filled(text, escape=False)


def _filled(text: str, *, escape: bool) -> str:
    return VARIABLE.sub(lambda found: quote(_value(found[1]), safe="") if escape else _value(found[1]), text)


def _value(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise MissingVariable(name)
    return value
