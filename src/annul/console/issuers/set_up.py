"""Parts of an issuer's page: how it is reached, what its codes mean, whom to call."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from annul.console.frame.forms import Answers, Form, FormField, act_button, ask
from annul.console.frame.live import View
from annul.console.frame.markup import Html, badge, card, facts, join, link, table, tag
from annul.console.shared import CARD_TYPES
from annul.desk import issuer_keys
from annul.desk import issuers as views
from annul.desk.roles import Scope
from annul.diagnose.causes import CAUSES
from annul.domain.alarm_probes import HOW_SAID, OUTCOME_SAID, WHY_SAID, How, ProbeOutcome, Why
from annul.domain.response_codes import FAULTS, describe
from annul.domain.text import Text
from annul.wire.names import name_of

_KEYS: Final = {"zone": "Zone key", "mac": "MAC key", "pin": "PIN key"}
_DUTIES: Final = ("switch", "disputes", "risk", "settlement", "duty desk")


async def set_up_card(view: View, issuer_id: str) -> Html:
    """Show how annul speaks with an issuer, and how each process sees its line."""
    words = view.words
    row = await views.find(view.desk, issuer_id)
    links = await views.links(view.desk, issuer_id)
    lines = [
        (
            join((f"{one['cell']} " if view.desk.others else "", words("host {n}", n=one["node"]))),
            badge(words("up"), "good")
            if one["up"]
            else join((badge(words("down"), "bad"), " ", words(one["trouble"] or "not_connected"))),
            view.when(one["at"], seconds=True),
        )
        for one in links
    ]
    names = [words("Process"), words("Line"), words("Seen")]
    return card(
        words("Line and set-up"),
        table(names, lines, empty=words("No host has reported its line yet.")),
        facts(
            (
                (words("Address"), tag("span", f"{row['host']}:{row['port']}", cls="mono")),
                (words("Dialect, framing"), _spoken(row["dialect"], row["framing"])),
                (words("Response time-out"), f"{row['timeout_ms'] / 1000:g} s"),
                (words("Code on timeout"), row["silent_code"]),
                ("MAC", row["mac_algorithm"]),
                (words("PIN format"), f"ISO 9564-1: {row['pin_format']}"),
                (words("Shares accounts with"), row["bank"]),
                (words("State"), "" if row["active"] else badge(words("switched off"), "bad")),
                (words("Asked by annul"), await _probe(view, issuer_id)),
            )
        ),
    )


async def _probe(view: View, issuer_id: str) -> Html | str:
    """Say when annul asked an issuer by itself the last time, why, and what came of it."""
    words, last = view.words, await views.probe(view.desk, issuer_id)
    if last is None:
        return ""
    how, why = words.of(HOW_SAID[How(last["how"])]), words.of(WHY_SAID[Why(last["why"])])
    outcome = last["outcome"]
    came = words.of(OUTCOME_SAID[ProbeOutcome(outcome)]) if outcome else words("no outcome")
    counts = words("{n} in all, {silent} unanswered", n=last["asked"], silent=last["unanswered"])
    said = join((view.when(last["asked_at"], seconds=True), f" {how} ({why}): {came}"))
    return join((said, tag("br"), tag("span", counts, cls="muted")))


def _spoken(dialect: str, framing: str) -> Html:
    return join((link(dialect, f"/dialects/{dialect}", cls="mono"), ", ", framing))


async def odd_card(view: View, issuer_id: str) -> Html:
    """Show which fields of its answers make no sense here; nothing when all of them do."""
    words = view.words
    rows = [
        (
            tag("b", number, cls="mono"),
            words.of(Text(*name_of(int(number)))),
            one["count"],
            words("expected {what}", what=one["expected"]) if one["expected"] else "",
            tag("span", one["sample"], cls="mono"),
            view.when(datetime.fromisoformat(one["at"]), seconds=True),
        )
        for line in await views.links(view.desk, issuer_id)
        for number, one in line["odd"].items()
    ]
    if not rows:
        return Html("")
    names = ("Field", "Name", "Times", "Reason", "Bytes", "Last")
    return card(
        words("Fields that make no sense here"),
        table([words(name) for name in names], rows),
        tag(
            "p",
            words(
                "Nobody needs them, so each answer counted all the same. Digits are hidden. "
                "Correct the dialect, or the issuer does."
            ),
            cls="muted note",
        ),
    )


async def keys_card(view: View, issuer_id: str, *, write: bool) -> Html:
    """Show the keys that count, by their check values, and let new ones be asked for."""
    words = view.words
    row = await views.find(view.desk, issuer_id)
    known = await issuer_keys.keys(view.desk, issuer_id)
    rows = [
        (
            words(_KEYS[one["kind"]]),
            tag("span", one["check"] or "–", cls="mono"),
            words("agreed at set-up")
            if one["agreed"]
            else view.when(one["since"])
            if one["since"]
            else badge(words("not in force yet"), "warn"),
        )
        for one in known
    ]
    ask_new = ""
    if row["keys_wanted"]:
        ask_new = badge(words("new keys are asked for"), "warn")
    elif write and row["key_exchange"]:
        ask_new = act_button(words("Ask for new keys"), "ask-keys")
    names = [words("Key"), words("Check value"), words("In force since")]
    return card(words("Keys"), table(names, rows, empty=words("No key is agreed.")), aside=ask_new)


async def ask_keys(view: View, issuer_id: str) -> bool:
    """Ask why new keys are needed."""
    words = view.words
    if not view.may(Scope.ISSUERS_WRITE):
        return False

    async def act(answers: Answers) -> None:
        await issuer_keys.ask_for_keys(view.desk, view.visitor, issuer_id, answers["reason"])

    form = Form(
        words("Ask for new keys"),
        about=words("The keys in force stay until the issuer has sent new ones."),
    )
    return await ask(view, form, act)


async def routes_card(view: View, issuer_id: str) -> Html:
    """Show which cards come here, and which way is taken when this one is down."""
    words = view.words

    def named(one: str | None, mine: str) -> object:
        if not one:
            return "–"
        return words("this issuer") if one == mine else link(one, f"/issuers/{one}", cls="mono")

    rows = [
        (
            tag("span", row["prefix"], cls="mono"),
            words(CARD_TYPES.get(row["card_type"], "")),
            named(row["issuer_id"], issuer_id),
            named(row["backup_issuer_id"], issuer_id),
        )
        for row in await views.routes(view.desk, issuer_id)
    ]
    names = [words(n) for n in ("Card prefix", "Type", "Primary", "Backup")]
    return card(words("Routes"), table(names, rows, empty=words("No cards are routed here.")))


# What its codes mean ----------------------------------------------------------------------------


async def codes_card(view: View, issuer_id: str, *, write: bool) -> Html:
    """Show codes that mean something else here than the standard says."""
    words = view.words
    rows = []
    for row in await views.meanings(view.desk, issuer_id):
        code, cause = row["response_code"], row["cause"]
        fault = badge(words("error"), "warn") if code in FAULTS else None
        change = act_button(words("Change"), "meaning", code=code)
        remove = act_button(words("Remove"), "end-meaning", code=code)
        rows.append(
            (
                join((tag("b", code, cls="mono"), " ", fault)),
                words.of(CAUSES[cause].title) if cause in CAUSES else cause,
                tag("span", words.of(describe(code).title), cls="muted"),
                join((change, " ", remove)),
            )
        )
    names = [words(n) for n in ("Code", "Meaning at this issuer", "Standard meaning", "Change")]
    if not write:
        names, rows = names[:-1], [row[:-1] for row in rows]
    add = act_button(words("Add a code"), "meaning") if write else ""
    return card(
        words("Response code meanings"),
        table(
            names,
            rows,
            empty=words("All codes have their standard meaning."),
            cls="acts-last" if write else "",
        ),
        tag(
            "p",
            words("Evidence for or against a cause when a void fails with this code."),
            cls="muted note",
        ),
        aside=add,
    )


async def set_meaning(view: View, issuer_id: str, code: str) -> bool:
    """Ask what a code means at this issuer."""
    words = view.words
    if not view.may(Scope.ISSUERS_WRITE):
        return False
    kept = {
        row["response_code"]: row["cause"] for row in await views.meanings(view.desk, issuer_id)
    }
    causes = {name: words.of(cause.title) for name, cause in CAUSES.items()}

    async def act(answers: Answers) -> None:
        chosen = code or str(answers["code"]).strip().upper()
        await views.set_meaning(
            view.desk, view.visitor, issuer_id, chosen, str(answers["cause"]), answers["reason"]
        )

    cause = FormField(
        "cause", words("Meaning at this issuer"), "choice", kept.get(code, ""), causes, needed=True
    )
    named = FormField("code", words("Response code"), hint=words("e.g. 57"), needed=True)
    title = words("Meaning of {code} at this issuer", code=code) if code else words("Add a code")
    return await ask(view, Form(title, (cause,) if code else (named, cause)), act)


async def end_meaning(view: View, issuer_id: str, code: str) -> bool:
    """Ask why a code means what the standard says again."""
    words = view.words
    if not view.may(Scope.ISSUERS_WRITE):
        return False

    async def act(answers: Answers) -> None:
        await views.end_meaning(view.desk, view.visitor, issuer_id, code, answers["reason"])

    form = Form(
        words("Remove the meaning of {code} at this issuer", code=code),
        about=words("The standard meaning then applies again."),
    )
    return await ask(view, form, act)


# Whom to call -----------------------------------------------------------------------------------


async def contacts_card(view: View, issuer_id: str, *, write: bool) -> Html:
    """Show whom to call."""
    words = view.words
    rows = [
        (
            words(row["duty"]),
            row["name"],
            link(row["phone"], f"tel:{row['phone']}") if row["phone"] else "–",
            link(row["mail"], f"mailto:{row['mail']}") if row["mail"] else "–",
            row["hours"] or "–",
            join(
                (
                    act_button(words("Change"), "contact", id=str(row["id"])),
                    " ",
                    act_button(words("Remove"), "end-contact", id=str(row["id"])),
                )
            )
            if write
            else "",
        )
        for row in await views.contacts(view.desk, issuer_id)
    ]
    names = [words(n) for n in ("Responsible for", "Name", "Phone", "Mail", "Hours", "Change")]
    if not write:
        names, rows = names[:-1], [row[:-1] for row in rows]
    add = act_button(words("Add a contact"), "contact") if write else ""
    empty = words("No contact is on file for this issuer.")
    return card(
        words("Contacts"),
        table(names, rows, empty=empty, cls="acts-last" if write else ""),
        aside=add,
    )


async def put_contact(view: View, issuer_id: str, identity: str) -> bool:
    """Ask for a contact, new or changed."""
    words = view.words
    if not view.may(Scope.ISSUERS_WRITE):
        return False
    known: Mapping[str, Any] = {}
    if identity:
        rows = await views.contacts(view.desk, issuer_id)
        known = next((row for row in rows if str(row["id"]) == identity), {})
        if not known:
            return False

    async def act(answers: Answers) -> None:
        contact = views.Contact(
            *(str(answers[name] or "") for name in ("duty", "name", "phone", "mail", "hours"))
        )
        chosen = UUID(identity) if identity else None
        await views.put_contact(
            view.desk, view.visitor, issuer_id, contact, answers["reason"], chosen
        )

    duty = str(known.get("duty", "switch"))
    duties = {one: words(one) for one in dict.fromkeys((*_DUTIES, duty))}
    form = Form(
        words("Change the contact") if identity else words("Add a contact"),
        (
            FormField("duty", words("Contact for"), "choice", duty, duties, needed=True),
            FormField("name", words("Name"), value=known.get("name", ""), needed=True),
            FormField("phone", words("Phone"), value=known.get("phone", "")),
            FormField("mail", words("Mail"), value=known.get("mail", "")),
            FormField(
                "hours",
                words("Hours"),
                value=known.get("hours", ""),
                hint=words("e.g. 24 h, or Mon–Fri 9–18"),
            ),
        ),
    )
    return await ask(view, form, act)


async def end_contact(view: View, issuer_id: str, identity: str) -> bool:
    """Ask why a contact is removed."""
    words = view.words
    rows = await views.contacts(view.desk, issuer_id)
    known = next((row for row in rows if str(row["id"]) == identity), None)
    if known is None or not view.may(Scope.ISSUERS_WRITE):
        return False

    async def act(answers: Answers) -> None:
        await views.end_contact(
            view.desk, view.visitor, issuer_id, UUID(identity), answers["reason"]
        )

    about = f"{words(known['duty'])} · {known['name']}"
    return await ask(view, Form(words("Remove the contact"), about=about), act)
