"""One dialect: every row, what differs from its base, its versions with who and why."""

from collections.abc import Mapping
from typing import Any

from nicegui import events, ui

from annul.console.frame.forms import Answers, Form, act_button, ask
from annul.console.frame.live import Part, View
from annul.console.frame.markup import Html, badge, card, join, link, number, table, tag
from annul.desk import dialects as views
from annul.desk.dialects import Shown
from annul.desk.roles import Scope
from annul.wire.specifications import described

_TONES = {0: "good", 1: "warn", 2: "bad"}  # of added, changed, absent
_DIFFERENCES = (described.NEW, described.CHANGED, described.GONE)


async def dialect(view: View) -> None:
    """Show one dialect."""
    name = view.params["dialect"]
    await views.find(view.desk, name)
    top = Part(lambda: _top(view, name))
    rows = Part(lambda: _rows(view, name))
    versions = Part(lambda: _versions(view, name))
    parts = (top, rows, versions)
    for part in parts:
        await part.refresh()
    place = ui.context.slot.parent

    async def restore(told: events.GenericEventArguments) -> None:
        with place:
            if await _restore(view, name, int(told.args["version"])):
                for part in parts:
                    await part.refresh()

    ui.on("restore-dialect", restore)


def _at(view: View) -> int:
    return described.ZH if view.words.language == "zh" else described.EN


async def _top(view: View, name: str) -> Html:
    words, found = view.words, await views.find(view.desk, name)
    broken = badge(words("not valid"), "bad") if found.fault else None
    head = tag("div", tag("h1", words("Dialect {name}", name=name)), broken, cls="head")
    if found.dialect is None:
        return join((head, tag("p", found.fault, cls="note")))
    said = [tag("li", one) for one in described.settings(found.dialect, found.base, _at(view))]
    back = link(words("All dialects"), "/dialects")
    return join((head, tag("ul", *said), tag("p", back)))


async def _rows(view: View, name: str) -> Html:
    words, found = view.words, await views.find(view.desk, name)
    if found.dialect is None:
        return Html("")
    names = ["Field", "Name", "Content", "Length", "Coding", "What fills it"]
    lines = []
    for line in described.lines(found.dialect, found.base, _at(view)):
        cells = (line.name, line.content, line.length, line.coding, line.fill)
        shown = (tag("b", line.number, cls="mono"), *cells)
        lines.append((*shown, _difference(view, line.difference)) if found.base else shown)
    if found.base is not None:
        names.append("Differs from its base")
    return card(words("Fields"), table([words(one) for one in names], lines))


def _difference(view: View, said: str) -> Html:
    tones = {words[_at(view)]: _TONES[place] for place, words in enumerate(_DIFFERENCES)}
    return badge(said, tones[said]) if said else Html("")


async def _versions(view: View, name: str) -> Html:
    words, found = view.words, await views.find(view.desk, name)
    write = view.may(Scope.ISSUERS_WRITE)
    rows = [_version(view, found, row, write=write) for row in found.versions]
    names = ["Version", "Time", "Set by", "Reason", *(["Change"] if write else [])]
    return card(
        words("Versions"),
        table([words(one) for one in names], rows, empty=words("Built in: it has no versions.")),
    )


def _version(
    view: View, found: Shown, row: Mapping[str, Any], *, write: bool
) -> tuple[object, ...]:
    words = view.words
    latest = row is found.versions[0]
    shown = (number(row["version"]), view.at(row["set_at"]), row["set_by"], row["note"])
    if not write:
        return shown
    if latest:
        return (*shown, badge(words("in force"), "good"))
    return (*shown, act_button(words("Restore"), "restore-dialect", version=str(row["version"])))


async def _restore(view: View, name: str, version: int) -> bool:
    words = view.words
    if not view.may(Scope.ISSUERS_WRITE):
        return False

    async def act(answers: Answers) -> None:
        await views.roll_back(view.desk, view.visitor, name, version, answers["reason"])

    form = Form(
        words("Restore version {n}", n=version),
        about=words("It becomes the newest version; running hosts take it up within seconds."),
    )
    return await ask(view, form, act)
