"""Rules that an issuer's answers say: in words, with their support, as a picture, and what to do.

The picture has a dot for each void: round where it was approved, a triangle where it was refused,
and the boundary between them.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from nicegui import ui

from annul.console.frame import charts
from annul.console.frame.forms import act_button, said
from annul.console.frame.live import View, html
from annul.console.frame.markup import Html, badge, details, join, tag
from annul.desk import learnt as views
from annul.desk.roles import Scope
from annul.domain.errors import AnnulError
from annul.domain.learnt import DAY_MINUTES, RuleKind

Row = Mapping[str, Any]

_STATES: Final = {
    "suspected": ("suspected", "info"),
    "policy": ("adopted", "good"),
    "dismissed": ("dismissed", ""),
}
# What the picture of a kind is about: the name of its axis, by how much a value is divided, and
# whether its values are so far apart that the axis counts powers.
_AXES: Final[Mapping[RuleKind, tuple[str, int, bool]]] = {
    RuleKind.NEVER: ("Amount", 100, True),
    RuleKind.AMOUNT: ("Amount", 100, True),
    RuleKind.COUNT: ("Void of the card that day", 1, False),
    RuleKind.INTERVAL: ("Minutes since the card's last void", 60, True),
    RuleKind.AGE: ("Minutes since the sale", 60, True),
    RuleKind.HOURS: ("Hour of the day", 60, False),
    RuleKind.DAY_END: ("Hour of the day", 60, False),
    RuleKind.WHOLE: ("Amount", 100, True),
}
_LINED: Final = (RuleKind.AMOUNT, RuleKind.COUNT, RuleKind.INTERVAL, RuleKind.AGE, RuleKind.DAY_END)
_SMALLEST: Final = 0.01  # an axis of powers has no zero


class LearntCard:
    """The card on the issuer's page; `chosen` is the rule whose picture is drawn."""

    def __init__(self, view: View, issuer_id: str) -> None:
        self.chosen = ""
        self._view = view
        self._issuer_id = issuer_id
        self._write = view.may(Scope.ISSUERS_WRITE)
        words = view.words
        with ui.element("section").classes("card").props('id="learnt"'):
            html(tag("header", tag("h2", words("Rules learnt from answers"))))
            self._list = html()
            self._about = html()
            self._picture = charts.draw(words("Answers behind the rule"))
            self._past = html()

    async def refresh(self) -> None:
        """Show the rules as they are now, and the picture of the chosen one."""
        view = self._view
        rows = await view.shared(
            ("learnt", self._issuer_id), lambda: views.rules(view.desk, self._issuer_id)
        )
        known = [row for row in rows if row["ended_at"] is None]
        chosen = next((row for row in known if str(row["id"]) == self.chosen), None)
        chosen = chosen or next(iter(known), None)
        self._show(self._list, _list(view, known, chosen, write=self._write))
        self._show(self._past, _past(view, [row for row in rows if row["ended_at"] is not None]))
        self._picture.set_visibility(chosen is not None)
        if chosen is None:
            self._show(self._about, Html())
            return
        answers = await view.shared(
            ("learnt answers", self._issuer_id, chosen["id"]),
            lambda: views.answers(view.desk, chosen),
        )
        self._show(self._about, tag("p", _counted(view, answers), cls="muted"))
        charts.update(self._picture, picture(view, chosen, answers))

    async def act(self, given: Mapping[str, Any]) -> bool:
        """Adopt, dismiss or suspect again what a button names; says whether it was done."""
        view, words = self._view, self._view.words
        acts = {"adopt": views.adopt, "dismiss": views.dismiss, "suspect": views.suspect}
        try:
            identity, act = UUID(str(given["id"])), acts[str(given["act"])]
            await act(view.desk, view.visitor, self._issuer_id, identity)
        except AnnulError as error:
            ui.notify(said(view, error), type="negative")
            return False
        view.desk.kept.forget()
        ui.notify(words("Done"), type="positive")
        return True

    def _show(self, place: Any, content: Html) -> None:
        if content != place.content:
            place.set_content(content)


