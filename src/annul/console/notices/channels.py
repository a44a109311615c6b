"""Channels: how each does, and setting them up. An address is typed in and never shown again."""

from collections.abc import Mapping
from datetime import time
from typing import Any
from uuid import UUID

from nicegui import ui

from annul.console.frame.forms import Answers, Form, FormField, act_button, ask, said
from annul.console.frame.live import View
from annul.console.frame.markup import Html, badge, card, join, table, tag
from annul.desk import notices as desk
from annul.desk.permission import NotValid
from annul.desk.roles import Scope
from annul.domain.errors import AnnulError
from annul.domain.heads import HeadScope
from annul.domain.incident import Severity
from annul.domain.notice_pace import PER_MINUTE
from annul.domain.notices import CHANNEL_KINDS, ChannelKind
from annul.operate.notices.sending import Phase

_LANGUAGES = {"zh": "中文", "en": "English"}


async def channels_card(view: View) -> Html:
    """Show the channels in use."""
    words = view.words
    rows = [
        (
            join((tag("b", row["name"]), tag("small", _kind(view, row), cls="under"))),
            _told_of(view, row),
            _when(view, row),
            _state(view, row),
            row["owed"],
            _buttons(view, row),
        )
        for row in await desk.channels(view.desk, view.visitor)
    ]
    heads = ("Channel", "Is told of", "When", "State", "Not told yet", "Change")
    add = act_button(words("Add a channel"), "add-channel", cls="primary")
    empty = words("No channel yet: nobody is told of incidents.")
    note = words(
        "A channel takes so many messages in any minute; what is more comes in one message. What is"
        " critical comes in quiet hours too."
    )
    return card(
        words("Channels"),
        table([words(one) for one in heads], rows, cls="acts-last right-5 channels", empty=empty),
        tag("p", note, cls="muted note"),
        aside=add if view.may(Scope.NOTICES_WRITE) else None,
    )


def _kind(view: View, row: Mapping[str, Any]) -> str:
    title = view.words.of(CHANNEL_KINDS[ChannelKind(row["kind"])].title)
    return f"{title}, {_languages(view)[row['language']]}"


def _languages(view: View) -> dict[str, str]:
    usual = _LANGUAGES[view.desk.notices_language]
    return {"": view.words("as the installation ({language})", language=usual), **_LANGUAGES}


def _told_of(view: View, row: Mapping[str, Any]) -> Html:
    words = view.words
    scopes = ", ".join(words.of(HeadScope(one).text) for one in row["scopes"])
    severity = words("{severity} and above", severity=words.of(Severity(row["severity"]).text))
    return join((severity, tag("small", scopes or words("everything"), cls="under")))


def _when(view: View, row: Mapping[str, Any]) -> Html:
    words = view.words
    begins, ends = row["quiet_from"], row["quiet_to"]
    by = words("on duty only") if row["by_rota"] else words("always")
    quiet = words("quiet {begins}-{ends}", begins=f"{begins:%H:%M}", ends=f"{ends:%H:%M}")
    rate = words("{n} a minute", n=row["per_minute"])
    under = rate if begins == ends else f"{quiet}, {rate}"
    return join((by, tag("small", under, cls="under")))


def _state(view: View, row: Mapping[str, Any]) -> Html:
    words = view.words
    if row["error"]:
        mark = badge(words("{n} failures in a row", n=row["failures"]), "bad")
        return join((mark, tag("small", row["error"], cls="under")))
    if row["told_at"]:
        return badge(words("told {when}", when=view.dated(row["told_at"])), "good")
    return badge(words("nothing sent yet"), "info")


def _buttons(view: View, row: Mapping[str, Any]) -> Html | str:
    if not view.may(Scope.NOTICES_WRITE):
        return "–"
    words, identity = view.words, str(row["id"])
    return join(
        (
            act_button(words("Test message"), "test-channel", id=identity),
            " ",
            act_button(words("Change"), "change-channel", id=identity),
            " ",
            act_button(words("Switch off"), "stop-channel", id=identity, name=row["name"]),
        )
    )


# Acts -------------------------------------------------------------------------------------------


