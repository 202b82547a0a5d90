"""A published home with five warnings of one owner, a real mail server and a real web server that keep what they get."""

import json
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import duckdb
import pytest
from aiosmtpd.controller import Controller

from orchestration.serving import publish
from orchestration.settings import Home
from orchestration.settings.home import SHIPPED
from tests.unit.serving.conftest import AS_OF

WAREHOUSE = Path(__file__).parents[1] / "serving" / "warehouse.sql"
OWNER = "customer_care"


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("delivery") / "home").ensure()
    with duckdb.connect(home.warehouse) as con:
        con.execute(WAREHOUSE.read_text(encoding="utf-8"))
        con.execute(f"update insights.churn_warnings set owner = '{OWNER}'")
        reason = '[{"code": "overdue", "zh": "已 45 天未下单", "en": "No order for 45 days"}]'
        con.execute("update insights.churn_warnings set reasons = ?, strategy_code = 'win_back_offer'", [reason])
    publish(home, as_of=AS_OF, run_id="run-1", criteria_version="v1")
    return home


@pytest.fixture
def home(told: Home, tmp_path: Path) -> Home:
    shutil.copytree(told.root, tmp_path / "home", symlinks=True)
    return Home(tmp_path / "home")


@pytest.fixture
def configure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Writes notifications.yml beside the shipped settings."""

    def write(text: str) -> None:
        folder = tmp_path / "config"
        if not folder.exists():
            shutil.copytree(SHIPPED, folder)
        (folder / "notifications.yml").write_text(text, encoding="utf-8")
        monkeypatch.setenv("STRATA_CONFIG", str(folder))

    return write


@dataclass
class Mailbox:
    """`answers`: what the server says to the next messages, before it takes them again."""

    mails: list[EmailMessage] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    port: int = 0

    async def handle_DATA(self, server: object, session: object, envelope: object) -> str:
        if self.answers:
            return self.answers.pop(0)
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[attr-defined]
        return "250 taken"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    box = Mailbox(port=port)
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    yield box
    controller.stop()


@dataclass
class Web:
    """`answers`: (status, body) of the next requests; then the robots' own yes. `delay`: seconds before each answer."""

    posts: list[tuple[str, dict]] = field(default_factory=list)
    answers: list[tuple[int, str]] = field(default_factory=list)
    delay: float = 0
    url: str = ""


@pytest.fixture
def web() -> Iterator[Web]:
    told = Web()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            told.posts.append((self.path, body))
            time.sleep(told.delay)
            status, answer = told.answers.pop(0) if told.answers else (200, '{"errcode": 0, "code": 0}')
            self.send_response(status)
            self.end_headers()
            self.wfile.write(answer.encode())

        def log_message(self, *arguments: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    told.url = f"http://127.0.0.1:{server.server_port}"
    yield told
    server.shutdown()