def _list(view: View, rows: Sequence[Row], chosen: Row | None, *, write: bool) -> Html:
    words = view.words
    if not rows:
        return tag(
            "p",
            words(
                "No rule is known that the issuer has not told. It takes some refusals to see one."
            ),
            cls="empty",
        )
    items = []
    for row in rows:
        state, tone = _STATES[row["state"]]
        acts = join(_acts(view, row, chosen, write=write))
        items.append(
            tag(
                "li",
                tag(
                    "div",
                    badge(words(state), tone),
                    " ",
                    tag("b", words.of(row["said"])),
                ),
                tag(
                    "small",
                    words(
                        "{share} sure · mostly code {code}",
                        share=_share(row["sure"]),
                        code=row["code"],
                    ),
                    cls="under",
                ),
                tag("div", acts, cls="row-of-buttons"),
            )
        )
    return tag("ul", *items, cls="plain learnt")


def _acts(view: View, row: Row, chosen: Row | None, *, write: bool) -> list[Html]:
    words, identity = view.words, str(row["id"])
    acts = []
    if chosen is None or row["id"] != chosen["id"]:
        acts.append(act_button(words("Show its answers"), "learnt-picture", id=identity))
    if not write:
        return acts
    if row["adoptable"]:
        acts.append(act_button(words("Adopt as a rule"), "learnt-act", id=identity, act="adopt"))
    if row["state"] == "dismissed":
        acts.append(act_button(words("Suspect again"), "learnt-act", id=identity, act="suspect"))
    else:
        acts.append(act_button(words("Dismiss"), "learnt-act", id=identity, act="dismiss"))
    return acts


def _past(view: View, rows: Sequence[Row]) -> Html:
    words = view.words
    if not rows:
        return Html()
    items = [
        tag(
            "li",
            tag("div", words.of(row["said"])),
            tag("small", words("until {when}", when=view.dated(row["ended_at"])), cls="under"),
        )
        for row in rows
    ]
    return details(
        words("Past rules ({n})", n=len(rows)), tag("ul", *items, cls="plain"), cls="more"
    )


def _share(sure: float) -> str:
    return f"{min(sure, 0.999):.1%}"


def _counted(view: View, answers: Sequence[Row]) -> str:
    refused = sum(not row["ok"] for row in answers)
    return view.words(
        "Drawn: {approved} approved (circles), {refused} refused (triangles)",
        approved=len(answers) - refused,
        refused=refused,
    )


def picture(view: View, rule: Row, answers: Sequence[Row]) -> dict[str, Any]:
    """Draw a dot for each answer, by time and by what the rule is about, and the boundary."""
    words, kind = view.words, RuleKind(rule["rule"])
    name, divisor, powers = _AXES[kind]

    def dots(*, ok: bool) -> list[list[float]]:
        return [
            [_wall(view, row["at"]), max(row["value"] / divisor, _SMALLEST if powers else 0)]
            for row in answers
            if row["ok"] is ok
        ]

    refused = charts.scatter(words("refused"), dots(ok=False), charts.BAD, "triangle")
    approved = charts.scatter(words("approved"), dots(ok=True), charts.GOOD, "circle")
    return charts.plane(
        [approved, _bounded(view, kind, rule, divisor, refused)], words(name), powers=powers
    )


def _bounded(
    view: View, kind: RuleKind, rule: Row, divisor: int, series: Mapping[str, Any]
) -> dict[str, Any]:
    """Draw the boundary into a series: a line, or the hours."""
    number, words = rule["number"], view.words
    if kind in _LINED:
        between = number + 0.5 if kind is RuleKind.COUNT else number / divisor
        return charts.lined(series, between, words("boundary"))
    if kind is RuleKind.HOURS:
        until = rule["until"]
        spans = [(number, until)] if number < until else [(number, DAY_MINUTES), (0, until)]
        return charts.banded(series, [(a / divisor, b / divisor) for a, b in spans])
    return dict(series)


def _wall(view: View, at: datetime) -> float:
    """Give a time as the clock on the wall shows it, for a chart that reckons in UTC."""
    return at.astimezone(view.desk.zone).replace(tzinfo=UTC).timestamp() * 1000
