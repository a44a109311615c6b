"""An issuer's rules and windows: what counts now, what comes, what was; and changing it.

A new value is a new row with its own beginning; what was before stays in the history.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from annul.console.frame.forms import (
    Answers,
    Form,
    FormField,
    act_button,
    ask,
    minor,
    moment,
    written,
)
from annul.console.frame.live import View
from annul.console.frame.markup import Html, badge, card, details, join, table, tag
from annul.desk import issuers as views
from annul.desk.permission import NotValid
from annul.desk.roles import Scope
from annul.domain.policies import WINDOWS, PolicyKind

# What each rule is called, in what it is counted, and what counts while none is known.
RULES: Final[Mapping[PolicyKind, tuple[str, str, str]]] = {
    PolicyKind.VOID_SUPPORTED: ("Voids supported", "yes", "assumed yes"),
    PolicyKind.VOID_AMOUNT_LIMIT: ("Maximum void amount", "amount", "no limit known"),
    PolicyKind.VOIDS_PER_DAY: ("Voids per card and day", "number", "no limit known"),
    PolicyKind.VOID_INTERVAL: ("Time between two voids of a card", "span", "none known"),
    PolicyKind.VOID_WINDOW: ("Void window after the sale", "span", "no limit known"),
    PolicyKind.MAINTENANCE: ("Maintenance", "", ""),
    PolicyKind.END_OF_DAY: ("End-of-day processing", "", ""),
}
UNITS: Final[Mapping[str, tuple[str, int]]] = {
    "s": ("seconds", 1),
    "min": ("minutes", 60),
    "h": ("hours", 3600),
    "d": ("days", 86_400),
}
_TONES: Final = {"in force": "good", "coming": "info", "overtaken": "warn"}
_SHOWN_WINDOWS: Final = 12


def rules_card(view: View, rows: Sequence[Mapping[str, Any]], *, write: bool) -> Html:
    """Show each rule as it counts now, what is coming, and the whole history below."""
    words = view.words
    shown = []
    for kind, (name, _, unset) in RULES.items():
        if kind in WINDOWS:
            continue
        now = _first(rows, kind, "in force")
        coming = [row for row in reversed(rows) if _is(row, kind, "coming")]
        acts = join(
            (
                act_button(words("New value"), "rule", kind=kind.value) if write else None,
                " ",
                act_button(words("End"), "end-rule", id=str(now["id"])) if write and now else None,
            )
        )
        shown.append(
            (
                words(name),
                tag("b", value(view, kind, now["number"]))
                if now
                else tag("span", words(unset), cls="muted"),
                join((_span(view, now), tag("small", now["note"], cls="under"))) if now else "–",
                join([_coming(view, row, write=write) for row in coming]) if coming else "–",
                acts,
            )
        )
    names = [words(n) for n in ("Rule", "In force", "From and until", "Upcoming", "Change")]
    if not write:
        names, shown = names[:-1], [row[:-1] for row in shown]
    history = [row for row in rows if PolicyKind(row["kind"]) not in WINDOWS]
    return card(
        words("Rules for voids"),
        table(names, shown, cls="acts-last" if write else ""),
        _history(view, history),
    )


def windows_card(view: View, rows: Sequence[Mapping[str, Any]], *, write: bool) -> Html:
    """Show the windows that are open or coming, and those that were."""
    words = view.words
    known = [row for row in rows if PolicyKind(row["kind"]) in WINDOWS]
    due = [row for row in reversed(known) if row["standing"] in {"in force", "coming"}]
    shown = []
    for row in due[:_SHOWN_WINDOWS]:
        open_now = row["standing"] == "in force"
        what = words("End now") if open_now else words("Withdraw")
        shown.append(
            tag(
                "li",
                tag(
                    "div",
                    badge(
                        words("open now") if open_now else words("coming"),
                        "warn" if open_now else "info",
                    ),
                    " ",
                    tag("b", words(RULES[PolicyKind(row["kind"])][0])),
                ),
                tag("div", _span(view, row), cls="num"),
                tag("div", row["note"], cls="muted") if row["note"] else None,
                act_button(what, "end-rule", id=str(row["id"])) if write else None,
            )
        )
    more = len(due) - len(shown)
    body = (
        tag("ul", *shown, cls="plain")
        if shown
        else tag("p", words("No window is open or coming."), cls="empty")
    )
    add = act_button(words("Add a window"), "window") if write else ""
    return card(
        words("Maintenance and end of day"),
        body,
        tag("p", words("and {n} more", n=more), cls="muted") if more else None,
        _past_windows(view, known),
        aside=add,
    )


def value(view: View, kind: PolicyKind, number: int) -> str:
    """Say what a rule's number means."""
    words = view.words
    match RULES[kind][1]:
        case "yes":
            return words("yes") if number else words("no")
        case "amount":
            return view.amount(number)
        case "span":
            return span(view, number)
        case "number":
            return str(number)
    return ""


