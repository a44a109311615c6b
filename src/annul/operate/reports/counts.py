"""What a report counts, and the shares that it compares."""

from collections.abc import Callable
from enum import StrEnum
from typing import Final, NamedTuple

from annul.domain.text import Text

from .chance import Share


class Counts(NamedTuple):
    """Voids of some days; the database counts, cells add up.

    `at_once` went through without a case. The others are cases: how they stand, `decided` (ended,
    or past their first due time) and of those `in_time`; and within what time they have ended.
    """

    at_once: int = 0
    voided: int = 0
    refunded: int = 0
    refused: int = 0
    unproved: int = 0
    open: int = 0
    decided: int = 0
    in_time: int = 0
    minute: int = 0
    hour: int = 0
    day: int = 0
    longer: int = 0

    def __add__(self, other: "Counts") -> "Counts":  # pyright: ignore[reportIncompatibleMethodOverride]
        """Add counts of other voids."""
        return Counts(*(a + b for a, b in zip(self, other, strict=True)))

    @property
    def failed(self) -> int:
        """What did not go through at once, and so became a case."""
        return self.voided + self.refunded + self.refused + self.unproved + self.open

    @property
    def asked(self) -> int:
        """All that was asked for."""
        return self.at_once + self.failed


NONE: Final = Counts()
# How voids end, in the order of a report; open ones have not.
ENDS: Final = ("at_once", "voided", "refunded", "refused", "unproved", "open")
ENDS_SAID: Final = {
    "at_once": Text("当场撤销", "voided at once"),
    "voided": Text("经处理后撤销", "voided by a case"),
    "refunded": Text("改为退货", "refunded instead"),
    "refused": Text("未撤销（附理由）", "refused with a reason"),
    "unproved": Text("结果待证", "outcome unproved"),
    "open": Text("处理中", "open"),
}
TIMES: Final = ("minute", "hour", "day", "longer")
TIMES_SAID: Final = {
    "minute": Text("1 分钟内", "within 1 minute"),
    "hour": Text("1 小时内", "within 1 hour"),
    "day": Text("24 小时内", "within 24 hours"),
    "longer": Text("超过 24 小时", "more than 24 hours"),
}


class Better(StrEnum):
    """Which way is better."""

    MORE = "more"
    LESS = "less"


class Figure(NamedTuple):
    """A share that is compared."""

    name: str
    title: Text
    share: Callable[[Counts], Share]
    better: Better


FIGURES: Final = {
    one.name: one
    for one in (
        Figure("failed", Text("未当场撤销", "not voided at once"),
               lambda c: Share(c.failed, c.asked), Better.LESS),
        Figure("in_time", Text("按时结案率", "closed on time"),
               lambda c: Share(c.in_time, c.decided), Better.MORE),
        Figure("money_back", Text("款项退回持卡人", "money given back"),
               lambda c: Share(c.at_once + c.voided + c.refunded, c.asked), Better.MORE),
        Figure("refused", Text("未撤销（附理由）", "refused with a reason"),
               lambda c: Share(c.refused, c.asked), Better.LESS),
        Figure("unproved", Text("结果待证", "outcome unproved"),
               lambda c: Share(c.unproved, c.asked), Better.LESS),
    )
}  # fmt: skip
