"""What happened in a case, the latest first; tries in a row are folded into one line."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from annul.console.frame.live import View
from annul.console.frame.markup import Html, badge, card, details, join, tag

# What annul does by itself, again and again: three in a row say no more than one.
_FOLDED: Final = frozenset(
    {
        *("back_off", "retry", "other_route", "await_outcome", "await_original", "wait_health"),
        *("wait_window", "wait_rule", "wait_funds", "wait_terminal", "wait_set_up"),
        *("diagnosed", "order_dropped", "not_allowed"),
    }
)
_MANY: Final = 3
_TRIES: Final = frozenset({"retry", "other_route", "refund"})

Event = dict[str, Any]


def runs(timeline: Sequence[Event]) -> list[list[Event]]:
    """Part a history into what is told line by line, and runs of tries that are told as one."""
    parts: list[list[Event]] = []
    for event in timeline:
        folds = event["what"] in _FOLDED
        if folds and parts and parts[-1][0]["what"] in _FOLDED:
            parts[-1].append(event)
        else:
            parts.append([event])
    return [
        part
        for whole in parts
        for part in ([whole] if len(whole) >= _MANY else [[one] for one in whole])
    ]


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
    if len(run) < _MANY:
        return _line(view, run[0])
    tries = sum(event["what"] in _TRIES for event in run)
    said = words("Attempts: {n}", n=tries) if tries else words("{n} steps", n=len(run))
    first, last = (view.when(run[place]["at"], seconds=True) for place in (0, -1))
    latest = tag("span", words(run[-1]["what"]), cls="muted")
    head = join((tag("time", f"{first} – {last[6:]}"), " ", tag("b", said), " ", latest))
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
