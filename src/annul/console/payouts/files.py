"""Files to the bank and of the bank: what is in them, taking one, and giving one to be read."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from nicegui import events, ui

from annul.api.gate import CSRF_HEADER
from annul.console.frame.forms import Answers, Form, act_button, ask, said, titled
from annul.console.frame.live import View, html
from annul.console.frame.markup import Html, badge, card, join, number, table, tag
from annul.desk import payouts as views
from annul.desk.roles import Scope
from annul.domain.errors import AnnulError

Row = Mapping[str, Any]

# The page's events of the buttons.
TAKE, READ, CONFIRM = "take-file", "read-file", "confirm-file"
_SHOWN: Final = 10
_REASON: Final = "outlined dense rows=2 autogrow"
# What became of lines: what is said of them, and its tone.
OUTCOMES: Final[Mapping[str, tuple[str, str]]] = {
    "done": ("taken", "good"),
    "repeated": ("said before", ""),
    "foreign": ("not of payouts", ""),
    "elsewhere": ("of another cell", ""),
    "left": ("not read yet", "info"),
    "unknown": ("of no payout that is known", "bad"),
    "differs": ("with another amount", "bad"),
    "contradicts": ("contrary to before", "bad"),
    "twice": ("booked twice", "bad"),
}


async def to_bank(view: View) -> Html:
    """List the latest files for the bank."""
    words = view.words
    found = await views.sent_files(view.desk, view.visitor, _SHOWN)
    rows = [
        (
            tag("span", row["name"], cls="mono"),
            number(row["payouts"]),
            number(view.amount(row["total"], row["currency"])),
            view.at(row["made_at"]),
            _delivered(view, row),
            _take_button(view, row),
        )
        for row in found.rows
    ]
    heads = ("File", "Payouts", "Total", "Made", "Handed over", "")
    shown = table(
        [words(head) if head else "" for head in heads],
        rows,
        cls="acts-last files",
        empty=words("No file has been made yet."),
    )
    return card(words("Files to the bank"), shown)


def _delivered(view: View, row: Row) -> Html | str:
    words = view.words
    if row["delivered_at"] is not None:
        by = tag("small", row["released_by"], cls="under")
        return join((view.at(row["delivered_at"]), by))
    if row["released_at"] is not None:
        by = tag("small", row["released_by"], cls="under")
        return join((badge(words("on its way"), "info"), by))
    return badge(words("waits to be taken"), "warn")


def _take_button(view: View, row: Row) -> Html | str:
    mine = row["released_at"] is None or row["released_by"] == view.visitor.name
    if not mine or not view.may(Scope.PAYOUTS_WRITE):
        return ""
    return act_button(view.words("Take it"), TAKE, id=str(row["id"]), name=row["name"])


async def take(view: View, told: Mapping[str, Any]) -> bool:
    """Ask for the reason, and let the browser have the file; says if it was done."""
    words = view.words
    taken: list[tuple[str, bytes]] = []

    async def act(answers: Answers) -> None:
        identity = UUID(str(told["id"]))
        taken.append(
            await views.take_file(view.desk, view.visitor, identity, str(answers["reason"]))
        )

    form = Form(
        words("Take file {name}", name=str(told["name"])[:100]),
        about=words("You bring it to the bank. From now on nobody else can take it."),
        warn=words("It has the account numbers of merchants in clear."),
        go=words("Take it"),
    )
    done = await ask(view, form, act)
    for name, content in taken:
        ui.download.content(content, name)
    return done


# Of the bank ------------------------------------------------------------------------------------


async def from_bank(view: View) -> Html:
    """List the latest files of the bank, each with what became of its lines."""
    words = view.words
    found = await views.read_files(view.desk, view.visitor, _SHOWN)
    rows = [
        (
            join(
                (
                    tag("span", row["name"], cls="mono"),
                    tag("small", row["format"], cls="under"),
                )
            ),
            number(row["rows"]),
            join((outcomes(view, row["outcomes"]), _confirm_button(view, row))),
            join((view.at(row["read_at"]), tag("small", row["read_by"], cls="under"))),
        )
        for row in found.rows
    ]
    shown = table(
        [words(head) for head in ("File", "Lines", "What became of them", "Read")],
        rows,
        cls="files",
        empty=words("No file of the bank has been read yet."),
    )
    write = view.may(Scope.PAYOUTS_WRITE)
    aside = act_button(words("Read a file"), READ) if write else ""
    return card(words("Files of the bank"), shown, aside=aside)


def _confirm_button(view: View, row: Row) -> Html | str:
    if not row["waits"]:
        return ""
    said = badge(view.words("waits for a second person"), "warn")
    if row["read_by"] == view.visitor.name or not view.may(Scope.PAYOUTS_WRITE):
        return said
    what = view.words("Approve as second person")
    return join((said, act_button(what, CONFIRM, id=str(row["id"]), name=row["name"])))


async def confirm(view: View, told: Mapping[str, Any]) -> bool:
    """Ask for the reason, and let what came back be available again; says if it was done."""
    words = view.words

    async def act(answers: Answers) -> None:
        identity = UUID(str(told["id"]))
        await views.confirm_file(view.desk, view.visitor, identity, str(answers["reason"]))

    form = Form(
        words("Approve: {name}", name=str(told["name"])[:100]),
        about=words("Ask the bank first: what it paid all the same would be paid twice."),
        go=words("Approve as second person"),
    )
    return await ask(view, form, act)


def outcomes(view: View, counts: Mapping[str, int]) -> Html:
    """Say what became of lines, by outcome; what is wrong last, where it stands out."""
    words = view.words
    shown = [
        badge(f"{counts[name]:,} {words(text)}", tone)
        for name, (text, tone) in OUTCOMES.items()
        if counts.get(name)
    ]
    return tag("span", *shown, cls="outcomes") if shown else tag("span", words("no lines"))


async def read(view: View) -> bool:
    """Ask for a file of the bank and read it; says what became of its lines, and if it was read."""
    words = view.words
    with titled(words("Read a file of the bank")) as dialog:
        html(tag("p", words("camt.053, camt.054, pain.002, MT940 or CSV."), cls="muted"))
        chosen = _Chosen(view)
        reason = ui.textarea(f"{words('Reason')} *").props(_REASON).classes("wide")
        wrong = html().props('role="alert"')
        told = html().props('role="status"')

        async def go() -> None:
            if chosen.file is None or not str(reason.value or "").strip():
                wrong.set_content(tag("p", words("Choose a file and give a reason."), cls="said"))
                return
            buttons.set_visibility(False)
            told.set_content(tag("p", words("It is being read."), cls="warned"))
            try:
                content = await chosen.file.read()
                done = await views.read(
                    view.desk, view.visitor, content, chosen.file.name, str(reason.value)
                )
            except AnnulError as error:
                wrong.set_content(tag("p", said(view, error), cls="said"))
                told.set_content("")
                buttons.set_visibility(True)
                return
            wrong.set_content("")
            told.set_content(_told(view, done.lines, done.outcomes))
            close.set_visibility(True)
            dialog.props["data-read"] = True

        with ui.element("div").classes("row-of-buttons") as buttons:
            ui.button(words("Read it"), on_click=go).classes("primary").props("unelevated")
            ui.button(words("Cancel"), on_click=lambda: dialog.submit("")).props("flat")
        close = ui.button(words("Close"), on_click=lambda: dialog.submit("read")).props("outline")
        close.set_visibility(False)
    done = await dialog
    dialog.clear()
    dialog.delete()
    return bool(done) or "data-read" in dialog.props


def _told(view: View, lines: int, counts: Mapping[str, int]) -> Html:
    """Say what a file came to."""
    words = view.words
    said = tag("p", tag("b", words("{n} lines read.", n=f"{lines:,}")))
    return join((said, outcomes(view, counts)))


class _Chosen:
    """The file that somebody has chosen; none at first."""

    def __init__(self, view: View) -> None:
        self.file: Any = None
        self._view, words = view, view.words
        upload = ui.upload(
            max_files=1,
            auto_upload=True,
            max_file_size=views.LARGEST_FILE,
            on_upload=self._uploaded,
            on_rejected=self._rejected,
        ).style("display: none")
        # The gate lets nothing change that does not come from a page of ours.
        upload.props["headers"] = [{"name": CSRF_HEADER, "value": view.visitor.csrf}]
        with ui.element("div").classes("row-of-buttons").style("align-items: center"):
            button = ui.button(words("Choose the file")).props("outline no-caps")
            button.on("click", js_handler=f"() => runMethod({upload.id}, 'pickFiles', [])")
            self._shown = html(tag("span", words("No file is chosen."), cls="muted"))
        self._upload = upload

    def _rejected(self) -> None:
        said = self._view.words("A file has at most {n} MB.", n=views.LARGEST_FILE // 1_000_000)
        ui.notify(said, type="negative")

    def _uploaded(self, event: events.UploadEventArguments) -> None:
        if event.file.size() > views.LARGEST_FILE:
            self._rejected()
            return
        self.file = event.file
        bytes_ = self._view.words("{n} bytes", n=f"{event.file.size():,}")
        named = (tag("b", event.file.name), " ", tag("span", bytes_, cls="muted"))
        self._shown.set_content(join(named))
        self._upload.reset()  # so that another one may be chosen instead
