"""How a case stands or has ended, in the words of what was asked for."""

from typing import Final

from annul.domain.kinds import COMPLETIONS, REFUNDS
from annul.domain.text import Text

from .case import UNPROVED
from .requests import COMPLETED

_ENDS: Final = {
    "": Text("处理中", "open"),
    "voided": Text("已撤销", "voided"),
    "refunded": Text("已改为退货", "refunded instead"),
    "refused": Text("未撤销", "not voided"),
    UNPROVED: Text("结果待证", "outcome unproved"),
}
_OF_REFUND: Final = _ENDS | {
    "refunded": Text("已退货", "refunded"),
    "refused": Text("未退货", "not refunded"),
}
_OF_COMPLETION: Final = _ENDS | {"refused": Text("未完成", "not completed")}
_COMPLETED: Final = Text("已完成", "completed")


def ended(how: str, kind: str, step: str = "") -> Text:
    """Name an end (empty: open) of a case about a kind of request; `step` is its last one."""
    if kind in REFUNDS:
        return _OF_REFUND[how]
    if kind not in COMPLETIONS:
        return _ENDS[how]
    return _COMPLETED if how == "refused" and step == COMPLETED else _OF_COMPLETION[how]
