"""One case: how it stands and what to do, why, what happened, what to say, and all records."""

from typing import Any

from nicegui import ui

from annul.console.claims import claims
from annul.console.frame.live import Part, View, live
from annul.console.frame.markup import Html, tag
from annul.desk import cases as views
from annul.desk.feed import Change
from annul.desk.surroundings import Surroundings, around
from annul.resolve.case import Case

from .acts_bar import ActsBar
from .happened import happened
from .header import header, proposal
from .helped import listen
from .plain_words import transaction_of
from .records import records
from .scripts import scripts
from .why import causes


class _Shown:
    """What the page shows, read anew when the case changes."""

    def __init__(self, view: View, case: Case, whole: dict[str, Any], near: Surroundings) -> None:
        self.view = view
        self.case = case
        self.whole = whole
        self.near = near

    async def read(self) -> None:
        """Read it anew."""
        view = self.view
        self.case, self.whole = await views.whole(view.desk, view.visitor, view.params["number"])
        self.near = await _near(view, self.case, self.whole)

    async def top(self) -> Html:
        """Build the head."""
        return header(self.view, self.case, self.whole, self.near)

    async def asked(self) -> Html:
        """Build what waits for a second person."""
        return proposal(self.view, self.case, self.whole)

    async def rest(self) -> Html:
        """Build all below."""
        view, case, whole = self.view, self.case, self.whole
        told = await scripts(view, case, whole)
        claimed = await claims(view, case.merchant_id, (case.original_id, case.id))
        return tag(
            "div",
            tag("div", causes(view, whole, self.near), cls="half"),
            tag("div", told, happened(view, whole), cls="stack half"),
            claimed,
            records(view, whole),
            cls="grid",
        )


async def case(view: View) -> None:
    """Show one case; live."""
    number = view.params["number"]
    found, whole = await views.opened(view.desk, view.visitor, number)
    shown = _Shown(view, found, whole, await _near(view, found, whole))
    top = Part(shown.top)
    asked = Part(shown.asked)
    place = ui.element("div").classes("case-acts no-print")
    rest = Part(shown.rest)

    async def show() -> None:
        for part in (top, asked, rest):
            await part.refresh()
        bar.update(shown.case)

    async def refresh() -> None:
        await shown.read()
        await show()

    with place:
        bar = ActsBar(view, shown.case, refresh)
    await show()
    listen(view, refresh)

    def concerns(changes: list[Change]) -> bool:
        return any(change["id"] == str(shown.case.id) for change in changes)

    live(view, refresh, concerns, every_s=1.0)


async def _near(view: View, case: Case, whole: dict[str, Any]) -> Surroundings:
    asked = transaction_of(whole, case.id) or {}
    return await around(view.desk, view.visitor, case, str(asked.get("response_code") or ""))