def span(view: View, seconds: int) -> str:
    """Write a length of time exactly, in the largest unit that has no rest."""
    whole = [name for name, (_, size) in UNITS.items() if seconds and not seconds % size]
    text, size = UNITS[whole[-1] if whole else "s"]
    return f"{seconds // size} {view.words(text)}"


def _span(view: View, row: Mapping[str, Any]) -> str:
    words = view.words
    from_ = view.dated(row["valid_from"])
    if row["valid_until"] is None:
        return words("since {when}, without end", when=from_)
    return words("{from_} until {until}", from_=from_, until=view.dated(row["valid_until"]))


def _coming(view: View, row: Mapping[str, Any], *, write: bool) -> Html:
    kind = PolicyKind(row["kind"])
    said = f"{value(view, kind, row['number'])} · {_span(view, row)}"
    withdraw = act_button(view.words("Withdraw"), "end-rule", id=str(row["id"]))
    return tag("div", said, " ", withdraw if write else None)


def _history(view: View, rows: Sequence[Mapping[str, Any]]) -> Html | None:
    words = view.words
    if not rows:
        return None
    shown = [
        (
            badge(words(row["standing"]), _TONES.get(row["standing"], "")),
            words(RULES[PolicyKind(row["kind"])][0]),
            value(view, PolicyKind(row["kind"]), row["number"]) or "–",
            _span(view, row),
            row["note"] or "–",
            f"{row['set_by']} · {view.dated(row['set_at'])}",
        )
        for row in rows
    ]
    names = [words(n) for n in ("State", "Rule", "Value", "From and until", "Note", "Set by")]
    return details(
        words("Full history ({n})", n=len(rows)),
        table(names, shown),
        cls="more",
    )


def _past_windows(view: View, rows: Sequence[Mapping[str, Any]]) -> Html | None:
    words = view.words
    if not rows:
        return None
    shown = [
        tag(
            "li",
            tag(
                "div",
                badge(words(row["standing"]), _TONES.get(row["standing"], "")),
                " ",
                words(RULES[PolicyKind(row["kind"])][0]),
            ),
            tag("div", _span(view, row), cls="num"),
            tag("small", f"{row['set_by']} · {view.dated(row['set_at'])}", cls="under"),
            tag("small", row["note"], cls="under") if row["note"] else None,
        )
        for row in rows
    ]
    return details(
        words("Full history ({n})", n=len(rows)),
        tag("ul", *shown, cls="plain"),
        cls="more",
    )


def _is(row: Mapping[str, Any], kind: PolicyKind, standing: str) -> bool:
    return row["kind"] == kind.value and row["standing"] == standing


def _first(
    rows: Sequence[Mapping[str, Any]], kind: PolicyKind, standing: str
) -> Mapping[str, Any] | None:
    return next((row for row in rows if _is(row, kind, standing)), None)


# Changing it ------------------------------------------------------------------------------------


async def set_rule(view: View, issuer_id: str, kind: PolicyKind) -> bool:
    """Ask for a new value of a rule and from when on it counts."""
    words, desk = view.words, view.desk
    if not view.may(Scope.ISSUERS_WRITE) or kind in WINDOWS:
        return False
    name, unit, _ = RULES[kind]

    async def act(answers: Answers) -> None:
        rule = views.Rule(
            kind,
            _number(unit, answers),
            _from(view, answers),
            _until(view, answers),
            str(answers["note"]),
        )
        await views.set_policy(desk, view.visitor, issuer_id, rule, answers["reason"])

    form = Form(
        words("New value: {rule}", rule=words(name)),
        (*_value_fields(view, unit), *_time_fields(view, needs_end=False), _note(view)),
        about=words(
            "Replaces the previous rule from its start; the previous one stays in the history."
        ),
    )
    return await ask(view, form, act)


