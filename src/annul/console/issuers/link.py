"""How an issuer is spoken with otherwise than most, in words, and changing it."""

from typing import Final

from annul.console.frame.forms import Answers, Form, FormField, act_button, ask
from annul.console.frame.live import View
from annul.console.frame.markup import Html, card, table, tag
from annul.desk import issuer_links
from annul.desk.roles import Scope
from annul.domain.link_words import NESTED, PROFILE, ROW, said
from annul.issuers.link_profiles import ProfileError

# Settings of which single entries are set, as they are named before the entry, and an example.
_ENTRIES: Final = {"codes.": "codes.A1=00", "framing.": "framing.trailer=03"}


async def link_card(view: View, issuer_id: str, *, write: bool) -> Html:
    """Show each setting of an issuer's link that most have otherwise."""
    words = view.words
    change = act_button(words("Change the link"), "link") if write else ""
    try:
        known = await issuer_links.settings(view.desk, issuer_id)
    except ProfileError as error:  # of a version or a hand that annul does not know
        wrong = tag("p", str(error), cls="muted note")
        return card(words("Otherwise than most"), wrong, aside=change)
    rows = [
        (
            tag("span", one.name, cls="mono"),
            words.of(said(one.name)),
            tag("b", one.value or "–", cls="mono"),
            tag("span", one.usual or "–", cls="mono muted"),
        )
        for one in known
        if one.differs
    ]
    names = [words(name) for name in ("Setting", "Meaning", "Here", "Usual")]
    empty = words("It is spoken with as most issuers are.")
    return card(words("Otherwise than most"), table(names, rows, empty=empty), aside=change)


async def set_link(view: View, issuer_id: str) -> bool:
    """Ask for one setting and what it is from now on; empty means as most have it."""
    words = view.words
    if not view.may(Scope.ISSUERS_WRITE):
        return False

    async def act(answers: Answers) -> None:
        name, value = str(answers["setting"]), str(answers["value"] or "").strip()
        if name in _ENTRIES:
            entry, _, value = value.partition("=")
            name += entry.strip().removeprefix(name)
        given, unset = ({name: value}, ()) if value.strip() else ({}, (name,))
        await issuer_links.set_link(
            view.desk, view.visitor, issuer_id, answers["reason"], given, unset
        )

    plain = {**ROW} | {name: text for name, text in PROFILE.items() if name not in NESTED}
    settings = {name: f"{words.of(text)} ({name})" for name, text in plain.items()}
    settings |= {
        name: f"{words.of(PROFILE[name[:-1]])} ({example})" for name, example in _ENTRIES.items()
    }
    fields = (
        FormField("setting", words("Setting"), "choice", "network_mti", settings, needed=True),
        FormField("value", words("Value"), hint=words("empty: as most have it")),
    )
    about = words("Hosts take it up at once, and connect anew.")
    return await ask(view, Form(words("Change the link"), fields, about=about), act)
