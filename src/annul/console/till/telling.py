"""What came of a wish, in words: for the screen, and as rows of the slip."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from annul.console.frame.texts import Words
from annul.domain.kinds import KINDS, VOIDS
from annul.domain.shown_codes import shown
from annul.domain.terminal_notes import pending
from annul.host.ordered import OrderRefused
from annul.sim.terminal import receipt
from annul.sim.terminal.journal import Record
from annul.sim.terminal.profile import Profile
from annul.sim.terminal.terminal import OPEN

from .tills import TillResult
from .values import Result

# What keeps the terminal from going on: error code to title, text, next step.
_ERRORS: Final = {
    "terminal.unreachable": (
        "No connection",
        "The host cannot be reached, so nothing was sent. No money has moved.",
        "Check that the host is running, then try again.",
        "bad",
    ),
    "terminal.no_answer": (
        "Outcome not known",
        "The request went out and no answer came.",
        "It is reversed before the next transaction; run one to see the outcome.",
        "open",
    ),
    "terminal.sign_in_refused": (
        "Sign-in refused",
        "The host did not sign this terminal in. No money has moved.",
        "Check merchant, terminal and master key with the acquirer.",
        "bad",
    ),
    "terminal.still_owing": (
        "Reversal pending",
        "An earlier transaction could not be settled; nothing else is sent before it is.",
        "Call the acquirer with the voucher number.",
        "open",
    ),
    "order.approval_needed": (
        "Awaiting second approval",
        "This amount takes dual approval. Nothing was sent, no money has moved.",
        "Somebody else approves it on the page Money in question.",
        "open",
    ),
}
_FAULT: Final = (
    "Not possible",
    "The terminal could not do it.",
    "Check the journal: pending reversals are sent before the next transaction.",
    "bad",
)
_TITLES: Final = {
    "approved": ("Approved", "good"),
    "declined": ("Declined", "bad"),
    "reversed": ("Reversed", "bad"),
}


@dataclass(frozen=True, slots=True)
class Slip:
    """A slip as it is printed: heading, rows of label and value, and the code of the voucher."""

    heading: str
    rows: Sequence[tuple[str, str]]
    code: str = ""
    signed: bool = False


def shop_code(profile: Profile, record: Record) -> str:
    """Name a voucher so that the shop's page finds it: nothing in it is of the card."""
    return f"{profile.merchant}-{profile.terminal}-{record.batch}-{record.trace}"


def result(done: TillResult, profile: Profile, words: Words) -> Result:
    """Say what came of a wish."""
    told = [_told(record, words) for record in done.told]
    if done.error is not None:
        title, text, following, tone = _ERRORS.get(done.error.code, _FAULT)
        if isinstance(done.error, OrderRefused):
            ruling = done.error.ruling
            return Result(tone, words(title), words.of(ruling.said), lines=(words.of(ruling.todo),))
        strike = done.owed if done.error.code == "terminal.still_owing" else ""
        owed = [words("Voucher {trace}", trace=strike)] if strike else []
        return Result(
            tone, words(title), words(text), lines=(*owed, words(following), *told), strike=strike
        )
    if done.settled is not None:
        agreed = words("The totals agree with the host's.")
        differs = words("The totals differed; every voucher was uploaded.")
        return Result(
            "good",
            words("Settled"),
            agreed if done.settled.agrees else differs,
            lines=tuple(told),
        )
    if done.wish.function == "sign_in":
        noted = _heard(done.said, words)
        return Result(
            "good", words("Signed in"), words("New working keys received."), lines=(*noted, *told)
        )
    if done.wish.function in {"strike", "reprint"}:
        title = "Reversal cleared" if done.wish.function == "strike" else "Slip reprinted"
        return Result("note", words(title), words("Voucher {trace}", trace=done.wish.voucher))
    assert done.record is not None, "every other wish becomes a transaction"
    return _transaction(done.record, profile, told, words)


def _transaction(record: Record, profile: Profile, told: Sequence[str], words: Words) -> Result:
    code, noted = shown(record.response_code), receipt.noted_of(record)
    open_ = record.state == "unanswered" or (
        record.state == "declined" and record.response_code in OPEN
    )
    title, tone = ("Outcome not known", "open") if open_ else _TITLES[record.state]
    if record.kind in VOIDS and record.state == "declined" and noted and pending(noted):
        title, tone = "Not voided yet", "open"
    lines = [words("Voucher {trace}", trace=record.trace)]
    heard = _heard(record.note, words)
    if heard:
        lines += heard
    only_trouble = noted is not None and not noted.text.zh and bool(noted.trouble.zh)
    if record.state != "approved" and (not heard or only_trouble):
        lines.append(words.of(code.cashier))
    if noted and noted.case:
        lines.append(words("Case {number}", number=noted.case))
    if noted and noted.phone:
        lines.append(words("Help line {phone}", phone=noted.phone))
    if record.balance:
        lines.append(_balance(record, profile))
    text = words.of(code.title)
    if record.state == "approved":
        named = words.of(KINDS[record.kind].title)
        text = named[:1].upper() + named[1:]
    return Result(tone, words(title), text, record.response_code, (*lines, *told))


def _heard(note: str, words: Words) -> list[str]:
    """Say what the host tells the cashier, if it tells anything."""
    heard = receipt.heard(note, language(words))
    return [heard] if heard else []


def _told(record: Record, words: Words) -> str:
    """Say what became of an earlier transaction."""
    outcome = receipt.outcome(record, language(words))
    return words("Earlier voucher {trace}: {outcome}", trace=record.trace, outcome=outcome)


def _balance(record: Record, profile: Profile) -> str:
    """Read it off the slip, which has the sum as people read it."""
    return dict(receipt.slip_rows(record, profile, "en")).get("BALANCE", "")


# The slip --------------------------------------------------------------------------------------


def slip(done: TillResult, profile: Profile, words: Words) -> Slip | None:
    """Give what the printer prints for a wish, None when it prints nothing."""
    spoken = language(words)
    if done.settled is not None:
        rows = receipt.totals_rows(done.settled, profile, spoken)
        return Slip(receipt.heading("settlement", spoken), rows)
    record = done.record
    if record is None or record.kind == "balance" or done.wish.function == "strike":
        return None
    rows, signed = receipt.slip_rows(record, profile, spoken), record.state == "approved"
    return Slip(receipt.heading("title", spoken), rows, shop_code(profile, record), signed)


def language(words: Words) -> Literal["zh", "en"]:
    """Give the language that a page speaks, as the slip's writer wants it."""
    return "zh" if words.language == "zh" else "en"
