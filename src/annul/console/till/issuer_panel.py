"""The panel beside the terminal: what is wrong with a demo issuer, chosen from a table."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from nicegui import background_tasks, events, ui

from annul.console.frame.live import Part, View
from annul.console.frame.markup import Html, badge, card, tag
from annul.desk import pos as views
from annul.desk.roles import Scope
from annul.domain.errors import AnnulError

from .control import Control, ControlSilent
from .troubles import GROUPS, TIMES, TROUBLES, in_force

_LASTS_S: Final = (30, 60, 120, 300)


class Maintenance:
    """Announced maintenance that ends by itself, by the address of the issuer's control."""

    def __init__(self) -> None:
        self._ends: dict[str, asyncio.Task[None]] = {}

    def end_later(self, address: str, after_s: float) -> None:
        """Make all well again after so many seconds."""

        async def end() -> None:
            await asyncio.sleep(after_s)
            await Control(address).clear()

        self._ends[address] = background_tasks.create(end(), name="maintenance ends")

    def drop(self, address: str) -> None:
        """Let what was to end be: something else takes its place."""
        ending = self._ends.pop(address, None)
        if ending is not None:
            ending.cancel()

    def close(self) -> None:
        """Drop all."""
        for address in list(self._ends):
            self.drop(address)


class IssuerPanel:
    """The panel in one browser: which issuer, how often, how long."""

    def __init__(self, view: View, maintenance: Maintenance) -> None:
        self._view = view
        self._maintenance = maintenance
        self._issuer = next(iter(view.desk.controls))
        self._times = TIMES[0]
        self._lasts_s = _LASTS_S[0]
        self._part = Part(self._build, "pos-issuer")
        ui.on("pos_trouble", self._chosen)
        ui.on("pos_choice", self._choice)

    async def refresh(self) -> None:
        """Show what is in force now."""
        await self._part.refresh()

    # What people choose ----------------------------------------------------------------------

    async def _choice(self, event: events.GenericEventArguments) -> None:
        name, value = str(event.args["name"]), str(event.args["value"])
        if name == "issuer" and value in self._view.desk.controls:
            self._issuer = value
        elif name == "times" and value in map(str, TIMES):
            self._times = int(value)
        elif name == "lasts" and value in map(str, _LASTS_S):
            self._lasts_s = int(value)
        await self.refresh()

    async def _chosen(self, event: events.GenericEventArguments) -> None:
        view = self._view
        key = str(event.args["key"])
        if not view.may(Scope.CASES_ACT) or (key and key not in TROUBLES):
            return
        try:
            await self._put(key)
        except AnnulError:
            ui.notify(
                view.words("The demo issuer did not answer. Its faults may be as before."),
                type="negative",
            )
        await self.refresh()

    async def _put(self, key: str) -> None:
        """Put a trouble in the place of what is in force; none makes all well again."""
        desk, issuer = self._view.desk, self._issuer
        address = desk.controls[issuer]
        control = Control(address)
        self._maintenance.drop(address)
        await views.withdraw(desk.pool, issuer, desk.clock.now())
        if not key:
            await control.clear()
            return
        trouble = TROUBLES[key]
        await control.set(trouble, self._times)
        if trouble.announced:
            now = desk.clock.now()
            until = now + timedelta(seconds=self._lasts_s)
            await views.announce(desk.pool, issuer, now, until, self._view.visitor.name)
            self._maintenance.end_later(address, self._lasts_s)

    # What is shown ----------------------------------------------------------------------------

    async def _build(self) -> Html:
        view = self._view
        words, desk = view.words, view.desk
        until = await views.announced(desk.pool, desk.clock.now())
        names = await views.issuers(desk.pool, desk.controls)
        now = {row["issuer_id"]: await self._now(row["issuer_id"], until) for row in names}
        chosen = [
            tag(
                "button",
                tag("b", words.name(row)),
                _state(view, now[row["issuer_id"]], until.get(row["issuer_id"])),
                type="button",
                cls="pos-bank",
                id=f"issuer-{row['issuer_id']}",
                aria_pressed=_yes(row["issuer_id"] == self._issuer),
                onclick=_emit("pos_choice", name="issuer", value=row["issuer_id"]),
            )
            for row in names
        ]
        mine = now[self._issuer]
        groups = [_group(view, group, mine) for group in GROUPS]
        well = tag(
            "button",
            words("Clear the fault"),
            type="button",
            id="fault-clear",
            cls="button primary wide",
            disabled=mine == "",
            onclick=_emit("pos_trouble", key=""),
        )
        return card(
            words("The issuer"),
            tag(
                "p",
                words("Choose what is wrong with it, then void a sale and watch the case."),
                cls="muted",
            ),
            tag("div", *chosen, cls="pos-banks"),
            well,
            self._settings(),
            tag("div", *groups, cls="pos-troubles", id="faults"),
            aside=_aside(view, mine),
        )

    async def _now(self, issuer: str, until: Mapping[str, datetime]) -> str | None:
        """Name what is in force; None when it can not be told."""
        try:
            state = await Control(self._view.desk.controls[issuer]).read()
        except ControlSilent:
            return None
        return in_force(state, announced=issuer in until)

    def _settings(self) -> Html:
        words = self._view.words
        times = {"0": words("always"), "1": words("once"), "3": words("three times")}
        lasts = {str(value): self._view.span(value) for value in _LASTS_S}
        return tag(
            "div",
            _select("times", words("How often"), times, str(self._times)),
            _select("lasts", words("Announced for"), lasts, str(self._lasts_s)),
            cls="pos-settings",
        )


def _group(view: View, group: str, now: str | None) -> Html:
    words = view.words
    rows = [
        tag(
            "button",
            tag("b", words(one.title)),
            tag("small", words(one.what)),
            type="button",
            id=f"fault-{one.key.replace('_', '-')}",
            cls="pos-trouble",
            aria_pressed=_yes(one.key == now),
            onclick=_emit("pos_trouble", key=one.key),
        )
        for one in TROUBLES.values()
        if one.group == group
    ]
    return tag("fieldset", tag("legend", words(group)), *rows, cls="three" if len(rows) > 5 else "")


def _aside(view: View, now: str | None) -> Html:
    shown = _named(view, now)
    return tag("span", badge(shown, "good" if now == "" else "warn"), id="fault-now")


def _state(view: View, now: str | None, until: datetime | None) -> Html:
    said = _named(view, now)
    if until is not None:
        ends = view.words("until {when}", when=view.when(until, seconds=True)[6:])
        said = f"{said}, {ends}"
    return tag("small", said, cls="good" if now == "" else "warn")


def _named(view: View, now: str | None) -> str:
    if now is None:
        return view.words("set elsewhere, or silent")
    return view.words(TROUBLES[now].title) if now else view.words("working normally")


def _select(name: str, label: str, choices: Mapping[str, str], chosen: str) -> Html:
    options = [
        tag("option", text, value=value, selected=value == chosen)
        for value, text in choices.items()
    ]
    script = f"emitEvent('pos_choice', {{name: '{name}', value: this.value}})"
    return tag("label", label, tag("select", *options, id=f"fault-{name}", onchange=script))


def _emit(event: str, **values: Any) -> str:
    shown = ", ".join(f"{name}: '{value}'" for name, value in values.items())
    return f"emitEvent('{event}', {{{shown}}})"


def _yes(value: bool) -> str:
    return "true" if value else "false"
