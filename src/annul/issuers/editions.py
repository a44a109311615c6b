"""How later editions of ISO 8583 say what annul builds and reads in the numbering of 1987.

One table each way: what a field of 1993 says, out of the fields of 1987, and back. What has the
same number in both goes as it is; a number that means something else is never passed on.
Source: ISO 8583:1993, point of service data code, function codes, original data elements.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from annul.domain.action_codes import ACTION_CODES, action_of

Fields = Mapping[int, str | bytes]
Say = Callable[[str, Fields, datetime], str]
Hear = Callable[[str, Fields], str]

_CLASS: Final = 1  # digit of a message type
_NETWORK, _AUTHORISATION, _REVERSAL = "8", "1", "4"
_ANSWERS: Final = "13"
_PREAUTHORISED: Final = "06"  # field 25 of 1987
_TRACE_END, _TIME_END, _ACQUIRER_END = 10, 20, 31  # places in field 90

# Field 70 of 1987 and the function code (24) that says it.
_NETWORK_FUNCTIONS: Final = {"001": "801", "002": "802", "101": "811", "301": "831"}
_FUNCTIONS_HEARD: Final = {code: said for said, code in _NETWORK_FUNCTIONS.items()}

# How the card was read: digits 1 and 2 of field 22 of 1987, place 7 of the data code.
_READ: Final = {
    "01": "6", "02": "2", "03": "3", "04": "4", "05": "5", "07": "5", "80": "2", "90": "2",
    "91": "2", "95": "5", "98": "5",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Edition:
    """`says` gives a field of this edition, empty for none; `hears` one of 1987. `other` are
    numbers that mean something else in the two.
    """

    says: Mapping[int, Say]
    hears: Mapping[int, Hear]
    other: frozenset[int]

    def told(self, mti: str, fields: Fields, now: datetime) -> dict[int, str | bytes]:
        """Give a message of 1987 as this edition says it; `now` is local, for the year."""
        said = {number: value for number, value in fields.items() if number not in self.other}
        found = {number: say(mti, fields, now) for number, say in self.says.items()}
        return dict(sorted((said | {n: value for n, value in found.items() if value}).items()))

    def heard(self, mti: str, values: Fields, own: Mapping[str, str]) -> dict[int, str | bytes]:
        """Give a message of this edition as 1987 says it; codes that are its `own` stay."""
        said = {number: value for number, value in values.items() if number not in self.other}
        found = {number: hear(mti, values) for number, hear in self.hears.items()}
        said |= {number: value for number, value in found.items() if value}
        code = said.get(39)
        if isinstance(code, str) and code not in own:
            said[39] = ACTION_CODES.get(code, code)
        return said


def _text(fields: Fields, number: int) -> str:
    value = fields.get(number, "")
    return value if isinstance(value, str) else ""


def _moment(day: str, time: str, now: datetime) -> str:
    """Put the year before MMDD: of those around, the one nearest to now."""
    found: list[tuple[int, int]] = []
    for year in (now.year - 1, now.year, now.year + 1):
        try:
            away = abs((date(year, int(day[:2]), int(day[2:])) - now.date()).days)
        except ValueError:  # the 29th of February
            continue
        found.append((away, year))
    return f"{min(found)[1] % 100:02d}{day}{time}" if found else ""


def _local(mti: str, fields: Fields, now: datetime) -> str:
    del mti
    day, time = _text(fields, 13), _text(fields, 12)
    return _moment(day, time, now) if day and time else ""


def _entry(mti: str, fields: Fields, now: datetime) -> str:
    """Build the point of service data code; what is not known of a terminal is 0, unspecified."""
    del mti, now
    entry = _text(fields, 22)
    if not entry:
        return ""
    read = _READ.get(entry[:2], "0")
    pin = 52 in fields
    present = "0" if read == "0" else "1"
    return f"0{'1' if entry[2:3] == '1' else '0'}010{present}{read}{'13' if pin else '00'}000"


def _function(mti: str, fields: Fields, now: datetime) -> str:
    del now
    kind = mti[_CLASS]
    if kind == _NETWORK:
        return _NETWORK_FUNCTIONS.get(_text(fields, 70), "")
    if mti[2] in _ANSWERS:
        return ""
    if kind == _REVERSAL:
        return "400"
    held = _text(fields, 25) == _PREAUTHORISED
    if kind == _AUTHORISATION:
        return "101" if held else "100"
    return "201" if held else "200"


def _reason(mti: str, fields: Fields, now: datetime) -> str:
    del now
    return _text(fields, 60) if mti[_CLASS] == _REVERSAL else ""


def _category(mti: str, fields: Fields, now: datetime) -> str:
    del mti, now
    return _text(fields, 18)


def _original(mti: str, fields: Fields, now: datetime) -> str:
    """Build field 56 of field 90: type, trace, local date and time, acquirer with its length."""
    del mti
    named = _text(fields, 90)
    if not named:
        return ""
    at = named[_TRACE_END:_TIME_END]
    acquirer = named[_TIME_END:_ACQUIRER_END].lstrip("0")
    moment = _moment(at[:4], at[4:], now)
    return f"1{named[1:_TRACE_END]}{moment}{len(acquirer):02d}{acquirer}" if moment else ""


def _action(mti: str, fields: Fields, now: datetime) -> str:
    """Give an answer's code; one of three digits is the issuer's own already."""
    del now
    code = _text(fields, 39)
    if not code or mti[2] not in _ANSWERS:
        return ""
    return code if len(code) == 3 else action_of(code, network=mti[_CLASS] == _NETWORK)


def _last(number: int, start: int, end: int | None = None) -> Hear:
    """Give a part of a field that has the year before it."""
    return lambda _, values: _text(values, number)[start:end]


def _line(mti: str, values: Fields) -> str:
    return _FUNCTIONS_HEARD.get(_text(values, 24), "") if mti[_CLASS] == _NETWORK else ""


_ISO93: Final = Edition(
    says={
        12: _local,
        22: _entry,
        24: _function,
        25: _reason,
        26: _category,
        39: _action,
        56: _original,
    },
    hears={12: _last(12, 6), 13: _last(12, 2, 6), 15: _last(15, 2), 70: _line},
    other=frozenset(
        {12, 13, 15, 18, 22, 24, 25, 26, 28, 29, 30, 31, 53, 56, 60, 66, 70, 71, 90, 91, 95, 96}
    ),
)
# By the version of a dialect; that of 1987 has none, and that of 2003 is read but not spoken.
EDITIONS: Final[Mapping[str, Edition]] = {"1": _ISO93}
