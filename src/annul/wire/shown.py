"""What of each field may be stored and shown: one table, and what it does not name is hidden.

Card data is let through by what is known to be harmless, never kept out by what is known to be
secret: acquirers and vendors put card numbers and tracks into whatever field is free, so a field,
a tag or a layout that no row here names shows its size alone. The rows hold for every dialect.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from . import tlv
from .codec import Value
from .errors import DecodeError
from .masking import holds_card, mask_pan, mask_track, opens_with_card, scan
from .subfields import Field59, Field62Terminal

Rule = Callable[[Value], str]
Shown = tuple[str, str]  # a tag, and its value as it may be shown

_DEEPEST: Final = 4  # templates within templates; a card has two
_LONGEST_TAG: Final = 6  # hexadecimal digits; a longer one is no tag but data


def hidden(value: Value) -> str:
    """Show the size alone."""
    return f"<{len(value)} bytes>"


def show(number: int, value: Value) -> str:
    """Give a field's value as it may be stored and shown."""
    return FIELDS.get(number, hidden)(value)


# Rules ---------------------------------------------------------------------------------------


def _up_to(width: int) -> Rule:
    """Show text as it is while it is no longer than its layout; longer, it is something else."""
    return lambda value: value if isinstance(value, str) and len(value) <= width else hidden(value)


def _as(rule: Callable[[str], str]) -> Rule:
    """Apply a rule for text; bytes in its place (a vendor's layout) are hidden."""
    return lambda value: rule(value) if isinstance(value, str) else hidden(value)


def _laid_out(layout: str, *, opens: int = 0) -> Rule:
    """Show what fits a layout that leaves no room for a card number; hide everything else.

    Where the first parts could take one (`opens`: at which digits), what begins with a card number
    is masked.
    """
    fits = re.compile(layout).fullmatch

    def rule(value: Value) -> str:
        if not isinstance(value, str) or not fits(value):
            return hidden(value)
        return scan(value) if any(opens_with_card(value[at:]) for at in range(opens)) else value

    return rule


def _mac(value: Value) -> str:
    """Show eight bytes; UnionPay's are hexadecimal characters, whose codes are no card number."""
    if isinstance(value, str) or len(value) > 8:
        return hidden(value)
    return value.hex().upper() if _HEXADECIMAL(value) or not holds_card(value) else hidden(value)


def _totals_or_count(value: Value) -> str:
    """Show totals and counts; of an upload of records, which are card numbers, the count."""
    shown = _TOTALS(value)
    if shown == value or not isinstance(value, str):
        return shown
    return f"{value[:2]} <{len(value) - 2} bytes>" if _UPLOAD(value) else shown


def _serial(value: Value) -> str:
    """Show what a terminal says of itself at sign-in; keys, parameters, records are hidden."""
    try:
        said = Field62Terminal.parse(value if isinstance(value, bytes) else value.encode())
    except (DecodeError, ValueError):
        return hidden(value)
    return scan(said.build().decode("ascii"))


def tags(value: Value) -> list[Shown]:
    """Give the data objects of field 55, those within templates by their path; raises DecodeError.

    A value is in hexadecimal where the table allows its tag, and its size everywhere else.
    """
    return _tags(_raw(value), "", 0)


def _tags(data: bytes, path: str, depth: int) -> list[Shown]:
    found: list[Shown] = []
    for one in tlv.parse(data):
        if len(one.tag) > _LONGEST_TAG:
            raise DecodeError(55, 0, "tags of three bytes at most")
        tag = path + one.tag
        if one.tag in TEMPLATES and one.value and depth < _DEEPEST:
            try:
                found += _tags(one.value, f"{tag}/", depth + 1)
            except DecodeError:
                found.append((tag, hidden(one.value)))
            continue
        allowed = TAG_RULES.get(one.tag)
        shown = allowed is not None and allowed(one.value)
        found.append((tag, one.value.hex().upper() if shown else hidden(one.value)))
    return found


def objects(value: Value) -> list[Shown]:
    """Give the data objects of field 59; raises `DecodeError`."""
    return [
        (tag, QR_OBJECTS.get(tag, hidden)(content))
        for tag, content in Field59.parse(_raw(value)).objects
    ]


def _joined(split: Callable[[Value], list[Shown]]) -> Rule:
    """Show data objects as TAG=VALUE with blanks between: no two values run into one number."""

    def rule(value: Value) -> str:
        try:
            return " ".join(f"{tag}={shown}" for tag, shown in split(value))
        except DecodeError:
            return hidden(value)

    return rule


def _characters(rule: Callable[[str], str]) -> Rule:
    """Apply a rule for text to a data object of characters; other bytes are hidden."""

    def applied(value: Value) -> str:
        text = value if isinstance(value, str) else value.decode("ascii", "replace")
        return rule(text) if text.isascii() and text.isprintable() else hidden(value)

    return applied


def _raw(value: Value) -> bytes:
    return value if isinstance(value, bytes) else value.encode("gbk", "replace")


# Rules for values of tags: whether they may be shown -------------------------------------------


def _at_most(size: int) -> Callable[[bytes], bool]:
    return lambda value: len(value) <= size


def _no_card(value: bytes) -> bool:
    return not holds_card(value)


