"""Reports by mail, as somebody asks for them: which, where to, and how the latest went."""

from collections.abc import Mapping
from typing import Final

from annul.console.frame.forms import Answers, Form, FormField, act_button, ask
from annul.console.frame.live import View
from annul.console.frame.markup import Html, badge, card, join, table, tag
from annul.desk import report_mails as desk
from annul.desk.report_mails import MailedReports
from annul.operate.reports.period import Length

_LENGTHS: Final[Mapping[Length, str]] = {
    Length.DAY: "Daily report",
    Length.WEEK: "Weekly report",
}
# How the latest one went, and how that looks.
_STATES: Final[Mapping[str, tuple[str, str]]] = {
    "": ("nothing due yet", "info"),
    "owed": ("being sent", "info"),
    "told": ("mailed", "good"),
    "dropped": ("not sent", "warn"),
}


async def reports_card(view: View) -> Html:
    """Show what somebody asked for."""
    words = view.words
    rows = [
        (words(_LENGTHS[one.length]), one.mail, one.latest or "–", _state(view, one))
        for one in await desk.own(view.desk, view.visitor)
    ]
    heads = [words(one) for one in ("Report", "Mail", "Latest", "State")]
    empty = words("No report is mailed to you.")
    note = words(
        "With PDF and workbook, in your language, once the day or the week (Monday to Sunday) is"
        " over."
    )
    return card(
        words("Reports by mail"),
        table(heads, rows, empty=empty),
        tag("p", note, cls="muted note"),
        aside=act_button(words("Change"), "change-reports"),
    )


def _state(view: View, one: MailedReports) -> Html:
    said, look = _STATES[one.state]
    mark = badge(view.words(said), "bad" if one.error else look)
    return join((mark, tag("small", one.error, cls="under"))) if one.error else mark


async def change_reports(view: View) -> bool:
    """Ask which reports are to come, and where to; says whether it was done."""
    words = view.words
    had = await desk.own(view.desk, view.visitor)
    lengths = {one.length for one in had}

    async def act(answers: Answers) -> None:
        chosen = frozenset(length for length in Length if answers[length.value])
        await desk.subscribe(
            view.desk, view.visitor, chosen, str(answers["mail"] or ""), answers["reason"]
        )

    hint = words("Empty: as it is.") if had else words("One address, such as name@example.com.")
    form = Form(
        words("Reports by mail"),
        (
            *(
                FormField(length.value, words(said), "switch", length in lengths)
                for length, said in _LENGTHS.items()
            ),
            FormField("mail", words("Mail"), hint=hint),
        ),
    )
    return await ask(view, form, act)
