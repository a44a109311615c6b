"""A merchant's terminals on its page: how each is set up, what is wrong, what to ask of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from annul.console.frame.forms import Answers, Form, FormField, act_button, ask
from annul.console.frame.live import View
from annul.console.frame.markup import Html, badge, card, details, facts, join, tag
from annul.desk import merchants as views
from annul.desk import terminal_dialects
from annul.desk.checks import CheckFinding, Weight
from annul.desk.roles import Scope
from annul.domain.kinds import KINDS

_TONES: Final = {Weight.STOPS: "bad", Weight.MAY_STOP: "warn", Weight.KNOW: "info"}
_WEIGHTS: Final = {
    Weight.STOPS: "stops voids",
    Weight.MAY_STOP: "may stop voids",
    Weight.KNOW: "for information",
}
_ASKS: Final = {
    "sign_in": "Request sign-in",
    "parameters": "Request parameter download",
    "ca_keys": "Request public key download",
    "aids": "Request chip parameter download",
    "update": "Request update",
}
_WANTS: Final = {
    "sign_in": "sign-in requested",
    "parameters": "parameter download requested",
    "ca_keys": "public key download requested",
    "aids": "chip parameter download requested",
    "update": "update requested",
}


async def terminals_card(view: View, merchant_id: str, *, write: bool) -> Html:
    """Show every terminal, those in trouble first and open."""
    words = view.words
    rows = await views.terminals(view.desk, view.visitor, merchant_id)
    rows.sort(key=lambda row: (_worst(row), row["terminal_id"]))
    troubled = sum(_worst(row) < Weight.KNOW for row in rows)
    said = (
        badge(words("{n} of {all} need attention", n=troubled, all=len(rows)), "warn")
        if troubled
        else badge(words("all in order"), "good")
    )
    shown = [_terminal(view, row, write=write) for row in rows]
    body = join(shown) if shown else tag("p", words("This merchant has no terminals."), cls="empty")
    return card(words("Terminals and their set-up"), body, aside=said if rows else "")


def _worst(row: Mapping[str, Any]) -> int:
    found: list[CheckFinding] = row["findings"]
    return found[0].check.weight if found else Weight.KNOW + 1


def _terminal(view: View, row: Mapping[str, Any], *, write: bool) -> Html:
    words = view.words
    worst = _worst(row)
    state = (
        badge(words(_WEIGHTS[Weight(worst)]), _TONES[Weight(worst)])
        if row["findings"]
        else badge(words("in order"), "good")
    )
    wants = badge(words(_WANTS[row["wants"]]), "info") if row["wants"] else None
    contact = tag("span", _contact(view, row), cls="muted")
    name = tag("b", row["terminal_id"], cls="mono")
    head = join((name, state, wants, tag("span", cls="grow"), contact))
    findings = [_finding(view, row, one, write=write) for one in row["findings"]]
    return details(
        head,
        tag("ul", *findings, cls="findings") if findings else None,
        _facts(view, row),
        _buttons(view, row) if write else None,
        cls="terminal",
        id=f"terminal-{row['terminal_id']}",
        open=worst < Weight.KNOW,
    )


def _contact(view: View, row: Mapping[str, Any]) -> str:
    words = view.words
    if row["last_seen_at"] is None:
        return words("no contact yet")
    ago = (view.desk.clock.now() - row["last_seen_at"]).total_seconds()
    return words("signed in or reported {span} ago", span=view.span(ago))


def _finding(view: View, row: Mapping[str, Any], found: CheckFinding, *, write: bool) -> Html:
    words, check = view.words, found.check
    button = None
    if write and check.ask and row["wants"] != check.ask:
        given = {"terminal": row["terminal_id"], "what": check.ask}
        button = act_button(words(_ASKS[check.ask]), "ask", **given)
    return tag(
        "li",
        tag("b", words.of(found.said)),
        tag("span", words.of(found.todo)),
        button,
        cls=_TONES[check.weight],
    )


def _facts(view: View, row: Mapping[str, Any]) -> Html:
    words = view.words

    def key(name: str, at: datetime | None) -> Html:
        if at is None:
            return tag("span", f"{name} –", cls="muted")
        age = view.span((view.desk.clock.now() - at).total_seconds())
        return tag("span", f"{name} {age}")

    kinds = row["kinds"]
    link = words(
        "lines lost {drops} · reversals {reversals} · wrong MACs {macs}",
        drops=row["link_drops"],
        reversals=row["reversals"],
        macs=row["wrong_mac"],
    )
    batch = words(
        "{batch} · last settled: {when}",
        batch=row["batch"],
        when=view.when(row["settled_at"]) or words("never"),
    )
    software = row["software"] or "–"
    if row["wanted_software"]:
        software = words("{now}, should be {wanted}", now=software, wanted=row["wanted_software"])
    serial = row["information"] or "–"
    if row["serial"]:
        serial = words("{now}, registered {wanted}", now=serial, wanted=row["serial"])
    may = words("all transactions")
    if kinds is not None:
        may = " · ".join(_kind(view, kind) for kind in kinds)
    master, mac = key(words("master"), row["master_at"]), key("MAC", row["mac_at"])
    pairs = (
        (words("Terminal"), view.copied(row["terminal_id"])),
        (words("State"), words("signed in") if row["signed_in"] else words("not signed in")),
        (words("Maximum amount"), view.amount(row["amount_limit"], row["currency"])),
        (words("Transactions enabled"), may),
        (words("Software"), tag("span", software, cls="mono")),
        (words("Serial number"), tag("span", serial, cls="mono")),
        (words("Age of keys"), join((master, " · ", mac, " · ", key("PIN", row["pin_at"])))),
        (words("Dialect"), row["dialect"] or words("that of its port")),
        (words("Line, 24 h"), link),
        (words("Batch"), batch),
    )
    return facts(pairs)


def _kind(view: View, name: str) -> str:
    kind = KINDS.get(name)
    return name if kind is None else view.words.of(kind.title)


def _buttons(view: View, row: Mapping[str, Any]) -> Html:
    words, terminal = view.words, row["terminal_id"]
    acts = [
        act_button(words(text), "ask", terminal=terminal, what=what)
        for what, text in _ASKS.items()
        if row["wants"] != what
    ]
    acts.append(act_button(words("Set the dialect"), "dialect", terminal=terminal))
    if row["wants"]:
        acts.append(act_button(words("Cancel the request"), "ask", terminal=terminal, what=""))
    return tag("div", *acts, cls="row-of-buttons")


async def ask_terminal(view: View, merchant_id: str, terminal_id: str, what: str) -> bool:
    """Ask why something is asked of a terminal; an update names the version it should have."""
    words = view.words
    if not view.may(Scope.MERCHANTS_WRITE):
        return False

    async def act(answers: Answers) -> None:
        await views.ask(
            view.desk,
            view.visitor,
            merchant_id,
            terminal_id,
            what,
            answers["reason"],
            str(answers.get("software", "")),
        )

    fields: tuple[FormField, ...] = ()
    if what == "update":
        rows = await views.terminals(view.desk, view.visitor, merchant_id)
        wanted = next((r["wanted_software"] for r in rows if r["terminal_id"] == terminal_id), "")
        fields = (
            FormField(
                "software",
                words("Required version"),
                value=wanted,
                needed=True,
                hint=words("as reported at sign-in"),
            ),
        )
    title = words(_ASKS[what]) if what in _ASKS else words("Cancel the request")
    form = Form(
        title,
        fields,
        about=words("Terminal {terminal}: told with its next response.", terminal=terminal_id),
    )
    return await ask(view, form, act)


async def set_dialect(view: View, merchant_id: str, terminal_id: str) -> bool:
    """Ask which dialect a terminal speaks."""
    words = view.words
    if not view.may(Scope.MERCHANTS_WRITE):
        return False

    async def act(answers: Answers) -> None:
        await terminal_dialects.set_dialect(
            view.desk,
            view.visitor,
            merchant_id,
            terminal_id,
            str(answers["dialect"] or ""),
            answers["reason"],
        )

    rows = await views.terminals(view.desk, view.visitor, merchant_id)
    now = next((row["dialect"] for row in rows if row["terminal_id"] == terminal_id), "")
    choices = {"": words("that of its port")}
    choices |= {name: name for name in await terminal_dialects.choices(view.desk)}
    fields = (FormField("dialect", words("Dialect"), "choice", now, choices),)
    about = words("What it sends from now on is read by this dialect.")
    form = Form(words("Dialect of terminal {terminal}", terminal=terminal_id), fields, about)
    return await ask(view, form, act)
