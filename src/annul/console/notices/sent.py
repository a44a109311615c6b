"""What channels are owed, and the log of messages."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from annul.console.frame.filters import cursor_of
from annul.console.frame.live import View
from annul.console.frame.markup import Html, badge, card, join, link, table, tag
from annul.desk import notices as desk
from annul.domain.heads import EventKind
from annul.domain.incident import Severity

_LIMIT: Final = 50
_SHOWN: Final = 3  # numbers of a message about many
# How a message went, and how that looks.
PHASES: Final[Mapping[str, tuple[str, str]]] = {
    "sending": ("is being sent", "info"),
    "told": ("was taken", "good"),
    "limited": ("too many in a minute", "warn"),
    "refused": ("refused", "bad"),
    "unreached": ("nobody there, did not arrive", "bad"),
    "unanswered": ("no answer, may have arrived", "warn"),
    "unknown": ("cut off, may have arrived", "warn"),
}
# What an event is called that channels are told of.
EVENTS: Final[Mapping[str, str]] = {
    EventKind.OPENED.value: "new incident",
    EventKind.SEVERITY_ROSE.value: "severity rose",
    EventKind.CAUSE_NAMED.value: "cause found",
    EventKind.REOPENED.value: "open again",
    EventKind.ESCALATED.value: "nobody acknowledged",
    EventKind.CLOSED.value: "incident over",
    EventKind.PLAYBOOK_TOLD.value: "word of a playbook",
}


async def sent_card(view: View) -> Html:
    """Show what is owed, then the log."""
    return join((await _owed(view), await _log(view)))


async def _owed(view: View) -> Html:
    words = view.words
    rows = [
        (
            row["channel"],
            _head(row["number"]),
            words(EVENTS.get(str(row["kind"]), "other")),
            words.of(Severity(row["severity"]).text),
            _at(view, row["at"]),
            _at(view, row["due_at"]),
            row["tries"],
        )
        for row in await desk.owed(view.desk, view.visitor, _LIMIT)
    ]
    names = ("Channel", "Incident", "What", "Severity", "Happened", "To be told", "Tries")
    empty = words("Nothing is owed.")
    heads = [words(one) for one in names]
    return card(words("Not told yet"), table(heads, rows, cls="right-7", empty=empty))


async def _log(view: View) -> Html:
    words = view.words
    found = await desk.log(view.desk, view.visitor, _LIMIT, cursor_of(view))
    rows = [
        (
            _at(view, row["at"]),
            row["channel"],
            _phase(view, row),
            join((row["title"], tag("small", _numbers(row["numbers"]), cls="under"))),
            tag("span", words("{n} ms", n=row["took_ms"]), cls="num")
            if row["phase"] != "sending"
            else "–",
        )
        for row in found.rows
    ]
    heads = [words(one) for one in ("Time", "Channel", "State", "Message", "Took")]
    parts = [table(heads, rows, cls="right-5", empty=words("No message yet."))]
    if found.following:
        query = urlencode({"part": "sent", "cursor": found.following})
        parts.append(link(words("Older"), f"/notices?{query}", cls="button"))
    return card(words("Messages"), *parts)


def _at(view: View, at: datetime) -> Html:
    return tag("time", view.dated(at))


def _phase(view: View, row: Mapping[str, Any]) -> Html:
    said, look = PHASES.get(row["phase"], (row["phase"], ""))
    mark = badge(view.words(said), look)
    return join((mark, tag("small", row["error"], cls="under"))) if row["error"] else mark


def _numbers(numbers: list[str]) -> Html | str:
    more = f" +{len(numbers) - _SHOWN}" if len(numbers) > _SHOWN else ""
    return join((*(join((_head(one), " ")) for one in numbers[:_SHOWN]), more))


def _head(number: str) -> Html | str:
    return link(number, f"/incidents/{number}", cls="mono") if number else "–"
