"""Which calls are made again, after which waits, and what comes of problems."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from typing import Any

import httpx
import pytest

from annul.client import Client, NoAnswerError, ProblemError, UnreadableError
from annul.client.models.issuers import Meaning
from annul.client.transport import address, retry_after

BASE = "https://annul.example"
PROBLEM = {
    "type": "about:blank",
    "title": "There is no case with this number.",
    "status": 404,
    "detail": "there is no case 1",
    "code": "resolve.case_unknown",
    "next_step": "Look again.",
}
PAGE = {"items": [], "next_cursor": ""}
HEALTH = {"status": "up", "host": True}
Answer = httpx.Response | Exception


class Scripted:
    """Answers as told, the last answer for ever, and keeps what was asked and slept."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []
        self.slept: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    def client(self, **more: Any) -> Client:
        return Client(
            BASE, "annul_key", transport=httpx.MockTransport(self), sleep=self.slept.append, **more
        )


def ok(body: object) -> httpx.Response:
    return httpx.Response(200, json=body)


def busy(status: int, after: str = "") -> httpx.Response:
    return httpx.Response(status, json=PROBLEM, headers={"retry-after": after} if after else {})


def test_the_key_and_the_address():
    for base in (BASE, f"{BASE}/", f"{BASE}/api/v1", f"{BASE}/api/v1/"):
        scripted = Scripted(ok(HEALTH))
        with Client(base, "annul_key", transport=httpx.MockTransport(scripted)) as annul:
            assert annul.health().host
        (request,) = scripted.asked
        assert str(request.url) == f"{BASE}/api/v1/health"
        assert request.headers["authorization"] == "Bearer annul_key"
    with pytest.raises(ValueError, match="https"):
        Client("annul.example", "annul_key")
    with pytest.raises(ValueError, match="once"):
        Client(BASE, "annul_key", tries=0)


@pytest.mark.parametrize(
    ("part", "there"),
    [
        ("1", "/cases/1"),
        ("../admin", "/cases/..%2Fadmin"),
        ("a?b#c", "/cases/a%3Fb%23c"),
        ("撤", "/cases/%E6%92%A4"),
    ],
)
def test_what_stands_in_a_part_of_a_path_stays_there(part: str, there: str):
    assert address("cases", part) == there
    scripted = Scripted(httpx.Response(404, json=PROBLEM))
    with scripted.client() as annul, pytest.raises(ProblemError):
        annul.cases.get(part)
    assert scripted.asked[0].url.raw_path.decode() == f"/api/v1{there}"


def test_a_problem_is_an_exception_with_its_next_step():
    scripted = Scripted(httpx.Response(404, json=PROBLEM))
    with scripted.client() as annul, pytest.raises(ProblemError) as raised:
        annul.cases.get("1")
    problem = raised.value
    assert (problem.status, problem.code) == (404, "resolve.case_unknown")
    assert (problem.title, problem.detail) == (PROBLEM["title"], PROBLEM["detail"])
    assert problem.next_step == "Look again."
    assert str(problem) == "there is no case 1 (404 resolve.case_unknown) Look again."
    assert not scripted.slept


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b'{"code": null}', b"\xff"])
def test_what_is_no_problem_is_one_all_the_same(content: bytes):
    scripted = Scripted(httpx.Response(502, content=content))
    with scripted.client() as annul, pytest.raises(ProblemError) as raised:
        annul.health()
    assert (raised.value.status, raised.value.code) == (502, "http.502")


@pytest.mark.parametrize("content", [b"<html>", b"[]", b'{"status": 1, "host": true}', b"{}"])
def test_an_answer_that_can_not_be_read(content: bytes):
    with Scripted(httpx.Response(200, content=content)).client() as annul:
        with pytest.raises(UnreadableError):
            annul.health()
        with pytest.raises(UnreadableError):
            list(annul.issuers.list())


@pytest.mark.parametrize("status", [429, 503])
def test_waits_as_long_as_it_is_told(status: int):
    scripted = Scripted(busy(status, "7"), busy(status, "3"), ok(HEALTH))
    with scripted.client() as annul:
        annul.health()
    assert scripted.slept == [7, 3]


def test_without_being_told_it_waits_longer_each_time_but_not_for_ever():
    scripted = Scripted(busy(503))
    with scripted.client(tries=9) as annul, pytest.raises(ProblemError):
        annul.health()
    assert len(scripted.asked) == 9
    for wait, bound in zip(scripted.slept, (0.5, 1, 2, 4, 8, 8, 8, 8), strict=True):
        assert bound / 2 <= wait <= bound


def test_a_wait_that_is_too_long_is_left_to_the_caller():
    scripted = Scripted(busy(429, "31"))
    with scripted.client() as annul, pytest.raises(ProblemError) as raised:
        annul.health()
    assert (len(scripted.asked), scripted.slept) == (1, [])
    assert raised.value.retry_after_s == 31


