"""What annul is made of is listed, and asked about: with an answer, without one, offline."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import create_server
from threading import Thread
from typing import Any

import pytest
from cyclonedx.model.bom import Bom

_ROOT = Path(__file__).parents[2]
_LOCKED = dict(
    re.findall(r"^([a-z0-9._-]+)==(\S+)( ;|)", line)[0][:2]
    for line in (_ROOT / "requirements" / "base.txt").read_text().splitlines()
    if re.match(r"^[a-z0-9._-]+==\S+ \\", line)  # those of every platform
)
_HOLE = {
    "id": "PYSEC-2026-1",
    "summary": "a hole",
    "affected": [
        {
            "package": {"name": "uvicorn", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99.1"}]}],
        }
    ],
}


@contextmanager
def _service(answer: Callable[[dict[str, Any]], tuple[int, object]]) -> Iterator[str]:
    """Serve what is known of vulnerabilities on loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            status, body = answer(asked)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/query"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def bill(tmp_path: Path) -> Iterator[Path]:
    """Give the file of the bill, which is whole whatever came of the question."""
    file = tmp_path / "sbom.json"
    yield file
    made = json.loads(file.read_text())
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.6")
    reader: Any = Bom
    assert len(reader.from_json(made).components) == len(made["components"])
    found = {one["name"]: one["version"] for one in made["components"]}
    assert len(_LOCKED) > 50
    assert _LOCKED.items() <= found.items()
    assert f"pkg:pypi/uvicorn@{_LOCKED['uvicorn']}" in {one["purl"] for one in made["components"]}


def _asked(bill: Path, service: str) -> subprocess.CompletedProcess[str]:
    words = ("-m", "tools.dependencies", f"--bill={bill}", f"--service={service}", "--within=1")
    return subprocess.run(
        [sys.executable, *words],
        cwd=_ROOT,
        env={"PATH": "/usr/bin:/bin", "HOME": str(bill.parent)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_nothing_is_known_of_any(bill: Path) -> None:
    names: set[str] = set()

    def answer(asked: dict[str, Any]) -> tuple[int, object]:
        names.add(asked["package"]["name"])
        return 200, {}

    with _service(answer) as service:
        ended = _asked(bill, service)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    assert _LOCKED.keys() | {"pytest", "ruff"} <= names


def test_a_known_vulnerability_fails_and_is_named(bill: Path) -> None:
    def answer(asked: dict[str, Any]) -> tuple[int, object]:
        return 200, {"vulns": [_HOLE]} if asked["package"]["name"] == "uvicorn" else {}

    with _service(answer) as service:
        ended = _asked(bill, service)
    said = f"uvicorn {_LOCKED['uvicorn']}: PYSEC-2026-1, mended in 99.1\n"
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, "", said)


def _could_not_ask(bill: Path, service: str) -> None:
    ended = _asked(bill, service)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert re.fullmatch(r"known vulnerabilities: could not ask \(\w+\), .*\n", ended.stdout)


def test_nobody_there_is_said_on_one_line(bill: Path) -> None:
    with create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    _could_not_ask(bill, f"http://127.0.0.1:{port}/query")


def test_somebody_who_says_nothing_is_not_waited_for(bill: Path) -> None:
    with create_server(("127.0.0.1", 0)) as silent:
        _could_not_ask(bill, f"http://127.0.0.1:{silent.getsockname()[1]}/query")


def test_a_service_that_fails_has_not_been_asked(bill: Path) -> None:
    with _service(lambda _: (503, {})) as service:
        _could_not_ask(bill, service)


def test_what_was_found_before_the_service_went_away_fails_all_the_same(bill: Path) -> None:
    def answer(asked: dict[str, Any]) -> tuple[int, object]:
        name = asked["package"]["name"]
        return (503, {}) if name > "uvicorn" else (200, {"vulns": [_HOLE] * (name == "uvicorn")})

    with _service(answer) as service:
        ended = _asked(bill, service)
    assert (ended.returncode, "PYSEC-2026-1" in ended.stderr) == (1, True)
    assert "could not ask" in ended.stdout


def test_lint_asks() -> None:
    lint = re.search(r"^lint:.*?\n\n", (_ROOT / "Makefile").read_text(), re.MULTILINE | re.DOTALL)
    assert lint
    assert "tools.dependencies" in lint[0]
