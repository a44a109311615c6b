"""A terminal in the browser: device, slip, the issuer's troubles beside it, its cases beneath."""

from typing import Any, Final
from uuid import UUID

from nicegui import background_tasks, events, ui

from annul.console.cases.helped import listen, question
from annul.console.downtimes import card_trouble
from annul.console.frame.live import Part, View, html, live
from annul.console.frame.markup import Html, badge, card, link, table, tag
from annul.console.shared import GOES_ON, case_due, case_state, cause_name, step_said
from annul.desk import advice
from annul.desk import pos as views
from annul.desk.feed import Change
from annul.desk.roles import Scope
from annul.desk.till import at_till
from annul.domain.errors import AnnulError
from annul.sim.terminal.profile import Profile

from . import drawing, telling
from .cards import cards
from .device import Device
from .issuer_panel import IssuerPanel, Maintenance
from .tills import Till, TillResult, Tills, profiles
from .values import Idle, Result, Wish

STYLE: Final = '<link rel="stylesheet" href="/assets/pos.css">'


async def pos(view: View, tills: Tills, maintenance: Maintenance) -> None:
    """Show one terminal; live."""
    ui.add_head_html(STYLE)
    words, desk = view.words, view.desk
    folder = desk.data / "pos"
    mine = {
        name: profile
        for name, profile in profiles(folder).items()
        if view.visitor.sees(profile.merchant)
    }
    if not mine:
        html(_none(view))
        return
    wanted = view.query.get("terminal", "")
    name = wanted if wanted in mine else next(iter(mine))
    named = await views.merchants(desk.pool, (one.merchant for one in mine.values()))
    titles = {key: words.name(row) for key, row in named.items()}
    html(_head(view, mine, name, titles))
    trouble = Part(lambda: card_trouble(view), "card-troubles")
    ui.add_body_html(drawing.SCRIPT)
    opened = tills.open(folder / f"{name}.db", mine[name], desk.terminals, _now(view))
    troubles = desk.controls and view.may(Scope.CASES_ACT)
    with ui.element("div").classes("pos-bench" if troubles else "pos-bench alone"):
        counter = TillPage(view, opened, titles.get(mine[name].merchant, ""))
        panel = IssuerPanel(view, maintenance) if troubles else None
        cases = Part(lambda: _cases(view, mine[name]), "pos-desk")

    async def refresh() -> None:
        counter.draw()
        await trouble.refresh()
        await cases.refresh()
        if panel is not None:
            await panel.refresh()

    def concerns(changes: list[Change]) -> bool:
        return any(change["merchant_id"] == mine[name].merchant for change in changes)

    await refresh()
    listen(view, refresh)
    live(view, refresh, concerns, every_s=1.0, at_least_s=4.0)


def _now(view: View) -> Any:
    desk = view.desk
    return lambda: desk.clock.now().astimezone(desk.zone)


class TillPage:
    """Device and paper in one browser, over a till that others may use too."""

    def __init__(self, view: View, opened: Till, merchant: str) -> None:
        self._view = view
        self._till = opened
        self._merchant = merchant
        own = cards(opened.profile.card, demo=bool(view.desk.controls))
        self._device = Device(own, opened.find, opened.last)
        self._client = ui.context.client
        with (
            ui.element("section")
            .classes("pos-device")
            .props(f'aria-label="{view.words("Terminal")}"')
        ):
            html(drawing.lamps())
            self._screen = html()
            html(drawing.keys(view.words))
        with ui.element("section").classes("pos-printer"):
            self._paper = html(self._drawn(None))
        ui.on("pos_key", self._pressed)
        self.draw()

    def draw(self) -> None:
        """Show the screen as it is now."""
        profile, journal = self._till.profile, self._till.journal
        idle = Idle(
            self._merchant,
            profile.terminal,
            journal.batch,
            bool(journal.keys),
            len(journal.owed()),
        )
        shown = drawing.screen(
            self._device.screen(idle, self._view.words), profile.terminal, self._view.desk.zone.key
        )
        if shown != self._screen.content:
            self._screen.set_content(shown)

    async def _pressed(self, event: events.GenericEventArguments) -> None:
        if not self._view.may(Scope.POS):
            return
        wish = self._device.press(str(event.args["key"]))
        self.draw()
        if wish is not None:
            # A browser that goes away must not stop it in the middle.
            background_tasks.create(self._carry_out(wish), name="pos")

    async def _carry_out(self, wish: Wish) -> None:
        words, profile = self._view.words, self._till.profile
        result = Result("bad", words("Not possible"), words("The terminal could not do it."))
        slip = None
        try:
            done = await self._allowed(wish) or await self._till.carry_out(wish)
            result = telling.result(done, profile, words)
            slip = telling.slip(done, profile, words)
        finally:
            self._device.show(result)
            if not self._client.is_deleted:
                self.draw()
                if slip is not None:
                    self._paper.set_content(self._drawn(slip))
                    self._client.run_javascript(drawing.IN_SIGHT)

    async def _allowed(self, wish: Wish) -> TillResult | None:
        """Keep who does what here; gives the result when it is not for this terminal to do."""
        if not wish.kind:
            return None
        profile = self._till.profile
        at = (profile.merchant, profile.terminal, self._till.batch_of(wish.voucher), wish.voucher)
        try:
            await at_till(self._view.desk, self._view.visitor, at, wish.kind, wish.amount)
        except AnnulError as error:
            return TillResult(wish, error=error)
        return None

    def _drawn(self, slip: telling.Slip | None) -> Html:
        base = str(self._view.request.base_url).rstrip("/")
        return drawing.paper(slip, self._merchant, base, self._view.words)


