"""What several subjects show alike: states, rows of cases, causes, due times, steps, sums."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from annul.console.frame.live import View
from annul.console.frame.markup import Html, badge, join, link, number, tag
from annul.console.frame.tables import Column, Exported, Row, Table, named
from annul.desk.roles import Scope
from annul.diagnose.causes import CAUSES
from annul.domain import money
from annul.domain.records import Origin
from annul.resolve import ends
from annul.resolve import words as of_kind
from annul.resolve.requests import COMPLETED
from annul.resolve.tries import told_of

CASE_TONES: Final = {
    "voided": "good",
    "refunded": "good",
    "refused": "bad",
    "unproved": "warn",
    "": "info",
}

TRANSACTION_TONES: Final[Mapping[str, str]] = {
    "received": "info",
    "sent": "info",
    "approved": "good",
    "completed": "good",
    "declined": "bad",
    "unknown": "warn",
    "reversing": "warn",
    "reversed": "",
    "voided": "info",
    "refunded": "info",
    "partly_refunded": "info",
    "disputed": "bad",
}
HEALTH_TONES: Final = {"up": "good", "degraded": "warn", "down": "bad"}
# Who asked for a transaction.
ORIGINS: Final = {
    Origin.TERMINAL: "terminal",
    Origin.PROGRAM: "a program",
    Origin.RESOLVER: "annul, handling the case",
    Origin.PERSON: "a person, handling the case",
}
CARD_TYPES: Final = {"debit": "debit card", "credit": "credit card", "qr": "QR code"}
# What a case does next, in plain words for people at a till.
STEPS: Final = {
    "": "in progress",
    "await_outcome": "waiting for the outcome of what is under way",
    "await_original": "the sale itself is finished first",
    "probe": "the bank is asked for a sign of life",
    "second_look": "looking once more before what cannot be taken back",
    "back_off": "a short wait before the next try",
    "retry": "trying the void again",
    "other_route": "trying the void another way",
    "wait_window": "waiting until the bank's maintenance is over",
    "wait_health": "waiting until the bank works again",
    "wait_rule": "waiting until the bank allows it",
    "wait_funds": "waiting until the shop's balance covers it",
    "refund": "refunding it to the card instead",
    "wait_cut_over": "refunding it to the card after the end of the business day",
    "ask_sign_in": "the terminal is asked to sign in again",
    "ask_parameters": "the terminal is asked to download its settings",
    "ask_update": "the terminal is asked to update its software",
    "wait_terminal": "waiting for the terminal",
    "wait_set_up": "waiting until the terminal's settings are put right",
    "ask_person": "the acquirer is handling it",
    "held": "the acquirer is handling it",
    "order_dropped": "in progress",
    "not_allowed": "waiting until a rule allows it",
    "ask_shop": "the shop says whether it still wants the void: do it again at the till, or "
    "withdraw it",
}

GOES_ON: Final = frozenset({"", "unproved"})  # whose money is still in question


def case_state(view: View, ended: str, kind: str, step: str, *, asked: bool = False) -> Html:
    """Show the state of a case about a kind of request."""
    said = ends.ended(ended, kind, step)
    tone = "good" if step == COMPLETED else CASE_TONES[ended]
    shown = badge(view.words.of(said), tone)
    wants = badge(view.words("needs manual action"), "warn") if asked and ended in GOES_ON else None
    return join((shown, " ", wants)) if wants else shown


def case_due(view: View, due_at: datetime, first_due_at: datetime) -> Html | str:
    """Show when a case is due; beside it the due time of its first cause where that differs."""
    now, first = view.when(due_at), view.when(first_due_at)
    if now == first:
        return view.ago(due_at)
    said = view.words("first due by {when}", when=first)
    return join((view.ago(due_at), tag("small", said, cls="under")))


def cause_name(view: View, name: str, kind: str = "void") -> str:
    """Name a cause, in the words of what was asked for."""
    return view.words.of(of_kind.title(CAUSES[name], kind)) if name in CAUSES else "–"


def step_said(view: View, step: str) -> str:
    """Say what a case does next, for people at a till."""
    return view.words(STEPS.get(step, STEPS[""]))


def between(view: View, first: datetime | str, last: datetime | str) -> str:
    """Say from when to when; the day of the end only where it is another one."""
    began, ended = (view.when(at, seconds=True) for at in (first, last))
    day = began.partition(" ")[0]
    return f"{began} – {ended.removeprefix(day).strip()}"


def tried(view: View, run: Sequence[Row]) -> Html:
    """Say in one line what a run of annul's own tries was: from when to when, and the answers."""
    time = tag("time", between(view, run[0]["received_at"], run[-1]["received_at"]))
    return join((time, " ", tag("b", view.words.of(told_of(run)))))


def transaction_state(view: View, state: str) -> Html:
    """Show the state of a transaction."""
    return badge(view.words(state), TRANSACTION_TONES.get(state, ""))