def _words(value: bytes) -> bool:
    """Letters and digits without a card number among them; packed digits are no such characters."""
    text = value.rstrip(b"\0 ")
    if not re.fullmatch(rb"[0-9A-Za-z ./\-]*", text):
        return False
    said = text.decode("ascii")
    return scan(said) == said and (said.isdigit() or not holds_card(text))


# Tables --------------------------------------------------------------------------------------

_SHORT: Final = _up_to(12)
_DATE: Final = r"(?:0000|(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01]))"
_NETWORK: Final = r"(?:00[0-6]|20[1-7]|301|36[0-4])"
_SIDE: Final = r"(?:0{15}|(?!0{12})00[0-9]{10}(?!000)[0-9]{3})"  # amount and count, both or none
_HALF: Final = rf"{_SIDE}{_SIDE}[0-3]"
_TOTALS: Final = _laid_out(rf"[0-9]{{1,4}}|{_HALF}{_HALF}")
_HEXADECIMAL: Final = re.compile(rb"[0-9A-F]{8}").fullmatch
_VOUCHER: Final = re.compile(rf"20[0-9]{{2}}(?!0000){_DATE}[0-9]{{12}}").fullmatch
_UPLOAD: Final = re.compile(r"[0-9]{2}(?:[0-9]{40})+").fullmatch

FIELDS: Final[Mapping[int, Rule]] = {
    # At most twelve characters in every dialect, and a card number has thirteen or more.
    **dict.fromkeys((*range(3, 34), *range(37, 42), 49, 50, 51), _SHORT),
    **dict.fromkeys((66, *range(67, 86), *range(91, 95), 99, 100), _SHORT),
    # The merchant's number: 15 digits of which every tenth passes Luhn, and what a case is about.
    42: _up_to(15),
    # Card numbers and accounts.
    **dict.fromkeys((2, 34, 102, 103), _as(mask_pan)),
    **dict.fromkeys((35, 36, 45), _as(mask_track)),
    # Free text: who knows what a vendor puts into it.
    **dict.fromkeys((43, 44, 63), _as(scan)),
    # Totals of a batch or a count of records; the records of an upload are card numbers.
    48: _totals_or_count,
    # Three digits, then what is reserved and always 0.
    53: _laid_out(r"[0-9]{3}0{13}"),
    # Balances: account, amount type, currency, sign; amounts of less than 10^11.
    54: _laid_out(r"(?:[0-9]{4}[0-9A-Z]{3}[CD]0[0-9]{11}){1,6}"),
    55: _joined(tags),
    59: _joined(objects),
    # Function, batch, network code, reader, chip condition, partial approval, account; between
    # banks the reason of a reversal. Longer than twelve, the network code tells it from a number.
    60: _laid_out(
        rf".{{0,12}}|[0-2][0-9]{{7}}{_NETWORK}[0256][0-2](?:[01](?:[0-9]{{3}})?)?", opens=2
    ),
    # The original's batch and trace, date, mode, institution: the date tells it from a number.
    61: _laid_out(rf"[0-9]{{0,12}}|[0-9]{{12}}{_DATE}(?:[0-9]{{2}}(?:[0-9]{{11}})?)?", opens=2),
    62: _serial,
    **dict.fromkeys((64, 128), _mac),
    # The original's message type, trace, time, acquirer; a forwarder with eight digits, or none.
    90: _laid_out(
        rf"0[0-9]{{9}}{_DATE}(?:[01][0-9]|2[0-3])[0-5][0-9][0-5][0-9]"
        r"(?:[0-9]{11}0{11}|000[0-9]{8}000[0-9]{8})"
    ),
}

# Field 59. A scanned code stands for the card. The number of a QR payment is what its void refers
# to, so it is shown as it is where it begins with a date: no card number does.
QR_OBJECTS: Final[Mapping[str, Rule]] = {
    Field59.CODE: _characters(mask_pan),
    Field59.VOUCHER: _characters(lambda text: text if _VOUCHER(text) else scan(text)),
}

# Field 55: templates are opened, and only what is listed here is shown.
TEMPLATES: Final = frozenset({"6F", "70", "71", "72", "77", "A5", "BF0C"})
_SIX: Final = _at_most(6)  # twelve digits: too few for a card number
TAG_RULES: Final[Mapping[str, Callable[[bytes], bool]]] = {
    **dict.fromkeys(
        ("5F24", "5F28", "5F2A", "5F34", "5F36", "82", "8A", "8F", "95", "9A", "9B", "9C"), _SIX
    ),
    **dict.fromkeys(
        ("9F01", "9F02", "9F03", "9F07", "9F08", "9F09", "9F0D", "9F0E", "9F0F", "9F15", "9F18",
         "9F1A", "9F1B", "9F21", "9F27", "9F33", "9F34", "9F35", "9F36", "9F37", "9F39", "9F40",
         "9F41", "9F53", "9F66", "9F6C", "9F77", "9F78", "9F79"), _SIX,
    ),
    # What the chip computed and its own account of it, filled by no terminal. Every tenth run of
    # digits passes Luhn, and half a cryptogram proves nothing.
    "9F26": _at_most(8),
    "9F10": _at_most(32),
    # Longer ones: shown unless digits among them could be a card number.
    **dict.fromkeys(("4F", "84", "8E", "91", "9F06", "9F4C", "9F6E", "DF31"), _no_card),
    # Characters.
    **dict.fromkeys(("50", "9F12", "9F1C", "9F1E", "9F63", "9F74"), _words),
}  # fmt: skip
