"""What can go wrong for a program that calls annul."""

from typing import Any


class ClientError(Exception):
    """A call of annul did not give what was asked for."""


class ProblemError(ClientError):
    """annul has answered with a problem (RFC 9457).

    `status` is that of HTTP, `code` is for programs, `title` says what happened, `detail` what of
    it concerns this call, `next_step` what to do. `retry_after_s` is how long to wait, if it helps.
    """

    def __init__(
        self, status: int, code: str, title: str, next_step: str = "", detail: str = ""
    ) -> None:
        said = f"{detail or title} ({status} {code})"
        super().__init__(f"{said} {next_step}" if next_step else said)
        self.status = status
        self.code = code
        self.title = title
        self.next_step = next_step
        self.detail = detail
        self.retry_after_s: float | None = None

    @classmethod
    def of(cls, status: int, body: Any) -> "ProblemError":
        """Read a problem; what is none gives one all the same, as a proxy may stand between."""
        given: dict[str, Any] = body if isinstance(body, dict) else {}
        return cls(
            status,
            str(given.get("code") or f"http.{status}"),
            str(given.get("title") or "annul has refused this without saying why."),
            str(given.get("next_step") or ""),
            str(given.get("detail") or ""),
        )


class NoAnswerError(ClientError):
    """annul could not be reached, or did not answer in time.

    What was asked may have been done all the same. Ask again with the same `idempotency_key`: you
    then get the answer of the first call, and nothing is done twice.
    """

    def __init__(self, message: str, idempotency_key: str = "") -> None:
        super().__init__(message)
        self.idempotency_key = idempotency_key


class UnreadableError(ClientError):
    """annul has answered with something that this version of the client cannot read."""
