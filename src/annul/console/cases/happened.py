"""What happened in a case, the latest first; tries in a row are folded into one line."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from annul.console.frame.live import View
from annul.console.frame.markup import Html, badge, card, details, join, tag
from annul.console.shared import between
from annul.resolve.tries import MANY, runs, told

Event = Mapping[str, Any]


def happened(view: View, whole: dict[str, Any]) -> Html:
    """Build the card."""
    words, chain = view.words, whole["chain"]["broken_at"]
    mark = (
        badge(words("Log intact"), "good")
        if chain is None
        else badge(words("changed at line {n}", n=chain), "bad")
    )
    lines = [_run(view, run) for run in reversed(runs(whole["timeline"]))]
    body = (
        tag("ol", *lines, cls="timeline") if lines else tag("p", words("Nothing yet."), cls="empty")
    )
    return card(words("What happened"), body, aside=mark)


def _run(view: View, run: Sequence[Event]) -> Html:
    words = view.words
    if len(run) < MANY:
        return _line(view, run[0])
    latest = tag("span", words(run[-1]["what"]), cls="muted")
    time = tag("time", between(view, run[0]["at"], run[-1]["at"]))
    head = join((time, " ", tag("b", words.of(told(run))), " ", latest))
    folded = tag("ol", *_lines(view, reversed(run)), cls="timeline")
    return tag("li", details(head, folded))


def _lines(view: View, events: Iterable[Event]) -> list[Html]:
    return [_line(view, event) for event in events]


def _line(view: View, event: Event) -> Html:
    words = view.words
    return tag(
        "li",
        tag("time", view.when(event["at"], seconds=True)),
        tag("b", words(event["what"])),
        " ",
        tag("span", event["who"], cls="muted"),
        tag("div", words.of(event["why"])),
    )
