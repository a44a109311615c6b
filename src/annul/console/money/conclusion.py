"""Concluding a transaction by hand from its page: proposed with evidence, confirmed by another."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

from nicegui import events, ui

from annul.api.gate import CSRF_HEADER
from annul.console.frame.forms import Answers, Form, ask, said
from annul.console.frame.live import View, html
from annul.console.frame.markup import Html, badge, facts, join, link, table, tag
from annul.desk import conclusions as views
from annul.domain.errors import AnnulError
from annul.domain.records import Transaction
from annul.domain.states import BY_HAND
from annul.resolve.conclusion import LARGEST_EVIDENCE, Conclusion, NotConcludable, StillWorkedOn
from annul.resolve.conclusion_words import follows

# What each state of a conclusion is called, and its colour.
CONCLUSIONS: Final[Mapping[str, tuple[str, str]]] = {
    "proposed": ("waits for confirmation", "warn"),
    "withdrawn": ("proposal withdrawn", ""),
    "confirmed": ("being carried out", "info"),
    "concluded": ("carried out", "good"),
    "overtaken": ("not carried out: the issuer answered first", "bad"),
}


async def concluding(view: View, named: str) -> None:
    """Draw what was concluded of a transaction, and what this reader may do about it now."""
    transaction, found = await views.of(view.desk, view.visitor, named)
    waits = next((one for one in found if one.open), None)
    earlier = [one for one in found if not one.open]
    if transaction.state not in BY_HAND and not found:
        return
    words = view.words
    place = ui.element("section").classes("card stack").props('id="concluding"')
    with place.style("margin-bottom: 16px; gap: 12px"):
        html(tag("header", tag("h2", words("Conclusion by hand"))))
        if waits is not None:
            _draw_waiting(view, transaction, waits)
        elif not earlier or earlier[0].state != "confirmed":
            await _draw_form(view, transaction)
        if earlier:
            html(_list(view, earlier))


# One that waits ---------------------------------------------------------------------------------


def _draw_waiting(view: View, transaction: Transaction, waits: Conclusion) -> None:
    words = view.words
    mine = waits.proposed_by == view.visitor.name
    html(
        join(
            (
                tag(
                    "p",
                    words(
                        "{who} has proposed: {verdict}. A second person has to confirm it.",
                        who=waits.proposed_by,
                        verdict=verdict_of(view, done=waits.done),
                    ),
                    cls="warned",
                ),
                facts(
                    (
                        (words("What follows"), _follows(view, transaction, done=waits.done)),
                        (words("Reason"), waits.reason),
                        (words("Evidence"), _evidence(view, waits)),
                        (words("Proposed"), view.when(waits.proposed_at, seconds=True)),
                    )
                ),
            )
        )
    )
    if not views.may_conclude(view.visitor):
        return
    with ui.element("div").classes("row-of-buttons no-print"):
        if not mine:
            ui.button(
                words("Confirm as second person"),
                on_click=lambda: _confirm(view, transaction, waits),
            ).classes("primary").props("unelevated no-caps")
        ui.button(
            words("Withdraw the proposal"), on_click=lambda: _withdraw(view, transaction, waits)
        ).props("flat no-caps")


async def _confirm(view: View, transaction: Transaction, waits: Conclusion) -> None:
    words = view.words

    async def act(answers: Answers) -> None:
        await views.confirm(
            view.desk, view.visitor, str(transaction.id), waits.id, answers["reason"]
        )

    form = Form(
        words("Confirm: {verdict}", verdict=verdict_of(view, done=waits.done)),
        about=view.amount(transaction.amount, transaction.currency),
        warn=_follows(view, transaction, done=waits.done),
        go=words("Confirm"),
    )
    if await ask(view, form, act):
        ui.navigate.reload()


async def _withdraw(view: View, transaction: Transaction, waits: Conclusion) -> None:
    async def act(answers: Answers) -> None:
        await views.withdraw(
            view.desk, view.visitor, str(transaction.id), waits.id, answers["reason"]
        )

    if await ask(view, Form(view.words("Withdraw the proposal")), act):
        ui.navigate.reload()


# Proposing one ----------------------------------------------------------------------------------


async def _draw_form(view: View, transaction: Transaction) -> None:
    words = view.words
    if not views.may_conclude(view.visitor):
        html(
            tag(
                "p",
                words(
                    "Two people at the acquirer conclude it, with the issuer's answer as evidence."
                ),
                cls="muted",
            )
        )
        return
    try:
        await views.concludable(view.desk, view.visitor, str(transaction.id))
    except StillWorkedOn:
        html(tag("p", words("annul is still working on it by itself."), cls="muted"))
        return
    except NotConcludable:
        return
    _draw_proposal(view, transaction)


def _draw_proposal(view: View, transaction: Transaction) -> None:
    words = view.words
    html(
        tag(
            "p",
            words(
                "Only the issuer can prove the outcome. Get its written answer, attach it, and "
                "state what became of this transaction there; once a second person confirms it, "
                "the money moves accordingly."
            ),
            cls="muted",
        )
    )
    verdict = ui.radio(
        {
            "done": words("It was done at the issuer"),
            "not_done": words("It was not done at the issuer"),
        }
    ).props('id="verdict"')
    meant = html(cls="meant")
    verdict.on_value_change(lambda: meant.set_content(_meant(view, transaction, verdict.value)))
    reason = ui.textarea(words("Reason")).props("outlined dense rows=2 autogrow").classes("wide")
    attached: dict[str, Any] = {}
    _draw_upload(view, attached)
    wrong = html().props('role="alert"')

    async def propose() -> None:
        missing = _missing(view, verdict.value, str(reason.value or ""), attached)
        if missing:
            wrong.set_content(tag("p", missing, cls="said"))
            return
        try:
            await views.propose(
                view.desk,
                view.visitor,
                str(transaction.id),
                done=verdict.value == "done",
                reason=str(reason.value),
                evidence=attached["content"],
                evidence_name=attached["name"],
            )
        except AnnulError as error:
            wrong.set_content(tag("p", said(view, error), cls="said"))
            return
        ui.navigate.reload()

    with ui.element("div").classes("row-of-buttons"):
        ui.button(words("Propose"), on_click=propose).classes("primary").props("unelevated no-caps")


def _draw_upload(view: View, attached: dict[str, Any]) -> None:
    """Take one file; what has come last stands in `attached`."""
    words = view.words

    async def uploaded(event: events.UploadEventArguments) -> None:
        if event.file.size() > LARGEST_EVIDENCE:
            rejected()
            return
        content = await event.file.read()
        attached.update(name=event.file.name, content=content)
        shown.set_content(
            join(
                (
                    tag("b", event.file.name),
                    " ",
                    tag("span", words("{n} bytes", n=len(content)), cls="muted"),
                    tag(
                        "small", f"SHA-256 {hashlib.sha256(content).hexdigest()}", cls="under mono"
                    ),
                )
            )
        )
        upload.reset()  # so that another one may be chosen instead

    def rejected() -> None:
        ui.notify(words("The evidence is one file of at most 5 MB."), type="negative")

    upload = ui.upload(
        max_files=1,
        auto_upload=True,
        max_file_size=LARGEST_EVIDENCE,
        on_upload=uploaded,
        on_rejected=rejected,
    ).style("display: none")
    # The gate lets nothing change that does not come from a page of ours.
    upload.props["headers"] = [{"name": CSRF_HEADER, "value": view.visitor.csrf}]
    with ui.element("div").classes("row-of-buttons").style("align-items: center"):
        button = ui.button(words("Choose the evidence")).props("outline no-caps")
        button.on("click", js_handler=f"() => runMethod({upload.id}, 'pickFiles', [])")
        shown = html(tag("span", words("One file of at most 5 MB."), cls="muted"))


def _missing(view: View, verdict: Any, reason: str, attached: Mapping[str, Any]) -> str:
    words = view.words
    if verdict is None:
        return words("State whether it was done at the issuer or not.")
    if not reason.strip():
        return words("Give a reason.")
    return "" if attached else words("Attach the evidence.")


# What stands there ------------------------------------------------------------------------------


def verdict_of(view: View, *, done: bool) -> str:
    """Name what is said of a transaction at its issuer."""
    words = view.words
    return words("done at the issuer") if done else words("not done at the issuer")


def state_of(view: View, state: str) -> Html:
    """Show how a conclusion stands."""
    text, tone = CONCLUSIONS[state]
    return badge(view.words(text), tone)


def _follows(view: View, transaction: Transaction, *, done: bool) -> str:
    return view.words.of(follows(transaction.kind, transaction.state, done=done))


def _meant(view: View, transaction: Transaction, verdict: Any) -> Html:
    if verdict is None:
        return Html()
    amount = view.amount(transaction.amount, transaction.currency)
    what = _follows(view, transaction, done=verdict == "done")
    return tag("p", tag("b", amount), " ", what, cls="warned")


def _evidence(view: View, one: Conclusion) -> Html:
    there = f"/api/v1/transactions/{one.transaction_id}/conclusions/{one.id}/evidence"
    readable = views.may_read_evidence(view.visitor)
    named = link(one.evidence_name, there) if readable else tag("span", one.evidence_name)
    hashed = tag("small", f"SHA-256 {one.evidence_hash.hex()}", cls="under mono")
    return join((named, hashed))


def _list(view: View, found: Sequence[Conclusion]) -> Html:
    words = view.words
    rows = [
        (
            state_of(view, one.state),
            verdict_of(view, done=one.done),
            one.reason,
            _evidence(view, one),
            join((one.proposed_by, tag("small", view.when(one.proposed_at), cls="under"))),
            join((one.confirmed_by, tag("small", view.when(one.confirmed_at), cls="under")))
            if one.confirmed_by
            else "–",
        )
        for one in found
    ]
    names = ("State", "At the issuer", "Reason", "Evidence", "Proposed", "Confirmed by")
    return table([words(name) for name in names], rows)
