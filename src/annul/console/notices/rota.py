"""The rota as a week, its lines, and the steps of escalation."""

from collections.abc import Mapping
from datetime import date, time, timedelta
from typing import Any, Final
from uuid import UUID

from annul.console.frame.forms import Answers, Form, FormField, act_button, ask
from annul.console.frame.live import View
from annul.console.frame.markup import Html, card, join, table, tag
from annul.desk import notices as desk
from annul.desk.permission import NotValid
from annul.desk.roles import Scope
from annul.domain.incident import Severity
from annul.domain.rota import Days, Duty

from .channels import hours

WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


async def rota_card(view: View) -> Html:
    """Show this week, all lines, and the steps."""
    return join((await _week(view), await _lines(view), await _steps(view)))


async def _week(view: View) -> Html:
    words = view.words
    today = view.desk.clock.now().astimezone(view.desk.zone).date()
    first = today - timedelta(days=today.weekday())
    rows = [
        (
            join((words(WEEKDAYS[day.weekday()]), tag("small", day.isoformat(), cls="under"))),
            join([tag("div", _said(view, row)) for row in duties])
            if duties
            else tag("span", words("nobody: all who go by the rota are told"), cls="muted"),
        )
        for day, duties in await desk.week(view.desk, view.visitor, first)
    ]
    heads = [words("Day"), words("On duty")]
    return card(words("This week"), table(heads, rows))


def _said(view: View, row: Mapping[str, Any]) -> str:
    who = f"{row['person']} · {row['channel']}" if row["person"] else row["channel"]
    return f"{_hours(view, row)} {who}"


def _hours(view: View, row: Mapping[str, Any]) -> str:
    if row["from_at"] == row["to_at"] == time():
        return view.words("all day")
    return f"{row['from_at']:%H:%M}-{row['to_at']:%H:%M}"


async def _lines(view: View) -> Html:
    words = view.words
    may = view.may(Scope.NOTICES_WRITE)
    rows = [
        (
            row["person"] or "–",
            row["channel"],
            _hours(view, row),
            _days(view, row),
            act_button(words("Remove"), "end-duty", id=str(row["id"]), said=_said(view, row))
            if may
            else "–",
        )
        for row in await desk.rota(view.desk, view.visitor)
    ]
    heads = [words(one) for one in ("Person", "Channel", "Time", "On which days", "Change")]
    return card(
        words("Rota"),
        table(heads, rows, cls="acts-last", empty=words("No rota: channels are told always.")),
        aside=act_button(words("Add a duty"), "add-duty", cls="primary") if may else None,
    )


def _days(view: View, row: Mapping[str, Any]) -> str:
    words = view.words
    if row["only_on"]:
        return words("{day} alone, in place of the others", day=row["only_on"])
    parts = [words.of(Days(row["days"]).text)]
    parts += [words(WEEKDAYS[one - 1]) for one in row["weekdays"]]
    if row["since"]:
        parts.append(words("from {day}", day=row["since"]))
    if row["until"]:
        parts.append(words("until {day}", day=row["until"]))
    return ", ".join(parts)


async def _steps(view: View) -> Html:
    words = view.words
    may = view.may(Scope.NOTICES_WRITE)
    rows = [
        (
            row["step"],
            words("{n} minutes without acknowledgement", n=row["after_min"]),
            words("{severity} and above", severity=words.of(Severity(row["severity"]).text)),
            row["channel"] or words("all that are told then"),
            act_button(words("Remove"), "end-step", step=str(row["step"])) if may else "–",
        )
        for row in await desk.steps(view.desk, view.visitor)
    ]
    heads = [words(one) for one in ("Step", "After", "Incidents", "Is told", "Change")]
    return card(
        words("Escalation"),
        table(heads, rows, cls="acts-last", empty=words("No step: nobody else is told.")),
        aside=act_button(words("Set a step"), "set-step") if may else None,
    )


# Acts -------------------------------------------------------------------------------------------


