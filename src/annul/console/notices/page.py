"""The page of notices: one part of it, as the address says, and what its buttons do."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from nicegui import events, ui

from annul.console.frame.live import Part, View, html
from annul.console.frame.markup import Html, join, link, tag
from annul.desk.permission import NotAllowed

from .channels import add_channel, change_channel, channels_card, stop_channel, try_channel
from .rota import add_duty, end_duty, end_step, rota_card, set_step
from .sent import sent_card


async def notices(view: View) -> None:
    """Show one part of it."""
    if view.visitor.merchant_id:  # a key of one merchant, whatever else it may do
        html(tag("p", view.words(str(NotAllowed())), cls="said"))
        return
    chosen = view.query.get("part", "")
    chosen = chosen if chosen in _PARTS else "channels"
    top = Part(lambda: _top(view, chosen))
    await top.refresh()
    shown = Part(lambda: _PARTS[chosen][1](view), "stack")
    await shown.refresh()
    _listen(view, shown)


async def _top(view: View, chosen: str) -> Html:
    words = view.words
    tabs = [
        link(words(name), f"/notices?part={key}", aria_current="page" if key == chosen else False)
        for key, (name, _) in _PARTS.items()
    ]
    head = tag("div", tag("h1", words("Notices")), cls="head")
    return join((head, tag("nav", *tabs, cls="tabs", aria_label=words("Parts"))))


def _listen(view: View, shown: Part) -> None:
    place = ui.context.slot.parent

    def on(event: str, act: Callable[[Mapping[str, Any]], Awaitable[bool]]) -> None:
        async def heard(told: events.GenericEventArguments) -> None:
            with place:
                if await act(told.args):
                    await shown.refresh()

        ui.on(event, heard)

    on("add-channel", lambda _: add_channel(view))
    on("change-channel", lambda given: change_channel(view, str(given["id"])))
    on("stop-channel", lambda given: stop_channel(view, str(given["id"]), str(given["name"])))
    on("test-channel", lambda given: try_channel(view, str(given["id"])))
    on("add-duty", lambda _: add_duty(view))
    on("end-duty", lambda given: end_duty(view, str(given["id"]), str(given["said"])))
    on("set-step", lambda _: set_step(view))
    on("end-step", lambda given: end_step(view, str(given["step"])))


_PARTS: Final[Mapping[str, tuple[str, Callable[[View], Awaitable[Html]]]]] = {
    "channels": ("Channels", channels_card),
    "rota": ("Rota", rota_card),
    "sent": ("Messages", sent_card),
}
