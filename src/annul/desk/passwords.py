"""What a password must be like, besides being kept as a hash."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from annul.domain.errors import AnnulError
from annul.domain.text import Text

SHORTEST: Final = 12  # characters of a password that a person chooses
PAST: Final = 4  # passwords before the present one that can not come again: five with it


class Why(StrEnum):
    """Why a password is not taken."""

    SHORT = "short"
    NAME = "name"
    USED = "used"


WHY: Final[Mapping[Why, Text]] = {
    Why.SHORT: Text(
        f"口令至少要有{SHORTEST}个字符。", f"A password has at least {SHORTEST} characters."
    ),
    Why.NAME: Text("口令不能是用户名。", "A password is not the name of its user."),
    Why.USED: Text(
        f"不能再用最近{PAST + 1}个口令。", f"The last {PAST + 1} passwords cannot be used again."
    ),
}


class PasswordRefused(AnnulError):
    """This password is not taken. Nothing was changed."""

    code = "access.password"
    next_step = "Choose another one."

    def __init__(self, why: Why) -> None:
        super().__init__(WHY[why].en)
        self.why = why


def fits(name: str, password: str) -> None:
    """Let a password pass that is long enough and not the name; raises `PasswordRefused`."""
    if len(password) < SHORTEST:
        raise PasswordRefused(Why.SHORT)
    if password.casefold() == name.casefold():
        raise PasswordRefused(Why.NAME)