@pytest.mark.parametrize("error", [httpx.ReadTimeout("slow"), httpx.ReadError("broken")])
def test_a_read_is_made_again_when_the_line_breaks(error: Exception):
    scripted = Scripted(error, ok(HEALTH))
    with scripted.client() as annul:
        annul.health()
    assert len(scripted.asked) == 2


def test_in_the_end_there_is_no_answer():
    scripted = Scripted(httpx.ReadTimeout("slow"))
    with scripted.client(tries=3) as annul, pytest.raises(NoAnswerError, match="ReadTimeout"):
        annul.health()
    assert (len(scripted.asked), len(scripted.slept)) == (3, 2)


ACT = {"case": None, "done": "look"}
LOST: list[Answer] = [
    httpx.ReadTimeout("slow"),
    httpx.ReadError("broken"),
    busy(503),
    busy(503, "1"),
    busy(409, "1"),
]


@pytest.mark.parametrize("answer", LOST)
def test_what_may_have_been_done_is_not_done_again_without_a_key(answer: Answer):
    scripted = Scripted(answer)
    with scripted.client() as annul, pytest.raises((NoAnswerError, ProblemError)):
        annul.cases.act("1", "note", "said so")
    assert len(scripted.asked) == 1


@pytest.mark.parametrize("answer", [httpx.ConnectError("refused"), busy(429, "1")])
def test_what_was_surely_not_done_is_done_again(answer: Answer):
    scripted = Scripted(answer)
    with scripted.client() as annul, pytest.raises((NoAnswerError, ProblemError)):
        annul.cases.act("1", "note", "said so")
    assert len(scripted.asked) == 5


@pytest.mark.parametrize("answer", [*LOST, httpx.ConnectError("refused"), busy(429)])
@pytest.mark.parametrize("given", [None, "order-4711"])
def test_an_order_is_made_again_under_the_same_key(answer: Answer, given: str | None):
    scripted = Scripted(answer)
    with scripted.client() as annul, pytest.raises((NoAnswerError, ProblemError)) as raised:
        annul.voids.create({"rrn": "300000000001"}, "898000058120000", idempotency_key=given)
    keys = [request.headers["idempotency-key"] for request in scripted.asked]
    bodies = {request.content for request in scripted.asked}
    assert len(keys) == 5
    assert len(set(keys)) == len(bodies) == 1
    assert keys[0] == given or (given is None and len(keys[0]) == 36)
    if isinstance(raised.value, NoAnswerError):
        assert raised.value.idempotency_key == keys[0]


def test_each_order_has_a_key_of_its_own():
    scripted = Scripted(httpx.Response(404, json=PROBLEM))
    with scripted.client() as annul:
        for _ in range(2):
            with pytest.raises(ProblemError):
                annul.refunds.create({"rrn": "300000000001"}, "898000058120000", 100)
    first, second = scripted.asked
    assert first.headers["idempotency-key"] != second.headers["idempotency-key"]
    assert json.loads(first.content) == {
        "merchant": "898000058120000",
        "original": {"rrn": "300000000001"},
        "amount": 100,
    }


@pytest.mark.parametrize("answer", [busy(409), busy(422), busy(500), httpx.Response(302)])
def test_what_would_be_the_same_again_is_not_asked_again(answer: httpx.Response):
    scripted = Scripted(answer)
    with scripted.client() as annul, pytest.raises(ProblemError):
        annul.voids.create({"rrn": "300000000001"}, "898000058120000")
    assert len(scripted.asked) == 1


def test_pages_are_read_as_they_are_needed():
    row = {"response_code": "05", "cause": "issuer_unsupported"}
    scripted = Scripted(
        ok({"items": [row], "next_cursor": "b"}), ok({"items": [row], "next_cursor": "c"}), ok(PAGE)
    )
    with scripted.client() as annul:
        pages = annul._transport.pages(Meaning, "issuers", limit=100)
        assert next(pages) == Meaning(**row)
        assert len(scripted.asked) == 1
        assert list(pages) == [Meaning(**row)]
    cursors = [request.url.params.get("cursor") for request in scripted.asked]
    assert cursors == [None, "b", "c"]
    assert all(request.url.params["limit"] == "100" for request in scripted.asked)


def test_what_is_not_given_is_not_asked_for():
    scripted = Scripted(ok(PAGE))
    since = datetime(2026, 11, 23, 4, 5, tzinfo=UTC)
    with scripted.client() as annul:
        list(annul.cases.list("all", merchant="898000058120000", since=since))
        list(annul.transactions.list(amount=100, since=since, until=since))
        with pytest.raises(ValueError, match="zone"):
            list(annul.cases.list(since=since.replace(tzinfo=None)))
    assert dict(scripted.asked[0].url.params) == {
        "state": "all",
        "merchant": "898000058120000",
        "since": since.isoformat(),
        "limit": "100",
    }
    assert dict(scripted.asked[1].url.params) == {
        "amount": "100",
        "from": since.isoformat(),
        "to": since.isoformat(),
        "limit": "100",
    }


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("", None), ("5", 5.0), (" 0 ", 0.0), ("x", None), ("-1", None), ("1.5", None), ("٣", None)],
)
def test_retry_after_in_seconds(said: str, seconds: float | None):
    assert retry_after(httpx.Response(503, headers=[(b"retry-after", said.encode())])) == seconds


