"""What `annul pos` says besides slips, in both languages."""

from collections.abc import Mapping
from typing import Final

from annul.domain.text import Text

SIGNED_IN: Final = Text("签到成功，批次{0}", "signed in, batch {0}")
NOTHING_OWED: Final = Text("没有待发的冲正", "nothing is owed")
CLEARED: Final = Text("凭证{0}：冲正已清除", "voucher {0}: reversal cleared")
EARLIER: Final = Text("凭证{0}：{1}", "voucher {0}: {1}")
PARAMETERS: Final = Text(
    "超时{0}秒，冲正最多发{1}次", "time-out {0} s, reversal sent {1} times at most"
)
OWED: Final[Mapping[str, Text]] = {
    "reversal": Text("待冲正", "reversal owed"),
    "repeat": Text("待重发", "to be sent again"),
}
