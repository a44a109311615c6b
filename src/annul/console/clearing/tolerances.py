"""Differences of money that rules accept: the rules themselves, and what is accepted of a file."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from annul.console.frame.forms import Answers, Form, FormField, act_button, ask
from annul.console.frame.live import View
from annul.console.frame.markup import Html, card, join, link, number, table, tag
from annul.desk import clearing as files
from annul.desk import clearing_rules as views
from annul.domain.money import CURRENCIES
from annul.domain.tolerances import BEARERS, DIFFERENCES, Difference
from annul.resolve.proof_words import ACCOUNTS
from annul.settle.clearing.rules import ClearingRules, Tolerance

from .said import Row, signed

SET, END = "set-tolerance", "end-tolerance"  # the page's events of the buttons
_SHOWN: Final = 100  # differences of a file at once


def said(view: View, rules: ClearingRules) -> Html | str:
    """Say each tolerance of some rules, or that there is none."""
    shown = [tag("small", view.words.of(views.said(one)), cls="under") for one in rules.tolerances]
    return join(shown) if shown else view.words("none")


def rule_table(view: View, rules: ClearingRules, *, able: bool) -> Html:
    """Show which differences are accepted; `able`: with what sets another one or ends one."""
    words = view.words
    rows: list[list[object]] = []
    for one in rules.tolerances:
        bounds = [view.amount(one.up_to, one.currency)] if one.up_to is not None else []
        bounds += [f"{one.per_mille}‰"] if one.per_mille is not None else []
        end = act_button(words("End it"), END, key=_written(one)) if able else ""
        rows.append(
            [
                words.of(DIFFERENCES[one.kind]),
                one.issuer or words("each that has none of its own"),
                number(words(" and ").join(bounds)),
                number(view.amount(one.per_day, one.currency)),
                words.of(ACCOUNTS[one.account]),
                end,
            ]
        )
    heads = ("Difference", "Issuer", "Up to", "Most for a day", "Borne by", "")
    empty = words("Money has no tolerance: each difference is a break.")
    button = act_button(words("Accept a difference"), SET) if able else ""
    shown = table([words(head) for head in heads], rows, cls="tolerances", empty=empty)
    return card(words("Differences that are accepted"), shown, aside=button)


async def of_file(view: View, file: UUID, sums: Sequence[Row]) -> Html | None:
    """Show what is accepted of a file, as terminal, host and issuer have it; None: nothing."""
    if not sums:
        return None
    words, cursor = view.words, view.query.get("accepted", "")
    after = cursor if cursor.isdecimal() else ""
    found = await files.differences(view.desk, view.visitor, file, _SHOWN, after)
    heads = ("Row", "RRN", "Difference", "Terminal, host, issuer", "Money", "Borne by")
    shown = table([words(head) for head in heads], [_line(view, one) for one in found.rows])
    further = None
    if found.following:
        there = f"/clearing/{file}?accepted={found.following}#accepted"
        further = tag("p", link(words("More lines"), there, cls="button"), cls="following")
    title = words("Accepted within tolerance: {n}", n=f"{sum(one['count'] for one in sums):,}")
    return tag("div", card(title, summed(view, sums), shown, further), id="accepted")


def summed(view: View, sums: Sequence[Row]) -> Html:
    """Show the sums of what is accepted, by kind and account."""
    words = view.words
    heads = ("Difference", "Borne by", "Rows", "Money")
    rows = [
        (
            words.of(DIFFERENCES[Difference(one["kind"])]),
            words.of(ACCOUNTS[one["account"]]),
            number(f"{one['count']:,}"),
            number(signed(view, one["money"], one["currency"])),
        )
        for one in sums
    ]
    return table([words(head) for head in heads], rows, cls="tolerated")


def borne(view: View, text: str, currency: str) -> str:
    """Say what is accepted of a row, given as kind, money and account of each."""
    said_: list[str] = []
    for one in text.split(", ") if text else ():
        kind, money, account = one.split()
        name, who = DIFFERENCES[Difference(kind)], ACCOUNTS[account]
        parts = (view.words.of(name), signed(view, int(money), currency), view.words.of(who))
        said_.append(" ".join(parts))
    return ", ".join(said_) or "–"


def _line(view: View, one: Row) -> tuple[object, ...]:
    words, currency = view.words, one["currency"]
    amounts = (one[name] for name in ("claimed", "ours", "theirs"))
    return (
        words("line {n}", n=one["line"]),
        link(one["rrn"], f"/transactions/{one['transaction_id']}", cls="mono"),
        words.of(DIFFERENCES[Difference(one["kind"])]),
        number(" | ".join("–" if m is None else view.amount(m, currency) for m in amounts)),
        number(signed(view, one["money"], currency)),
        words.of(ACCOUNTS[one["account"]]),
    )


# Acts -------------------------------------------------------------------------------------------


async def accept(view: View) -> bool:
    """Ask for a rule, which takes the place of one of the same kind, issuer and currency."""
    words = view.words
    bearers = {name for names in BEARERS.values() for name in names}
    kinds = {one.value: words.of(text) for one, text in DIFFERENCES.items()}
    currencies = {number: name for number, (name, _) in CURRENCIES.items()}
    accounts = {name: words.of(ACCOUNTS[name]) for name in sorted(bearers)}
    first = Difference.AMOUNT
    fields = (
        FormField("kind", words("Difference"), "choice", first.value, kinds, needed=True),
        FormField("issuer", words("Issuer"), hint=words("Empty: each that has none of its own.")),
        FormField("currency", words("Currency"), "choice", "156", currencies, needed=True),
        FormField("up_to", words("Up to (minor units)"), "number", None),
        FormField("per_mille", words("Up to (per mille of what our books have)"), "number", None),
        FormField("per_day", words("Most for a day (minor units)"), "number", None, needed=True),
        FormField("account", words("Borne by"), "choice", BEARERS[first][0], accounts, needed=True),
    )

    async def act(answers: Answers) -> str:
        new = {field.name: _given(answers[field.name]) for field in fields}
        return await _set(view, _key(new), [new], str(answers["reason"]))

    about = words(
        "What is within it agrees and is posted to the account with the commit of its file. Where "
        "both bounds are given both hold."
    )
    form = Form(words("Accept a difference"), fields, about=about, go=words("Set it"))
    return await ask(view, form, act)


async def end(view: View, told: Mapping[str, str]) -> bool:
    """Ask whether a rule is to end."""
    words = view.words

    async def act(answers: Answers) -> str:
        return await _set(view, told.get("key", ""), [], str(answers["reason"]))

    about = words("Such differences are breaks in files that are committed from now on.")
    form = Form(words("Accept it no longer"), about=about, go=words("End it"))
    return await ask(view, form, act)


async def _set(view: View, key: str, new: list[dict[str, Any]], reason: str) -> str:
    """Put rules in the place of one; raises as `clearing_rules.change`."""
    words = view.words
    before = (await views.in_force(view.desk, view.visitor)).rules
    stay = [one.model_dump() for one in before.tolerances if _written(one) != key]
    rules = views.checked(before.model_dump() | {"tolerances": [*stay, *new]})
    came = await views.change(view.desk, view.visitor, rules, reason)
    waits = came == views.ASKED
    return words("It waits for a second person now.") if waits else words("The rules count.")


def _given(value: Any) -> Any:
    """Give what was filled in, None where nothing was, a whole number where it is one."""
    if value is None or value == "":
        return None
    return int(value) if isinstance(value, float) else value


def _key(new: dict[str, Any]) -> str:
    new["issuer"] = str(new["issuer"] or "").strip()
    return " ".join(str(new[name]) for name in ("kind", "issuer", "currency"))


def _written(one: Tolerance) -> str:
    return " ".join(str(part) for part in one.key)
