"""What of a card may be shown: the first six and the last four digits."""

import re
from typing import Final

_TRACK: Final = re.compile(r"^(\d{8,19})([D=])(.*)$", re.DOTALL)
_SHORTEST: Final = 11  # below this, first six and last four would be nearly all of it


def mask_pan(pan: str) -> str:
    """Show 6200000000000005 as 620000******0005; a shorter number shows its last four at most."""
    if len(pan) < _SHORTEST:
        return "*" * max(len(pan) - 4, 0) + pan[-4:] if len(pan) > 4 else "*" * len(pan)
    return f"{pan[:6]}{'*' * (len(pan) - 10)}{pan[-4:]}"


def mask_track(track: str) -> str:
    """Show a track's card number masked and nothing of what follows it."""
    match = _TRACK.match(track)
    return f"{mask_pan(match[1])}{match[2]}{'*' * len(match[3])}" if match else "*" * len(track)
