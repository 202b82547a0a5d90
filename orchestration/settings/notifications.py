"""Models of notifications.yml: where the digest of churn warnings goes for each owner, and who hears of failed runs.

Addresses and secrets come from the environment (`${NAME}`), resolved at use. Nothing is sent from here.
"""

import hashlib
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from orchestration.settings.criteria import Code
from orchestration.settings.errors import SettingsError, SettingsErrors
from orchestration.settings.home import config_file
from orchestration.settings.loader import Strict, line_of, load_model, read_yaml

KINDS = ("email", "wecom", "dingtalk", "feishu", "webhook", "apprise")


class Destination(Strict):
    """One place to send to: an e-mail address, the address of a group robot of WeCom, DingTalk or Feishu, of any other
    webhook (which gets JSON), or an apprise URL (Slack, Teams, Telegram …). `secret`: with which DingTalk and Feishu want
    messages signed. `workbook`: an e-mail brings the owner's workbook, with names."""

    email: str | None = None
    wecom: str | None = None
    dingtalk: str | None = None
    feishu: str | None = None
    webhook: str | None = None
    apprise: str | None = None
    secret: str | None = None
    workbook: bool = True

    @model_validator(mode="after")
    def _one(self) -> "Destination":
        given = [kind for kind in KINDS if getattr(self, kind)]
        if len(given) != 1:
            raise ValueError(f"exactly one of {', '.join(KINDS)}; found {', '.join(given) or 'none'}")
        if self.secret and self.kind not in ("dingtalk", "feishu"):
            raise ValueError("secret is for dingtalk and feishu alone")
        return self

    @property
    def kind(self) -> str:
        return next(kind for kind in KINDS if getattr(self, kind))

    @property
    def address(self) -> str:
        """As configured: `${NAME}` is not resolved."""
        return str(getattr(self, self.kind))

    @property
    def code(self) -> str:
        """Names the destination without telling its address."""
        return f"{self.kind}-{hashlib.sha256(self.address.encode()).hexdigest()[:8]}"


class Smtp(Strict):
    """The mail server. `security`: how the connection is protected."""

    host: str
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str | None = None
    password: str | None = None
    sender: str


class Retry(Strict):
    """Attempts at a message that was certainly not taken, and the seconds waited before the second; doubled each time."""

    attempts: int = Field(default=4, ge=1, le=20)
    wait_seconds: float = Field(default=2, ge=0, le=600)
    timeout_seconds: float = Field(default=20, gt=0, le=600)


class NotificationsFile(Strict):
    """notifications.yml. `digest_at_most`: warnings told in one digest; more wait for the next."""

    smtp: Smtp | None = None
    owners: dict[Code, list[Destination]] = Field(default_factory=dict)
    operators: list[Destination] = Field(default_factory=list)
    digest_at_most: int = Field(default=50, ge=1, le=1000)
    retry: Retry = Field(default_factory=Retry)

    @field_validator("owners")
    @classmethod
    def _each_place_once(cls, owners: dict[str, list[Destination]]) -> dict[str, list[Destination]]:
        for owner, places in owners.items():
            codes = [place.code for place in places]
            if len(set(codes)) < len(codes):
                raise ValueError(f"{owner}: the same place is there twice; each would be told twice")
        return owners

    @model_validator(mode="after")
    def _mail_has_a_server(self) -> "NotificationsFile":
        places = [*self.operators, *(place for listed in self.owners.values() for place in listed)]
        if self.smtp is None and any(place.kind == "email" for place in places):
            raise ValueError("an email destination needs smtp")
        return self


def load_notifications(folder: Path, owners: list[str]) -> NotificationsFile:
    """notifications.yml of a configuration folder. Raises SettingsErrors for an owner that owners.yml has not, too."""
    path = config_file(folder, "notifications.yml")
    notifications, document = load_model(path, NotificationsFile), read_yaml(path)
    errors = [
        SettingsError(
            path, f"owners.{code}", line_of(document, ("owners", code)), repr(code), f"an owner of owners.yml: {owners}"
        )
        for code in notifications.owners
        if code not in owners
    ]
    if errors:
        raise SettingsErrors(errors)
    return notifications
