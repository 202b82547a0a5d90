"""How a message goes out: e-mail by SMTP, robots of WeCom, DingTalk and Feishu and plain webhooks by HTTP, all else by apprise.

The three robots answer 200 with an error code in the body, which only a look at the body shows. A message that was certainly
not taken is tried again; one whose fate is unknown (the line broke after it was given) is not, or it might come twice.
"""

import base64
import hashlib
import hmac
import logging
import smtplib
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential

from orchestration.settings.notifications import Destination, Retry, Smtp
from orchestration.sources.environment import MissingVariable, resolved

# Bytes of a text in UTF-8 that a robot takes; e-mail, webhooks and apprise's services have no such bound, or cut themselves.
LARGEST = {"wecom": 2_048, "dingtalk": 18_000, "feishu": 28_000}
XLSX = ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet")


class NotSent(Exception):
    """A message did not go out. The text is fit for a log: no address, no content. `is_uncertain`: it may have arrived;
    `may_retry`: it certainly did not, and may be taken later."""

    def __init__(self, problem: str, *, is_uncertain: bool = False, may_retry: bool = False):
        super().__init__(problem)
        self.is_uncertain, self.may_retry = is_uncertain, may_retry


@dataclass(frozen=True)
class Text:
    """What is sent. `message_id` lets a mail program see that two are one; `attachment` goes with e-mails only."""

    message_id: str
    subject: str
    body: str
    attachment: Path | None = None


def send(destination: Destination, text: Text, smtp: Smtp | None, retry: Retry) -> int:
    """Sends one message and returns the attempts it took. Raises NotSent, also for a variable that is not set."""
    attempts = 0

    def once() -> None:
        nonlocal attempts
        attempts += 1
        _SENDERS[destination.kind](destination, text, smtp, retry.timeout_seconds)

    try:
        Retrying(
            stop=stop_after_attempt(retry.attempts),
            wait=wait_exponential(multiplier=retry.wait_seconds, max=120),
            retry=retry_if_exception(lambda error: isinstance(error, NotSent) and error.may_retry),
            reraise=True,
        )(once)
    except MissingVariable as missing:
        raise NotSent(str(missing)) from None
    return attempts


def _email(destination: Destination, text: Text, smtp: Smtp | None, timeout: float) -> None:
    assert smtp is not None, "the settings refuse an e-mail destination without a server"
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = (
        text.subject,
        resolved(smtp.sender),
        resolved(destination.address),
    )
    message["Message-ID"] = f"<{text.message_id}@strata>"
    message.set_content(text.body)
    if text.attachment and destination.workbook:
        content = text.attachment.read_bytes()
        message.add_attachment(content, maintype=XLSX[0], subtype=XLSX[1], filename=text.attachment.name)
    try:
        server = _connected(smtp, timeout)
    except (OSError, smtplib.SMTPException) as error:
        raise NotSent(f"no connection to the mail server ({type(error).__name__})", may_retry=True) from None
    try:
        server.send_message(message)
    except smtplib.SMTPResponseException as error:
        raise NotSent(f"the mail server answered {error.smtp_code}", may_retry=400 <= error.smtp_code < 500) from None
    except smtplib.SMTPRecipientsRefused:
        raise NotSent("the mail server refused the recipient") from None
    except (OSError, smtplib.SMTPException) as error:
        raise NotSent(f"the mail server was lost ({type(error).__name__})", is_uncertain=True) from None
    try:
        server.quit()
    except (OSError, smtplib.SMTPException):
        server.close()  # it has the message


def _connected(smtp: Smtp, timeout: float) -> smtplib.SMTP:
    host, context = resolved(smtp.host), ssl.create_default_context()
    if smtp.security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, smtp.port, timeout=timeout, context=context)
    else:
        server = smtplib.SMTP(host, smtp.port, timeout=timeout)
    try:
        if smtp.security == "starttls":
            server.starttls(context=context)
        if smtp.user:
            server.login(resolved(smtp.user), resolved(smtp.password or ""))
    except BaseException:
        server.close()
        raise
    return server