# Around the device ------------------------------------------------------------------------------


def _head(view: View, mine: dict[str, Profile], name: str, titles: dict[str, str]) -> Html:
    words = view.words
    options = [
        tag(
            "option",
            f"{profile.terminal} · {titles.get(profile.merchant, profile.merchant)}",
            value=key,
            selected=key == name,
        )
        for key, profile in mine.items()
    ]
    choose = tag(
        "select",
        *options,
        id="terminal",
        name="terminal",
        onchange="this.form.submit()",
        aria_label=words("Terminal"),
    )
    about = words(
        "A terminal as it stands in a shop: keys, screen, slip, and a real line to this host."
    )
    title = tag("div", tag("h1", words("POS")), tag("p", about, cls="muted"))
    label = tag("label", words("Terminal"), choose)
    form = tag("form", label, cls="filters", method="get", action="/pos")
    return tag("div", title, tag("span", cls="grow"), form, cls="head pos-top")


def _none(view: View) -> Html:
    words = view.words
    return tag(
        "div",
        tag("h1", words("POS")),
        tag("p", words("No terminal is available here."), cls="lead"),
        tag(
            "p",
            words(
                "annul up --demo puts shops, terminals and issuers in. For a terminal of "
                "your own write its profile into the folder pos of the data folder."
            ),
        ),
        tag("p", tag("code", str(view.desk.data / "pos" / "10000001.json"), cls="mono"))
        if view.may(Scope.ADMIN)
        else None,
        cls="card",
        id="no-terminal",
    )


async def _cases(view: View, profile: Profile) -> Html:
    words, desk = view.words, view.desk
    rows = await views.cases(desk.pool, profile.merchant, profile.terminal, desk.clock.now())
    said = await advice.own(desk, view.visitor, [row["id"] for row in rows])
    heads = [
        *map(words, ("Case", "State", "Voucher", "Amount", "Most probable cause", "Next step")),
        *map(words, ("Due", "Did the advice help?")),
    ]
    shown = table(
        heads,
        [(*_case(view, row), _helped(view, row["id"], said.get(row["id"]))) for row in rows],
        empty=words("No void of this terminal has become a case."),
    )
    more = link(words("All cases"), "/cases") if view.may(Scope.CASES_READ) else ""
    return tag("div", card(words("On the desk"), shown, aside=more), id="on-the-desk")


def _helped(view: View, case: UUID, answer: advice.Answer | None) -> object:
    if not advice.may_answer(view.visitor):
        return "–"
    return question(view, case, answer, short=True)


def _case(view: View, row: dict[str, Any]) -> tuple[object, ...]:
    words = view.words
    number = row["number"]
    there = f"/cases/{number}" if view.may(Scope.CASES_READ) else f"/shop?code={number}"
    name = row["confirmed"] or row["cause"]
    sure = badge(words("confirmed"), "good") if row["confirmed"] else f"{row['probability']:.0%}"
    step = "–"
    if not row["ended"]:
        at = view.when(row["next_action_at"], seconds=True)[6:]
        step = tag("span", step_said(view, row["step"]), tag("small", at, cls="pos-at"))
    return (
        link(number, there, cls="mono"),
        tag(
            "span",
            case_state(
                view,
                row["ended"],
                row["kind"],
                row["step"],
                asked=bool(row["task"] or row["proposed"]),
            ),
        ),
        tag("span", row["voucher"] or "–", cls="mono"),
        tag("span", view.amount(row["amount"], row["currency"]), cls="num"),
        tag("span", cause_name(view, name, row["kind"]), " ", tag("small", sure, cls="muted"))
        if name
        else "–",
        step,
        case_due(view, row["due_at"], row["first_due_at"]) if row["ended"] in GOES_ON else "",
    )
