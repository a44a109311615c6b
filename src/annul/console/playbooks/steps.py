"""Steps of a playbook in plain words: what each does and who may; dry, also what it would see."""

from collections.abc import Sequence
from typing import Any

from annul.console.frame.live import View
from annul.console.frame.markup import Html, badge, join, tag

from .said import Row, comes, seen, value, who_may


def listed(view: View, steps: Sequence[Row]) -> Html:
    """Draw steps in their order."""
    return tag("ol", *(tag("li", drawn(view, one), data_step=one["id"]) for one in steps))


def drawn(view: View, step: Row, *more: object) -> Html:
    """Draw a step; `more` comes after what it says."""
    words = view.words
    return join(
        (
            tag(
                "div",
                badge(words.of(step["kind_text"])),
                " ",
                tag("b", words.of(step["title"])),
                " ",
                comes(view, step["comes"]) if "comes" in step else None,
            ),
            tag("p", words.of(step["text"])),
            tag("p", _does(view, step), cls="muted") if _does(view, step) else None,
            tag("p", who_may(view, step)),
            _dry(view, step),
            *more,
        )
    )


def _does(view: View, step: Row) -> str:
    """Say what it does, with what it is given, under which condition, how long."""
    words = view.words
    given = ", ".join(f"{name} {value(view, one)}" for name, one in step["args"].items())
    parts = [f"{words.of(step['does'])}: {given}".strip(": ")] if step["does"] else []
    if step["when"]:
        parts.append(words("only if {when}", when=step["when"]))
    if step["kind"] == "wait":
        parts.append(words("at most {span}", span=view.span(step["seconds"])))
    parts += [_choices(view, step)] if step["choices"] else []
    return " · ".join(parts)


def _choices(view: View, step: Row) -> str:
    return " / ".join(view.words.of(one) for one in step["choices"].values())


def _dry(view: View, step: Row) -> Html | None:
    if "word" in step:
        return seen(view, step)
    if step.get("why"):
        return tag("p", view.words("It would fail: {why}", why=step["why"]), cls="said")
    return None


def flaws(view: View, rows: Sequence[dict[str, Any]]) -> Html:
    """Show what is wrong with a text: at which step or line, and what to do."""
    words = view.words
    lines = [
        tag(
            "li",
            tag("code", one["where"]),
            " ",
            tag("b", words.of(one["what"])),
            " ",
            tag("span", words.of(one["todo"]), cls="muted"),
        )
        for one in rows
    ]
    return tag("ul", *lines, cls="plain-list flaws")
