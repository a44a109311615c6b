"""How a difference between a terminal's slip and the host's books ends. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from .text import Text


class Resolution(StrEnum):
    """What was found to be so."""

    HOST_STANDS = "host_stands"
    TERMINAL_STANDS = "terminal_stands"  # booked by a conclusion or a correction, which is named
    GIVEN_BACK = "given_back"


RESOLUTIONS: Final[Mapping[Resolution, Text]] = {
    Resolution.HOST_STANDS: Text("签购单有误，以主机为准", "the slip was wrong, the host stands"),
    Resolution.TERMINAL_STANDS: Text(
        "以终端为准，已人工结论或更正入账",
        "the terminal stands, booked by a conclusion or correction",
    ),
    Resolution.GIVEN_BACK: Text(
        "商户已用其他方式退还", "the shop gave the money back by other means"
    ),
}