def _wecom(destination: Destination, text: Text, smtp: Smtp | None, timeout: float) -> None:
    content = f"{text.subject}\n{text.body}"
    answer = _posted(resolved(destination.address), {"msgtype": "text", "text": {"content": content}}, timeout)
    _check_code(answer, "errcode", "WeCom")


def _dingtalk(destination: Destination, text: Text, smtp: Smtp | None, timeout: float) -> None:
    url, content = resolved(destination.address), f"{text.subject}\n{text.body}"
    if destination.secret:
        stamp, secret = str(round(time.time() * 1000)), resolved(destination.secret)
        sign = base64.b64encode(hmac.digest(secret.encode(), f"{stamp}\n{secret}".encode(), hashlib.sha256))
        url = str(httpx.URL(url).copy_merge_params({"timestamp": stamp, "sign": sign.decode()}))
    answer = _posted(url, {"msgtype": "text", "text": {"content": content}}, timeout)
    _check_code(answer, "errcode", "DingTalk")


def _feishu(destination: Destination, text: Text, smtp: Smtp | None, timeout: float) -> None:
    payload: dict[str, Any] = {"msg_type": "text", "content": {"text": f"{text.subject}\n{text.body}"}}
    if destination.secret:
        stamp = str(int(time.time()))
        key = f"{stamp}\n{resolved(destination.secret)}".encode()
        payload |= {"timestamp": stamp, "sign": base64.b64encode(hmac.digest(key, b"", hashlib.sha256)).decode()}
    _check_code(_posted(resolved(destination.address), payload, timeout), "code", "Feishu")


def _webhook(destination: Destination, text: Text, smtp: Smtp | None, timeout: float) -> None:
    payload = {"message_id": text.message_id, "subject": text.subject, "text": text.body}
    _posted(resolved(destination.address), payload, timeout, {"Idempotency-Key": text.message_id})


def _apprise(destination: Destination, text: Text, smtp: Smtp | None, timeout: float) -> None:
    import apprise  # here, for it loads every service it knows

    logging.getLogger("apprise").disabled = True  # it quotes addresses
    service = apprise.Apprise()
    if not service.add(resolved(destination.address)):
        raise NotSent("apprise does not know this kind of address")
    if not service.notify(title=text.subject, body=text.body):
        raise NotSent("apprise could not deliver it", is_uncertain=True)


def _posted(url: str, payload: dict[str, Any], timeout: float, headers: dict[str, str] | None = None) -> httpx.Response:
    try:
        answer = httpx.post(url, json=payload, timeout=timeout, headers=headers)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise NotSent(f"no connection ({type(error).__name__})", may_retry=True) from None
    except httpx.InvalidURL:
        raise NotSent("the address is no URL") from None
    except httpx.HTTPError as error:
        raise NotSent(f"no answer ({type(error).__name__})", is_uncertain=True) from None
    if answer.status_code in (429, 502, 503, 504):
        raise NotSent(f"the server answered {answer.status_code}", may_retry=True)
    if not answer.is_success:
        raise NotSent(f"the server answered {answer.status_code}")
    return answer


# Codes that say: too often, try later.
_BUSY = {45009, 45033, 130101, 11232, 9499}


def _check_code(answer: httpx.Response, key: str, name: str) -> None:
    """Raises NotSent unless the body says that the message was taken."""
    try:
        code = int(answer.json().get(key, -1))
    except (ValueError, AttributeError, TypeError):
        raise NotSent(f"{name} answered what is no answer of it") from None
    if code:
        raise NotSent(f"{name} answered code {code}", may_retry=code in _BUSY)


_SENDERS: dict[str, Callable[[Destination, Text, Smtp | None, float], None]] = {
    "email": _email, "wecom": _wecom, "dingtalk": _dingtalk, "feishu": _feishu, "webhook": _webhook, "apprise": _apprise,
}  # fmt: skip
