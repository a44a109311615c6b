"""Calls over HTTP: the key, what is tried again and for how long, problems as exceptions."""

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, TypeAlias, cast
from urllib.parse import quote

import httpx

from .errors import NoAnswerError, ProblemError
from .models.parts import Item, Page
from .reading import Answer, read

Content: TypeAlias = Callable[[], Iterable[bytes]]
API: Final = "/api/v1"
_BUSY: Final = frozenset({429, 503})
_FIRST_S, _LIMIT_S = 0.5, 8.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How hard to try: `tries` in all, never waiting longer than `longest_wait_s` at once."""

    tries: int = 5
    longest_wait_s: float = 30.0
    sleep: Callable[[float], object] = time.sleep


class Transport:
    """Sends calls with a key.

    Tried again is what was not done (429, or no connection at all), and what does no harm twice
    (everything but a POST without an Idempotency-Key) after 503, a broken connection, or an answer
    that says when to come back.
    """

    def __init__(self, client: httpx.Client, patience: Patience) -> None:
        self._client = client
        self._patience = patience

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def get(self, model: type[Answer], *path: str, **query: object) -> Answer:
        """Read an answer. What is None or empty is left out of the query."""
        return self.call(model, "GET", *path, query=query)

    def call(
        self,
        model: type[Answer],
        method: str,
        *path: str,
        query: Mapping[str, object] | None = None,
        body: object = None,
        key: str = "",
        timeout_s: float | None = None,
        harmless: bool = False,
        content: Content | None = None,
    ) -> Answer:
        """Call and read the answer.

        `key` makes a POST idempotent, `harmless` says that it changes nothing. `content` gives a
        body of bytes, anew for each attempt. Raises
        `ProblemError`, `NoAnswerError` and `UnreadableError`.
        """
        response = self.send(
            method,
            *path,
            query=query,
            body=body,
            key=key,
            timeout_s=timeout_s,
            harmless=harmless,
            content=content,
        )
        return read(model, response.content)

    def send(
        self,
        method: str,
        *path: str,
        query: Mapping[str, object] | None = None,
        body: object = None,
        key: str = "",
        timeout_s: float | None = None,
        harmless: bool = False,
        content: Content | None = None,
    ) -> httpx.Response:
        """Call and give the whole answer, which is no error."""
        harmless = harmless or method != "POST" or bool(key)
        attempt = 0
        while True:
            attempt += 1
            last = attempt >= self._patience.tries
            request = self._client.build_request(
                method,
                address(*path),
                params=_present(query or {}),
                json=body,
                content=content() if content else None,
                headers={"idempotency-key": key} if key else {},
                timeout=self._client.timeout if timeout_s is None else timeout_s,
            )
            try:
                response = self._client.send(request)
            except httpx.TransportError as error:
                unsent = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
                if last or not (harmless or unsent):
                    message = f"{method} {request.url.path}: {type(error).__name__} {error}"
                    raise NoAnswerError(message, key) from error
                self._patience.sleep(_wait(attempt))
                continue
            if response.is_success:
                return response
            told = retry_after(response)
            wait = _wait(attempt) if told is None else told
            if last or not _again(response.status_code, told, harmless=harmless):
                raise _problem(response)
            if wait > self._patience.longest_wait_s:
                raise _problem(response)
            self._patience.sleep(wait)

    def pages(self, model: type[Item], *path: str, **query: object) -> Iterator[Item]:
        """Give the items of all pages, one page at a time."""
        cursor = ""
        while True:
            page = self.get(Page[model], *path, **query, cursor=cursor)
            yield from page.items
            cursor = page.next_cursor
            if not cursor:
                return

    @contextmanager
    def stream(self, *path: str, headers: Mapping[str, str]) -> Iterator[httpx.Response]:
        """Read an answer as it comes; raises `ProblemError`, and httpx's errors as they are."""
        with self._client.stream("GET", address(*path), headers=headers) as response:
            if not response.is_success:
                response.read()
                raise _problem(response)
            yield response

    def pause(self, failures: int, error: ProblemError | httpx.TransportError) -> None:
        """Wait after so many failures of a stream in a row, or give up and raise the last one."""
        told = error.retry_after_s if isinstance(error, ProblemError) else None
        wait = _wait(failures) if told is None else told
        helps = not isinstance(error, ProblemError) or error.status in _BUSY
        if helps and failures < self._patience.tries and wait <= self._patience.longest_wait_s:
            self._patience.sleep(wait)
        elif isinstance(error, ProblemError):
            raise error
        else:
            message = f"the stream broke off: {type(error).__name__} {error}"
            raise NoAnswerError(message) from error

    def breathe(self) -> None:
        """Wait a moment before a stream that has ended is opened again."""
        self._patience.sleep(_FIRST_S)


def address(*path: str) -> str:
    """Put a path together; whatever stands in a part stays in it."""
    return "/".join(("", *(quote(part, safe="") for part in path)))


def retry_after(response: httpx.Response) -> float | None:
    """Read how many seconds to wait: a number of them, or a date."""
    said = response.headers.get("retry-after", "").strip()
    if not said:
        return None
    if said.isascii() and said.isdecimal():
        return float(said)
    try:
        at = parsedate_to_datetime(said)
    except ValueError:
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return max((at - datetime.now(UTC)).total_seconds(), 0.0)


def _again(status: int, told: float | None, *, harmless: bool) -> bool:
    """Say whether asking once more can help and can not harm."""
    if status == 429:
        return True
    return harmless and (status in _BUSY or (status == 409 and told is not None))


def _wait(attempt: int) -> float:
    whole = min(_FIRST_S * 2.0 ** (attempt - 1), _LIMIT_S)
    return whole * (0.5 + random.random() / 2)  # noqa: S311 - spreads callers, keeps no secret


def _problem(response: httpx.Response) -> ProblemError:
    try:
        body = response.json()
    except ValueError:
        body = None
    problem = ProblemError.of(response.status_code, body)
    problem.retry_after_s = retry_after(response)
    return problem


def _present(query: Mapping[str, object]) -> dict[str, str | list[str]]:
    """Leave out what is not given; times need a zone, a tuple is given once for each of its own."""
    given: dict[str, str | list[str]] = {}
    for name, value in query.items():
        if value is None or value == "":
            continue
        if isinstance(value, datetime):
            if value.tzinfo is None:
                message = f"{name}: a time needs its zone"
                raise ValueError(message)
            given[name] = value.isoformat()
        elif isinstance(value, tuple):
            given[name] = [str(one) for one in cast("tuple[object, ...]", value)]
        else:
            given[name] = str(value)
    return given
