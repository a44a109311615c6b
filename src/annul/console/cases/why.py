"""Why a case is as it is: the probable causes with their evidence, and how others fared then."""

from typing import Any, Final

from annul.console.frame.live import View
from annul.console.frame.markup import Html, card, details, icon, join, link, tag
from annul.desk.surroundings import SPAN, Others, Surroundings

_SHOWN: Final = 4
_LINES: Final = 6  # of evidence; more stand behind a toggle


def causes(view: View, whole: dict[str, Any], around: Surroundings) -> Html:
    """Build the card: the best cause in full, the other ones folded."""
    words, diagnosis = view.words, whole["diagnosis"]
    if diagnosis is None:
        return card(words("Why"), tag("p", words("Not diagnosed yet."), cls="empty"))
    best, *rest = diagnosis["causes"][:_SHOWN]
    other = [_cause(view, whole, one) for one in rest]
    return card(
        words("Why"),
        _cause(view, whole, best),
        _others(view, around) if around.others else None,
        details(words("Less probable causes"), tag("div", *other, cls="causes")) if other else None,
        cls="case-why",
    )


def _cause(view: View, whole: dict[str, Any], found: dict[str, Any]) -> Html:
    words = view.words
    width = f"width: {found['probability'] * 100:.0f}%"
    odds = tag("span", f"{found['probability']:.0%}", cls="odds")
    lines = [_evidence(view, one) for one in found["evidence"]]
    sources = [
        tag("li", words.of(one["text"]), tag("small", join(_sources(whole, one["sources"]))))
        for one in found["evidence"]
    ]
    return tag(
        "div",
        tag("b", odds, words.of(found["title"])),
        tag("div", tag("i", style=width), cls="meter", aria_hidden="true"),
        tag("ul", *lines[:_LINES], cls="evidence"),
        details(words("Sources"), tag("ul", *sources, cls="sources")) if sources else None,
        cls="cause",
    )


def _evidence(view: View, one: dict[str, Any]) -> Html:
    against = one["weight"] < 0
    said = view.words("speaks against") if against else view.words("supports it")
    return tag(
        "li",
        icon("dash" if against else "plus"),
        tag("span", f"{said}: ", cls="unseen"),
        view.words.of(one["text"]),
        cls="against" if against else "",
    )


def _sources(whole: dict[str, Any], sources: list[str]) -> list[object]:
    """Link the sources that are transactions of the case."""
    known = {one["rrn"]: one["id"] for one in whole["transactions"]}
    shown: list[object] = []
    for source in sources:
        rrn = source.removeprefix("transactions ").partition(".")[0]
        shown += [
            link(source, f"/transactions/{known[rrn]}") if rrn in known else source,
            " ",
        ]
    return shown


def _others(view: View, around: Surroundings) -> Html:
    """Name the others at the issuer: how many, how they fared, since when, and which failed too."""
    words, others = view.words, around.others
    assert others is not None, "asked for only when they are known"
    minutes = int(SPAN.total_seconds() // 60)
    head = words(
        "{issuer}, {n} min before and after",
        issuer=words.of(around.issuer),
        n=minutes,
    )
    lines = [tag("li", one) for one in _fared(view, others)]
    if others.alike:
        named = [
            join((link(one["number"], f"/cases/{one['number']}", cls="mono"), " "))
            for one in others.alike
        ]
        first = others.alike[0]
        said = words(
            "Other cases since {when} ({n}):", n=first["many"], when=view.when(first["opened_at"])
        )
        lines.append(tag("li", said, " ", *named))
    return tag("div", tag("h3", head), tag("ul", *lines), cls="case-others")


def _fared(view: View, others: Others) -> list[str]:
    words, answers = view.words, others.answers
    count = answers.get("requests", 0)
    if not count:
        return [
            words(
                "No other requests went to this issuer at that time, so there is nothing to "
                "compare."
            )
        ]
    said = [
        words(
            "Requests: {n}, {share} approved",
            n=count,
            share=f"{answers['approvals'] / count:.0%}",
        )
    ]
    if others.code:
        said.append(words("{n} answered {code}", n=answers["same_code"], code=others.code))
    if answers["silent"]:
        said.append(words("{n} without an answer", n=answers["silent"]))
    if answers["approved_at"]:
        said.append(words("last approval at {when}", when=view.when(answers["approved_at"])))
    return said