async def add_channel(view: View) -> bool:
    """Ask for a channel and add it; says whether it was done."""
    if not view.may(Scope.NOTICES_WRITE):
        return False

    async def act(answers: Answers) -> None:
        await desk.add_channel(view.desk, view.visitor, _read(answers), answers["reason"])

    form = Form(
        view.words("Add a channel"),
        (FormField("name", view.words("Name"), needed=True), *_fields(view, {})),
        about=view.words("Send a test message afterwards."),
    )
    return await ask(view, form, act)


async def change_channel(view: View, identity: str) -> bool:
    """Ask what is to be otherwise with a channel, and change it."""
    if not view.may(Scope.NOTICES_WRITE):
        return False
    rows = await desk.channels(view.desk, view.visitor)
    row = next((one for one in rows if str(one["id"]) == identity), None)
    if row is None:
        return True

    async def act(answers: Answers) -> None:
        new = _read({**answers, "name": row["name"]})
        await desk.change_channel(view.desk, view.visitor, UUID(identity), new, answers["reason"])

    title = view.words("Change {name}", name=row["name"])
    return await ask(view, Form(title, _fields(view, row)), act)


async def stop_channel(view: View, identity: str, name: str) -> bool:
    """Ask why a channel is used no more, and switch it off."""
    words = view.words
    if not view.may(Scope.NOTICES_WRITE):
        return False

    async def act(answers: Answers) -> None:
        await desk.stop_channel(view.desk, view.visitor, UUID(identity), answers["reason"])

    warn = words(
        "What it is owed is not told. Its lines of the rota have no effect any more, and reports"
        " that it carries are mailed no more."
    )
    return await ask(view, Form(words("Switch {name} off", name=name), warn=warn), act)


async def try_channel(view: View, identity: str) -> bool:
    """Send a test message, and say what came of it."""
    words = view.words
    if not view.may(Scope.NOTICES_WRITE):
        return False
    try:
        outcome = await desk.try_channel(view.desk, view.visitor, UUID(identity))
    except AnnulError as error:
        ui.notify(said(view, error), type="negative")
        return False
    if outcome.phase is Phase.TOLD:
        ui.notify(words("The test message was taken."), type="positive")
    else:
        ui.notify(words("Not taken: {error}", error=outcome.error), type="negative")
    return True


def _fields(view: View, row: Mapping[str, Any]) -> tuple[FormField, ...]:
    words = view.words
    examples = "; ".join(
        f"{words.of(one.title)}: {one.example}" for one in list(CHANNEL_KINDS.values())[:4]
    )
    kept = words("Empty: as it is. It is never shown.") if row else examples
    begins, ends = row.get("quiet_from", time()), row.get("quiet_to", time())
    return (
        FormField("address", words("Address"), hint=kept, needed=not row),
        FormField(
            "severity",
            words("Told from"),
            "choice",
            row.get("severity", Severity.WARNING.value),
            {one.value: words.of(one.text) for one in Severity},
            needed=True,
        ),
        FormField(
            "scopes",
            words("Told of (none: everything)"),
            "several",
            row.get("scopes", ()),
            {one.value: words.of(one.text) for one in HeadScope},
        ),
        FormField(
            "language",
            words("Language"),
            "choice",
            row.get("language", ""),
            _languages(view),
        ),
        FormField(
            "per_minute", words("Messages a minute"), "number", row.get("per_minute", PER_MINUTE)
        ),
        FormField(
            "quiet", words("Quiet hours"), value=f"{begins:%H:%M}-{ends:%H:%M}",
            hint=words("As 22:00-07:00; the same twice: none."),
        ),
        FormField("by_rota", words("Only while on duty"), "switch", row.get("by_rota", False)),
    )  # fmt: skip


def _read(answers: Answers) -> desk.NewChannel:
    begins, ends = hours(answers["quiet"])
    return desk.NewChannel(
        str(answers["name"]).strip(),
        str(answers["address"] or "").strip(),
        str(answers["language"] or ""),
        int(answers["per_minute"] or 0),
        Severity(answers["severity"]),
        tuple(sorted(answers["scopes"])),
        begins,
        ends,
        bool(answers["by_rota"]),
    )


def hours(text: object) -> tuple[time, time]:
    """Read two times of a day, such as 22:00-07:00; raises `NotValid`."""
    begins, _, ends = str(text or "00:00-00:00").replace("：", ":").partition("-")
    try:
        return time.fromisoformat(begins.strip()), time.fromisoformat(ends.strip())
    except ValueError:
        raise NotValid("give hours as 22:00-07:00") from None