async def add_duty(view: View) -> bool:
    """Ask for a line of the rota and add it; says whether it was done."""
    words = view.words
    if not view.may(Scope.NOTICES_WRITE):
        return False

    async def act(answers: Answers) -> None:
        begins, ends = hours(answers["hours"])
        duty = Duty(
            UUID(str(answers["channel"])),
            begins,
            ends,
            frozenset(int(one) for one in answers["weekdays"]),
            Days(answers["days"]),
            _day(answers["only_on"]),
            _day(answers["since"]),
            _day(answers["until"]),
            str(answers["person"] or "").strip(),
        )
        await desk.add_duty(view.desk, view.visitor, duty, answers["reason"])

    form = Form(
        words("Add a duty"),
        (
            FormField("person", words("Person")),
            FormField(
                "channel", words("Channel"), "choice", "", await _channels(view), needed=True
            ),
            FormField(
                "hours", words("Time"), value="08:00-20:00", needed=True,
                hint=words("The end is not later: it ends on the next day."),
            ),
            FormField(
                "days", words("Days"), "choice", Days.EVERY.value,
                {one.value: words.of(one.text) for one in Days}, needed=True,
            ),
            FormField(
                "weekdays", words("Weekdays (none: all)"), "several", (),
                {str(place): words(name) for place, name in enumerate(WEEKDAYS, 1)},
            ),
            FormField("since", words("From"), "date"),
            FormField("until", words("Until"), "date"),
            FormField(
                "only_on", words("One day alone"), "date",
                hint=words("Stands in place of all others that begin on that day."),
            ),
        ),
    )  # fmt: skip
    return await ask(view, form, act)


async def end_duty(view: View, identity: str, said: str) -> bool:
    """Ask why a line is taken out of the rota, and do so."""
    if not view.may(Scope.NOTICES_WRITE):
        return False

    async def act(answers: Answers) -> None:
        await desk.end_duty(view.desk, view.visitor, UUID(identity), answers["reason"])

    return await ask(view, Form(view.words("Remove {said}", said=said)), act)


async def set_step(view: View) -> bool:
    """Ask for a step of escalation and set it."""
    words = view.words
    if not view.may(Scope.NOTICES_WRITE):
        return False

    async def act(answers: Answers) -> None:
        chosen = str(answers["channel"] or "")
        await desk.set_step(
            view.desk,
            view.visitor,
            int(answers["step"] or 0),
            int(answers["after"] or 0),
            Severity(answers["severity"]),
            UUID(chosen) if chosen else None,
            answers["reason"],
        )

    rows = await desk.steps(view.desk, view.visitor)
    form = Form(
        words("Set a step"),
        (
            FormField("step", words("Step"), "number", len(rows) + 1, needed=True),
            FormField(
                "after", words("Minutes without acknowledgement"), "number", 15, needed=True
            ),
            FormField(
                "severity", words("Incidents from"), "choice", Severity.WARNING.value,
                {one.value: words.of(one.text) for one in Severity}, needed=True,
            ),
            FormField(
                "channel", words("Channel"), "choice", "", await _channels(view),
                hint=words("None: all that are told then."),
            ),
        ),
    )  # fmt: skip
    return await ask(view, form, act)


async def end_step(view: View, step: str) -> bool:
    """Ask why a step is removed, and do so."""
    if not view.may(Scope.NOTICES_WRITE):
        return False

    async def act(answers: Answers) -> None:
        await desk.end_step(view.desk, view.visitor, int(step), answers["reason"])

    return await ask(view, Form(view.words("Remove step {step}", step=step)), act)


async def _channels(view: View) -> dict[str, str]:
    rows = await desk.channels(view.desk, view.visitor)
    return {str(row["id"]): row["name"] for row in rows}


def _day(text: object) -> date | None:
    try:
        return date.fromisoformat(str(text)) if text else None
    except ValueError:
        raise NotValid("give a day as 2026-12-01") from None
