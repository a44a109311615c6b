"""What was said for a case, and what was done, as a sequence chart."""

from datetime import datetime
from typing import Any, Final

from annul.console.frame.live import View
from annul.console.frame.markup import Html, card, tag
from annul.console.frame.sequence import Arrow, svg

_WAYS: Final = {
    "terminal_in": ("terminal", "annul"),
    "issuer_out": ("annul", "issuer"),
    "issuer_in": ("issuer", "annul"),
    "terminal_out": ("annul", "terminal"),
}
_SHOWN: Final = 60  # lines; of more, the last


def exchange(view: View, whole: dict[str, Any]) -> Html:
    """Draw it; `whole` is the proof of a case."""
    words = view.words
    lanes = {
        "terminal": words("Terminal"),
        "annul": "annul",
        "issuer": words("Issuer"),
        "people": words("People"),
    }
    found = [_message(view, one) for one in whole["messages"]]
    found += [_event(view, one) for one in whole["timeline"]]
    found.sort(key=lambda one: one[0])
    arrows = [arrow for _, arrow in found[-_SHOWN:]]
    title = words("Who said what to whom")
    body = tag("div", svg(title, lanes, arrows), cls="scroll")
    return card(title, body if arrows else tag("p", words("No messages were kept."), cls="empty"))


def _message(view: View, message: dict[str, Any]) -> tuple[datetime, Arrow]:
    source, target = _WAYS[message["direction"]]
    fields = {str(number): str(value) for number, value in message["fields"].items()}
    label = f"{message['mti']} {fields.get('39', '')}".strip()
    at = message["at"]
    return _moment(at), Arrow(view.when(at, seconds=True), source, target, label)


def _event(view: View, event: dict[str, Any]) -> tuple[datetime, Arrow]:
    own = event["who"] == "annul"
    source = "annul" if own else "people"
    said = view.words(event["what"]) if own else f"{event['who']}: {view.words(event['what'])}"
    at = event["at"]
    return _moment(at), Arrow(view.when(at, seconds=True), source, "annul", said)


def _moment(at: datetime | str) -> datetime:
    return datetime.fromisoformat(at) if isinstance(at, str) else at
