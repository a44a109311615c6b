"""Steps of a playbook in plain words: what each does and who may; dry, also what it would see."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from annul.console.frame.live import View
from annul.console.frame.markup import Html, badge, join, tag
from annul.desk import playbooks as views
from annul.domain.playbooks import PLACES, Takes, Test, read_when

from .said import Row, comes, plain, seen, value, who_may

# What acts are given beside places, each in words; what is not here stands by its own name.
_GIVEN: Final[Mapping[str, str]] = {
    "minutes": "minutes",
    "amount": "amount",
    "note": "note",
    "text": "text",
    "wrong": "wrong version",
    "right": "right version",
}


def listed(view: View, steps: Sequence[Row]) -> Html:
    """Draw steps in their order."""
    return tag("ol", *(tag("li", drawn(view, one, steps), data_step=one["id"]) for one in steps))


def drawn(view: View, step: Row, steps: Sequence[Row]) -> Html:
    """Draw one of a playbook's steps."""
    words = view.words
    does = _does(view, step, steps)
    return join(
        (
            tag(
                "div",
                badge(words.of(step["kind_text"])),
                " ",
                tag("b", plain(view, step["title"])),
                " ",
                comes(view, step["comes"]) if "comes" in step else None,
            ),
            tag("p", plain(view, step["text"])),
            tag("p", does, cls="muted") if does else None,
            tag("p", who_may(view, step)),
            _dry(view, step),
        )
    )


def _does(view: View, step: Row, steps: Sequence[Row]) -> str:
    """Say what it does, with what it is given, under which condition, how long."""
    words = view.words
    parts: list[str] = []
    if step["does"]:
        given = ", ".join(_given(view, name, one) for name, one in step["args"].items())
        parts.append(f"{words.of(step['does'])}: {given}".removesuffix(": "))
    tests = read_when(step["when"])
    if tests:
        said = " · ".join(_test(view, one, steps) for one in tests)
        parts.append(words("only if {when}", when=said))
    if step["kind"] == "wait":
        parts.append(words("at most {span}", span=view.span(step["seconds"])))
    parts += [_choices(view, step)] if step["choices"] else []
    return " · ".join(parts)


def _given(view: View, name: str, one: Any) -> str:
    label = view.words.of(PLACES[name]) if name in PLACES else view.words(_GIVEN.get(name, name))
    if name == Takes.AMOUNT and isinstance(one, int):
        return f"{label} {view.amount(one)}"
    return f"{label} {value(view, one)}"


def _test(view: View, test: Test, steps: Sequence[Row]) -> str:
    """Say a condition by what the earlier step is called, and its answer."""
    earlier = next((one for one in steps if one["id"] == test.step), None)
    if earlier is None:
        return str(test)
    look = views.vocabulary()["looks"].get(earlier["do"])
    known = look["words"] if look else earlier["choices"]
    word = view.words.of(known[test.word]) if test.word in known else test.word
    step = plain(view, earlier["title"])
    if test.equal:
        return view.words("'{step}' is {word}", step=step, word=word)
    return view.words("'{step}' is not {word}", step=step, word=word)


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