@pytest.mark.parametrize(("ahead", "low", "high"), [(60, 55, 61), (-60, 0, 0)])
def test_retry_after_as_a_date(ahead: int, low: float, high: float):
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=ahead), usegmt=True)
    seconds = retry_after(httpx.Response(503, headers={"retry-after": at}))
    assert seconds is not None
    assert low <= seconds <= high


VOID: dict[str, Any] = {
    "id": "01981a2b-7c00-7000-8000-000000000002",
    "rrn": "300000000002",
    "state": "pending",
    "merchant": "898000058120000",
    "terminal": "10000001",
    "kind": "void",
    "amount": 10_000,
    "currency": "156",
    "card": "620001******0007",
    "case": "",
    "cause": "",
    "due_at": None,
    "money": {"zh": "未定", "en": "Not decided yet."},
    "next_step": None,
    "response_code": "",
    "original": None,
    "received_at": "2026-11-23T04:05:00Z",
}


def test_waiting_asks_until_the_void_has_ended(monkeypatch: pytest.MonkeyPatch):
    now = clock(monkeypatch)
    scripted = Scripted(*[ok(VOID)] * 2, ok(VOID | {"state": "voided"}))
    scripted_call = scripted.__call__

    def slow(request: httpx.Request) -> httpx.Response:
        now[0] += float(request.url.params["wait"])
        return scripted_call(request)

    with Client(BASE, "k", transport=httpx.MockTransport(slow)) as annul:
        assert annul.voids.wait("300000000002", within_s=600).state == "voided"
    assert [request.url.params["wait"] for request in scripted.asked] == ["50.0"] * 3


def test_waiting_ends_with_its_time(monkeypatch: pytest.MonkeyPatch):
    now = clock(monkeypatch)
    scripted = Scripted(ok(VOID))
    scripted_call = scripted.__call__

    def slow(request: httpx.Request) -> httpx.Response:
        now[0] += float(request.url.params["wait"])
        return scripted_call(request)

    with Client(BASE, "k", transport=httpx.MockTransport(slow)) as annul:
        void = annul.voids.wait("300000000002", within_s=120)
    assert (void.state, void.ended) == ("pending", False)
    waits = [float(request.url.params["wait"]) for request in scripted.asked]
    assert waits == [50, 50, 20]
    assert all(first >= second for first, second in pairwise(waits))


def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1_000.0]
    monotonic: Callable[[], float] = lambda: now[0]  # noqa: E731 - it is patched in
    monkeypatch.setattr("annul.client.resources.monotonic", monotonic)
    return now


def event(number: str, name: str = "case") -> bytes:
    change = {
        "number": number,
        "id": "1",
        "merchant": "898000058120000",
        "step": "retry",
        "cause": "",
        "task": "",
        "ended": "",
        "events": 1,
        "changed_at": "2026-11-23T04:05:00Z",
    }
    return f": ping\n\nevent: {name}\nid: 1-{number}\ndata: {json.dumps(change)}\n\n".encode()


def test_events_go_on_where_they_were_when_the_line_breaks():
    scripted = Scripted(
        httpx.Response(200, content=event("1") + event("x", "other")),
        httpx.ReadError("broken"),
        busy(503, "2"),
        httpx.Response(200, content=event("2") + b"event: case\nid: 9-9\ndata: {cut"),
        httpx.Response(200, content=event("3")),
    )
    with scripted.client() as annul:
        changes = annul.cases.events()
        found = [next(changes) for _ in range(3)]
        changes.close()
    assert [change.number for change in found] == ["1", "2", "3"]
    assert [change.event_id for change in found] == ["1-1", "1-2", "1-3"]
    told = [request.headers.get("last-event-id") for request in scripted.asked]
    assert told == [None, "1-x", "1-x", "1-x", "1-2"]
    assert 2.0 in scripted.slept


def test_events_begin_where_the_caller_says_and_end_with_a_problem():
    scripted = Scripted(httpx.Response(403, json=PROBLEM))
    with scripted.client() as annul, pytest.raises(ProblemError):
        next(annul.cases.events("5-1"))
    assert [request.headers["last-event-id"] for request in scripted.asked] == ["5-1"]


def test_events_give_up_after_as_many_failures_as_calls():
    scripted = Scripted(httpx.ConnectError("refused"))
    with scripted.client(tries=4) as annul, pytest.raises(NoAnswerError, match="ConnectError"):
        next(annul.cases.events())
    assert len(scripted.asked) == 4
