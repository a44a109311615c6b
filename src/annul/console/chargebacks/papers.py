"""Giving a document as evidence: what it shows, the file, and what is wrong with it."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from nicegui import events, ui

from annul.api.gate import CSRF_HEADER
from annul.console.frame.forms import said
from annul.console.frame.live import View, html
from annul.console.frame.markup import tag
from annul.desk import chargeback_acts as acting
from annul.domain.chargebacks import ADDED, EVIDENCE, EvidenceKind
from annul.domain.errors import AnnulError
from annul.settle.chargebacks.evidence import LARGEST


def attach(view: View, chargeback: UUID, refresh: Callable[[], Awaitable[None]]) -> None:
    """Draw the choice of what a document shows, and the button that sends it."""
    words = view.words
    kinds = {one.value: words.of(text) for one, text in EVIDENCE.items() if one not in ADDED}
    hint = words("PDF, PNG, JPEG or plain text, at most 5 MB. It is kept encrypted.")
    html(tag("p", hint, cls="muted"))
    wrong = html().props('role="alert"')

    async def sent(event: events.UploadEventArguments) -> None:
        wrong.set_content("")
        content = await event.file.read()
        sender.reset()  # so that another one may be chosen
        shown = EvidenceKind(str(kind.value or EvidenceKind.OTHER))
        try:
            await acting.add_evidence(
                view.desk, view.visitor, chargeback, shown, event.file.name, content
            )
        except AnnulError as error:
            wrong.set_content(tag("p", said(view, error), cls="said"))
            return
        ui.notify(words("It is kept."), type="positive")
        await refresh()

    def refused() -> None:
        wrong.set_content(tag("p", words("The document is larger than 5 MB."), cls="said"))

    sender = ui.upload(max_file_size=LARGEST, auto_upload=True, on_upload=sent, on_rejected=refused)
    sender.style("display: none")
    # The gate lets nothing change that does not come from a page of ours.
    sender.props["headers"] = [{"name": CSRF_HEADER, "value": view.visitor.csrf}]
    with ui.element("div").classes("row-of-buttons").style("align-items: center"):
        kind = ui.select(kinds, label=words("What it shows"), value=EvidenceKind.SLIP.value)
        kind.props("outlined dense stack-label")
        button = ui.button(words("Choose the document")).props("outline no-caps")
        button.on("click", js_handler=f"() => runMethod({sender.id}, 'pickFiles', [])")