async def add_window(view: View, issuer_id: str, length: timedelta | None = None) -> bool:
    """Ask for a window: once, or on several days at the same time; one from now on is filled in."""
    words, desk = view.words, view.desk
    if not view.may(Scope.ISSUERS_WRITE):
        return False

    async def act(answers: Answers) -> None:
        rule = views.Rule(
            PolicyKind(answers["kind"]),
            0,
            _from(view, answers),
            _until(view, answers),
            str(answers["note"]),
            int(answers["days"] or 1),
        )
        await views.set_policy(desk, view.visitor, issuer_id, rule, answers["reason"])

    kinds = {kind.value: words(RULES[kind][0]) for kind in WINDOWS}
    form = Form(
        words("Add a window"),
        (
            FormField("kind", words("Kind"), "choice", PolicyKind.MAINTENANCE.value, kinds),
            *_time_fields(view, needs_end=True, length=length),
            FormField(
                "days",
                words("Consecutive days"),
                "number",
                1,
                hint=words("at the same time of day"),
            ),
            _note(view),
        ),
        about=words("During a window, voids wait for it to end instead of being retried."),
    )
    return await ask(view, form, act)


async def end_rule(view: View, issuer_id: str, rows: Sequence[Mapping[str, Any]], id_: str) -> bool:
    """Ask from when on a rule counts no longer; one that has not begun is withdrawn."""
    words, desk = view.words, view.desk
    row = next((one for one in rows if str(one["id"]) == id_), None)
    if row is None or not view.may(Scope.ISSUERS_WRITE):
        return False
    coming = row["standing"] == "coming"

    async def act(answers: Answers) -> None:
        chosen = None if coming else moment(answers["until"], desk.zone)
        until = _exact(view, chosen) if chosen else desk.clock.now()
        await views.end_policy(desk, view.visitor, issuer_id, UUID(id_), until, answers["reason"])

    kind = PolicyKind(row["kind"])
    about = " · ".join(
        one
        for one in (words(RULES[kind][0]), value(view, kind, row["number"]), _span(view, row))
        if one
    )
    fields = (
        ()
        if coming
        else (
            FormField("until", words("Valid until"), "when", written(desk.clock.now(), desk.zone)),
        )
    )
    title = words("Withdraw before it begins") if coming else words("End the rule")
    return await ask(view, Form(title, fields, about), act)


def _value_fields(view: View, unit: str) -> tuple[FormField, ...]:
    words = view.words
    match unit:
        case "yes":
            choices = {"1": words("yes"), "0": words("no")}
            return (FormField("value", words("Value"), "choice", "0", choices, needed=True),)
        case "amount":
            return (FormField("value", words("Amount"), hint="CNY", needed=True),)
        case "span":
            units = {name: words(text) for name, (text, _) in UNITS.items()}
            return (
                FormField("value", words("How long"), "number", None, needed=True),
                FormField("unit", words("Unit"), "choice", "min", units),
            )
    return (FormField("value", words("How many"), "number", None, needed=True),)


def _number(unit: str, answers: Answers) -> int:
    if unit == "amount":
        return minor(answers["value"])
    number = int(answers["value"])
    return number * UNITS[answers["unit"]][1] if unit == "span" else number


def _time_fields(
    view: View, *, needs_end: bool, length: timedelta | None = None
) -> tuple[FormField, FormField]:
    words, desk = view.words, view.desk
    end = written(desk.clock.now() + length, desk.zone) if length else ""
    zone = str(desk.zone)
    until = FormField(
        "until",
        words("Until"),
        "when",
        end,
        needed=needs_end,
        hint=zone if needs_end else words("empty: without end"),
    )
    from_ = written(desk.clock.now(), desk.zone)
    return (FormField("from", words("From"), "when", from_, hint=zone, needed=True), until)


def _note(view: View) -> FormField:
    return FormField("note", view.words("Note"), hint=view.words("source document, or who said so"))


def _from(view: View, answers: Answers) -> datetime:
    at = moment(answers["from"], view.desk.zone)
    if at is None:
        raise NotValid("the time is not readable")
    return _exact(view, at)


def _exact(view: View, at: datetime) -> datetime:
    """Give this very moment for this minute: what began within it ends now, not before it began."""
    now = view.desk.clock.now()
    return now if at <= now < at + timedelta(minutes=1) else at


def _until(view: View, answers: Answers) -> datetime | None:
    at = moment(answers["until"], view.desk.zone)
    if at is None and answers["until"]:
        raise NotValid("the time is not readable")
    return at
