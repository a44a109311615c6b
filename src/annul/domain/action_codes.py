"""Action codes of three digits (field 39 of ISO 8583:1993) as annul's response codes, and back.

An issuer's own word that it denies (1xx, 2xx) is a decline like any other. What is said about a
message (9xx) may come from a switch and proves nothing about the money, 914 (no such original)
among it: where a contract says that only the issuer says it, its link has `codes.914 = 25`.
Source: ISO 8583:1993 action codes; the response codes are those of 1987 with the same meaning.
"""

from collections.abc import Mapping
from typing import Final

_ERROR, _NOT_NOW, _FAULT = "06", "91", "96"

ACTION_CODES: Final[Mapping[str, str]] = {
    "000": "00", "001": "00", "002": "10", "003": "11", "004": "00", "005": "00", "006": "10",
    "007": "00",
    "100": "05", "101": "54", "102": "59", "103": "60", "104": "62", "105": "66", "106": "75",
    "107": "01", "108": "02", "109": "03", "110": "13", "111": "14", "112": "55", "113": "23",
    "114": "42", "115": "40", "116": "51", "117": "55", "118": "56", "119": "57", "120": "58",
    "121": "61", "122": "63", "123": "65", "124": "93", "125": "21", "126": "99", "127": "99",
    "128": "A7", "129": "59",
    "200": "04", "201": "33", "202": "34", "203": "35", "204": "36", "205": "37", "206": "38",
    "207": "07", "208": "41", "209": "43", "210": "34",
    "400": "00", "800": "00",
    "900": _ERROR, "901": _ERROR, "902": _ERROR, "903": _ERROR, "904": _ERROR, "905": _ERROR,
    "906": _NOT_NOW, "907": _NOT_NOW, "908": _NOT_NOW, "909": _FAULT, "910": _NOT_NOW,
    "911": "68", "912": _NOT_NOW, "913": "94", "914": _ERROR, "915": _ERROR, "916": _FAULT,
    "917": _FAULT, "918": _FAULT, "919": _FAULT, "920": _FAULT, "921": _FAULT, "922": _ERROR,
    "923": "09",
}  # fmt: skip

# What annul answers an issuer: to messages about the line, and to any other.
NETWORK_ACCEPTED: Final = "800"
_SAID: Final[Mapping[str, str]] = {"00": "000", "30": "904"}


def action_of(code: str, *, network: bool) -> str:
    """Give the action code that says a response code of annul's; its fault for what has none."""
    if network and code == "00":
        return NETWORK_ACCEPTED
    return _SAID.get(code, "909")
