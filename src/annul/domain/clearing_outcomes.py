"""What comes of a row of a clearing file, or of what it lacks, in a few words."""

from collections.abc import Mapping
from typing import Final

from .breaks import KINDS, BreakKind
from .text import Text

OUTCOMES: Final[Mapping[str, Text]] = {
    "": Text("无", "nothing"),
    "matched": Text("一致", "agrees"),
    "fee": Text("费用行", "a charge"),
    "claimed": Text("拒付，待人处理", "a chargeback, for people"),
    "carried": Text("缓冲后到达", "came after the cut-over"),
    "netted": Text("轧差", "netted"),
    "tolerated": Text("容差内一致", "agrees within tolerance"),
    "done": Text("证明已成功", "proves: done"),
    "not_done": Text("证明未成功", "proves: not done"),
    "denied": Text("与应答不符，争议", "denies the answer: a dispute"),
    "unknown": KINDS[BreakKind.MISSING_HERE],
    "fee_differs": KINDS[BreakKind.FEE],
    "expected": Text("留待后续文件", "expected later"),
    **{kind.value: text for kind, text in KINDS.items()},
}


def outcome(name: str) -> Text:
    """Say an outcome."""
    return OUTCOMES.get(name) or Text(name, name)
