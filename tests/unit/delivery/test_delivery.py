"""Digests reach real servers once each, whatever fails in between; nothing that fails is lost, nothing uncertain is doubled."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import duckdb
import pytest
from typer.testing import CliRunner

from orchestration.cli.app import app
from orchestration.delivery import DeliveryFailed, deliver, read_outbox, send_again
from orchestration.serving import publish
from orchestration.settings import SettingsErrors, load_settings
from tests.unit.delivery.conftest import OWNER
from tests.unit.serving.conftest import AS_OF

FAST = "retry: {attempts: 3, wait_seconds: 0, timeout_seconds: 5}\n"


def mail_settings(port: int, more: str = "") -> str:
    return (
        f"smtp: {{host: 127.0.0.1, port: {port}, security: none, sender: strata@example.com}}\n"
        f"owners:\n  {OWNER}:\n    - email: ${{CARE_MAIL}}\n{more}{FAST}"
    )


def hook_settings(kind: str, more: str = "", end: str = "") -> str:
    return f"owners:\n  {OWNER}:\n    - {kind}: ${{HOOK}}\n{more}{end}{FAST}"


@pytest.fixture(autouse=True)
def addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARE_MAIL", "care@example.com")


def test_a_digest_by_mail_tells_each_warning_once_with_the_workbook(home, configure, mailbox) -> None:
    configure(mail_settings(mailbox.port))
    workbook = home.reports / "20260302T000000000000-abcdef" / "owners" / f"{OWNER}.xlsx"
    workbook.parent.mkdir(parents=True)
    workbook.write_bytes(b"PK a workbook")
    (home.reports / "latest").symlink_to(workbook.parents[1].name)
    delivered = deliver(home)
    assert [message.state for message in delivered.messages] == ["sent"]
    (mail,) = mailbox.mails
    assert mail["To"] == "care@example.com"
    assert "流失预警" in mail["Subject"]
    assert "2026-03-02" in mail["Subject"]
    text = mail.get_body(("plain",)).get_content()
    assert "需联系 5 位客户,预期损失 1,200" in text
    assert "已 45 天未下单" in text
    assert "No order for 45 days" in text
    assert [part.get_filename() for part in mail.iter_attachments()] == [f"{OWNER}.xlsx"]
    assert deliver(home).messages == ()
    assert len(mailbox.mails) == 1


def test_no_direct_identifier_is_in_a_digest(home, configure, web, monkeypatch) -> None:
    monkeypatch.setenv("HOOK", web.url)
    configure(hook_settings("webhook"))
    deliver(home)
    ((_, body),) = web.posts
    with duckdb.connect(home.serving / "strata_restricted.duckdb", read_only=True) as con:
        known = con.execute(
            "select display_name, email, phone from serving.customers where customer_type = 'person'"
        ).fetchall()
    assert known
    assert [value for row in known for value in row if value and len(value) > 2 and value in body["text"]] == []


@pytest.mark.parametrize(
    ("kind", "path"),
    [("wecom", ("text", "content")), ("dingtalk", ("text", "content")), ("feishu", ("content", "text"))],
)
def test_a_robot_gets_its_own_form_and_an_error_code_in_the_body_is_a_failure(
    home, configure, web, monkeypatch, kind, path
) -> None:
    monkeypatch.setenv("HOOK", f"{web.url}/robot?key=k")
    configure(hook_settings(kind))
    web.answers = [(200, '{"errcode": 93000, "code": 19001}')]
    (failed,) = deliver(home).messages
    assert failed.state == "failed"
    assert "93000" in failed.problem or "19001" in failed.problem
    assert web.url not in failed.problem
    (sent,) = deliver(home).messages
    assert sent.state == "sent"
    assert sent.warnings == failed.warnings
    text = web.posts[-1][1]
    for key in path:
        text = text[key]
    assert "No order for 45 days" in text


def test_signed_robots_get_a_signature(home, configure, web, monkeypatch) -> None:
    monkeypatch.setenv("HOOK", f"{web.url}/robot?access_token=t")
    monkeypatch.setenv("SIGN", "SEC1")
    configure(hook_settings("dingtalk", "      secret: ${SIGN}\n"))
    deliver(home)
    assert "&timestamp=" in web.posts[0][0]
    assert "&sign=" in web.posts[0][0]
    configure(hook_settings("feishu", "      secret: ${SIGN}\n"))
    deliver(home)
    assert {"timestamp", "sign"} <= set(web.posts[1][1])


def test_wecom_messages_hold_to_its_bytes_and_tell_every_warning(home, configure, web, monkeypatch) -> None:
    with duckdb.connect(home.warehouse) as con:
        reason = json.dumps(
            [{"code": "overdue", "zh": "很久没有下单" * 40, "en": "No order " * 20}], ensure_ascii=False
        )
        con.execute("update insights.churn_warnings set reasons = ?", [reason])
    publish(home, as_of=AS_OF, run_id="run-2", criteria_version="v1")
    monkeypatch.setenv("HOOK", web.url)
    configure(hook_settings("wecom"))
    messages = deliver(home).messages
    assert len(messages) > 1
    assert sorted(warning for message in messages for warning in message.warnings) == sorted(
        f"W{customer}2026-03-02" for customer in _warned(home)
    )
    assert all(len(body["text"]["content"].encode()) <= 2048 for _, body in web.posts)


def _warned(home) -> list[str]:
    with duckdb.connect(home.serving / "strata.duckdb", read_only=True) as con:
        return [row[0] for row in con.execute(
            "select customer_id from serving.churn_warnings where as_of = (select as_of from serving.publication)"
        ).fetchall()]  # fmt: skip


def test_what_was_certainly_not_taken_is_tried_again(home, configure, mailbox) -> None:
    configure(mail_settings(mailbox.port))
    mailbox.answers = ["451 later", "451 later"]
    (message,) = deliver(home).messages
    assert (message.state, message.attempts) == ("sent", 3)
    assert len(mailbox.mails) == 1


def test_a_refused_message_fails_is_shown_and_goes_out_with_the_next_delivery(
    home, configure, mailbox, monkeypatch
) -> None:
    configure(mail_settings(mailbox.port))
    monkeypatch.setenv("STRATA_HOME", str(home.root))
    mailbox.answers = ["554 no"]
    shown = CliRunner().invoke(app, ["deliver"])
    assert shown.exit_code == 1
    assert "the mail server answered 554" in shown.output
    assert "care@example.com" not in shown.output
    assert CliRunner().invoke(app, ["deliver"]).exit_code == 0
    assert len(mailbox.mails) == 1


def test_a_server_that_takes_and_then_falls_silent_leaves_it_uncertain_and_it_is_not_doubled(
    home, configure, web, monkeypatch
) -> None:
    monkeypatch.setenv("HOOK", web.url)
    configure(hook_settings("webhook").replace("timeout_seconds: 5", "timeout_seconds: 0.3"))
    web.delay = 1
    (message,) = deliver(home).messages
    assert message.state == "uncertain"
    web.delay = 0
    delivered = deliver(home)
    assert delivered.messages == ()
    assert [one.message_id for one in delivered.uncertain] == [message.message_id]
    assert len(web.posts) == 1
    assert send_again(home.outbox, message.message_id)
    assert [one.state for one in deliver(home).messages] == ["sent"]
    assert len(web.posts) == 2


def test_one_dead_destination_keeps_no_other_from_its_digest(home, configure, web, monkeypatch) -> None:
    monkeypatch.setenv("HOOK", web.url)
    monkeypatch.setenv("DEAD", "http://127.0.0.1:1/robot")
    configure(hook_settings("feishu", end="    - wecom: ${DEAD}\n    - webhook: ${NOT_SET}\n"))
    states = {message.destination.split("-")[0]: message for message in deliver(home).messages}
    assert states["feishu"].state == "sent"
    assert states["wecom"].state == "failed"
    assert states["webhook"].problem == "the environment variable NOT_SET is not set"


def test_a_sending_process_that_breaks_is_told_without_what_it_said(home, configure, web, monkeypatch) -> None:
    monkeypatch.setenv("HOOK", web.url)
    configure(hook_settings("webhook"))
    home.outbox.mkdir(parents=True)
    (home.outbox / "m.json").write_text('{"owner": "zhang.san@example.com"', encoding="utf-8")
    with pytest.raises(DeliveryFailed, match="JSONDecodeError") as raised:
        deliver(home)
    assert "zhang.san" not in str(raised.value)
    (home.outbox / "m.json").unlink()
    assert [message.state for message in deliver(home).messages] == ["sent"]


def test_apprise_reaches_what_it_knows(home, configure, web, monkeypatch) -> None:
    monkeypatch.setenv("HOOK", web.url.replace("http://", "json://"))
    configure(hook_settings("apprise"))
    assert [message.state for message in deliver(home).messages] == ["sent"]
    assert "No order for 45 days" in web.posts[0][1]["message"]


def test_an_older_day_that_is_published_again_tells_nothing(home, configure, web, monkeypatch) -> None:
    monkeypatch.setenv("HOOK", web.url)
    configure(hook_settings("webhook"))
    deliver(home)
    with duckdb.connect(home.warehouse) as con:
        con.execute("update insights.churn_warnings set warning_id = warning_id || 'x'")
        con.execute("update control.run set as_of = date '2026-03-01'")
    publish(home, as_of=AS_OF.replace(day=1), run_id="run-3", criteria_version="v1")
    assert deliver(home).messages == ()


def test_killed_at_any_point_and_run_again_each_message_arrives_once(
    home, configure, web, mailbox, monkeypatch
) -> None:
    monkeypatch.setenv("HOOK", web.url)
    other = f"    - webhook: ${{HOOK}}/two\n    - webhook: ${{HOOK}}/three\n    - feishu: ${{HOOK}}/four\n"  # noqa: F541
    configure(mail_settings(mailbox.port, other))
    web.delay = 0.2
    code = "from orchestration.delivery import deliver; from orchestration.settings import Home; deliver(Home.from_environment())"
    draw, trials = random.Random(3), int(os.environ.get("STRATA_KILLS", "4"))
    for trial in range(trials):
        shutil.rmtree(home.outbox, ignore_errors=True)
        web.posts.clear()
        mailbox.mails.clear()
        run = subprocess.Popen(
            [sys.executable, "-c", code], env={**os.environ, "STRATA_HOME": str(home.root)}, start_new_session=True
        )
        time.sleep(draw.uniform(0, 4))
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
        delivered = deliver(home)
        assert delivered.uncertain == ()
        assert sorted(path for path, _ in web.posts) == ["/four", "/three", "/two"], trial
        assert len(mailbox.mails) == 1, trial
        assert {message.state for message in read_outbox(home.outbox)} == {"sent"}


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("owners:\n  nobody:\n    - webhook: x\n", 2, "an owner of owners.yml"),
        (f"owners:\n  {OWNER}:\n    - webhook: x\n      wecom: y\n", 3, "exactly one of"),
        (f"owners:\n  {OWNER}:\n    - email: x\n", None, "needs smtp"),
        (f"owners:\n  {OWNER}:\n    - webhook: x\n      secret: y\n", 3, "dingtalk and feishu alone"),
        (f"owners:\n  {OWNER}:\n    - webhook: x\n    - webhook: x\n", 1, "there twice"),
        ("retry: {attempts: 0}\n", 1, "greater than or equal to 1"),
        ("smpt: {}\n", 1, "Extra inputs"),
    ],
)
def test_a_wrong_setting_names_file_and_line(configure, text, line, problem) -> None:
    configure(text)
    with pytest.raises(SettingsErrors) as raised:
        load_settings()
    (error,) = raised.value.errors
    assert error.file.name == "notifications.yml"
    assert error.line == line
    assert problem in str(raised.value)
