"""What is told outside of an issuer whose cards have trouble: which, since when, until when."""

from collections.abc import Mapping
from typing import Any, Final

from annul.domain.heads import EventKind
from annul.domain.text import Text

from .keeping import Head

# Which event of a head's timeline is told to webhooks, and how it is called there.
WEBHOOKS: Final[Mapping[str, str]] = {
    EventKind.DOWN: "downtime.started",
    EventKind.UP: "downtime.ended",
}
_WHAT: Final[Mapping[str, Text]] = {
    "issuer_maintenance": Text("发卡行维护中", "the issuer is under maintenance"),
    "end_of_day": Text("发卡行日终处理中", "the issuer closes its day"),
}
_TROUBLE: Final = Text(
    "发卡行暂时异常，交易可能失败或较慢",
    "the issuer has trouble; payments and voids may fail or take long",
)


def what(cause: str) -> Text:
    """Say in a few words what is the matter; without figures from inside."""
    return _WHAT.get(cause, _TROUBLE)


def payload(head: Head) -> dict[str, Any]:
    """Give what a webhook is told of a head whose issuer is down, or up again."""
    times = {"started_at": head.down_since, "ends_at": head.ends_at, "ended_at": head.up_at}
    return {
        "downtime": head.number,
        "issuer": head.member,
        "severity": head.severity,
        **{name: at and at.isoformat() for name, at in times.items()},
        "what": what(head.cause)._asdict(),
    }