def amounts(view: View, sums: Iterable[Mapping[str, Any]]) -> str:
    """Write sums of several currencies."""
    return ", ".join(view.amount(one["amount"], one["currency"]) for one in sums)


# Lists of cases ---------------------------------------------------------------------------------


def decimal(row: Row, name: str = "amount") -> Decimal:
    """Give an amount as files have it."""
    return Decimal(money.show(row[name], row["currency"]))


def letters(row: Row) -> str:
    """Give the letters of a row's currency."""
    return money.CURRENCIES.get(row["currency"], (row["currency"], 2))[0]


AMOUNT: Final[Exported] = (
    ("Amount", lambda _, row: decimal(row)),
    ("Currency", lambda _, row: letters(row)),
)


def amount(view: View, row: Row) -> Html:
    """Show a row's amount."""
    return number(view.amount(row["amount"], row["currency"]))


def merchant(view: View, row: Row) -> Html:
    """Show a row's merchant by its name."""
    may = view.may(Scope.MERCHANTS_READ)
    href = f"/merchants/{row['merchant_id']}" if may else ""
    return named(row[f"merchant_{view.words.language}"], row["merchant_id"], href)


def issuer(view: View, row: Row) -> Html:
    """Show a row's issuer by its name."""
    href = f"/issuers/{row['issuer_id']}" if view.may(Scope.ISSUERS_READ) else ""
    return named(row[f"issuer_{view.words.language}"], row["issuer_id"], href)


def sees_all(view: View) -> bool:
    """Say whether somebody sees more than one merchant."""
    return not view.visitor.merchant_id


MERCHANT: Final = Column(
    "merchant",
    "Merchant",
    merchant,
    (
        ("Merchant", lambda view, row: row[f"merchant_{view.words.language}"]),
        ("Merchant number", lambda _, row: row["merchant_id"]),
    ),
    wanted=sees_all,
)
ISSUER: Final = Column(
    "issuer",
    "Issuer",
    issuer,
    (
        ("Issuer", lambda view, row: row[f"issuer_{view.words.language}"]),
        ("Issuer number", lambda _, row: row["issuer_id"]),
    ),
)


def _state(view: View, row: Row) -> Html:
    asked = bool(row["task"] or row["proposed"])
    shown = case_state(view, row["ended"], row["kind"], row["step"], asked=asked)
    had_by = _handler(view, row)
    return join((shown, tag("small", had_by, cls="under"))) if had_by else shown


def _handler(view: View, row: Row) -> str:
    """Name who has the case, for as long as they have it; shops are told no names of the desk."""
    until = row["assigned_until"]
    has = until is not None and until > view.desk.clock.now() and sees_all(view)
    return str(row["assigned_to"]) if has else ""


def _due(view: View, row: Row) -> Html | str:
    if row["ended"] not in GOES_ON:
        return ""
    return case_due(view, row["due_at"], row["first_due_at"])


def _cause(view: View, row: Row) -> str:
    return cause_name(view, row["confirmed"] or row["cause"], row["kind"])


CASES: Final = Table(
    "cases",
    (
        Column(
            "number",
            "Case",
            lambda _, row: link(row["number"], f"/cases/{row['number']}", cls="mono row-link"),
            (("Case", lambda _, row: row["number"]),),
            line=3,
            end=True,
        ),
        Column(
            "state",
            "State",
            _state,
            (
                (
                    "State",
                    lambda view, row: view.words.of(
                        ends.ended(row["ended"], row["kind"], row["step"])
                    ),
                ),
                ("Handled by", _handler),
            ),
            line=1,
        ),
        Column("amount", "Amount", amount, AMOUNT, right=True, order="amount", line=1, end=True),
        Column(
            "card",
            "Card",
            lambda _, row: tag("span", row["card_masked"], cls="mono"),
            (
                ("Card", lambda _, row: row["card_masked"]),
                ("Voucher", lambda _, row: row["voucher"]),
                ("RRN of the original", lambda _, row: row["original_rrn"]),
                ("Terminal", lambda _, row: row["terminal_id"]),
            ),
            line=3,
        ),
        MERCHANT,
        ISSUER,
        Column("cause", "Cause", _cause, (("Cause", _cause),), line=2),
        Column(
            "step",
            "Step",
            lambda view, row: view.words(row["step"]) if row["step"] else "–",
            (("Step", lambda view, row: view.words(row["step"]) if row["step"] else ""),),
            extra=True,
        ),
        Column(
            "opened",
            "Opened",
            lambda view, row: view.ago(row["opened_at"]),
            (("Opened", lambda _, row: row["opened_at"]),),
            order="opened",
        ),
        Column(
            "due",
            "Due by",
            _due,
            (
                ("Due by", lambda _, row: row["due_at"]),
                ("Closed at", lambda _, row: row["ended_at"]),
            ),
            order="due",
            line=3,
            told=True,
            starts="ascending",
        ),
    ),
    lambda row: f"/cases/{row['number']}",
    "number",
)
