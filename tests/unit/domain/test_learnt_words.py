"""What a learnt rule says, in both languages."""

from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from annul.domain.learnt import RuleKind
from annul.domain.learnt_words import lasting, said
from annul.domain.text import Text
from tests.support.learnt import learnt

_ZONE: Final = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("kind", "values", "text"),
    [
        (RuleKind.AMOUNT, {"number": 50_000, "within": 49_900}, Text(
            "500.00元以上的撤销：14笔中14笔被拒；499.00元及以下：212笔中212笔成功",
            "Voids above 500.00 were refused 14 of 14 times, up to 499.00 approved 212 of 212",
        )),
        (RuleKind.INTERVAL, {"number": 600}, Text(
            "距该卡上次撤销不足10分钟的撤销：14笔中14笔被拒；间隔更长或当天首笔的：212笔中212笔成功",
            "Voids within 10 min of the card's last one were refused 14 of 14 times, later "
            "or first ones approved 212 of 212",
        )),
        (RuleKind.AGE, {"number": 5_400, "refused_within": 3}, Text(
            "距消费超过1小时30分钟的撤销：14笔中14笔被拒；更早的：215笔中212笔成功",
            "Voids more than 1 h 30 min after the sale were refused 14 of 14 times, earlier "
            "ones approved 212 of 215",
        )),
        (RuleKind.HOURS, {"number": 1_380, "until": 30}, Text(
            "23:00至00:30之间的撤销：14笔中14笔被拒；其它时间：212笔中212笔成功",
            "Voids between 23:00 and 00:30 were refused 14 of 14 times, at other times "
            "approved 212 of 212",
        )),
        (RuleKind.DAY_END, {"number": 1_320}, Text(
            "22:00之前消费、22:00之后的撤销：14笔中14笔被拒；未跨过该时刻的：212笔中212笔成功",
            "Voids after 22:00 of what was sold before were refused 14 of 14 times, others "
            "approved 212 of 212",
        )),
        (RuleKind.WHOLE, {"role": "refund"}, Text(
            "部分金额的退货：14笔中14笔被拒；全额的：212笔中212笔成功",
            "Refunds of a part of the amount were refused 14 of 14 times, of the whole "
            "amount approved 212 of 212",
        )),
        (RuleKind.NEVER, {"prefix": "622848"}, Text(
            "卡段622848，撤销：14笔中14笔被拒",
            "Cards 622848: voids were refused 14 of 14 times",
        )),
        (RuleKind.COUNT, {"number": 2, "exceptions": 1}, Text(
            "同一张卡一天内第3笔起的撤销：15笔中14笔被拒；前2笔：212笔中212笔成功",
            "More than 2 of a card's voids on one day were refused 14 of 15 times, the first "
            "2 approved 212 of 212",
        )),
    ],
)  # fmt: skip
def test_a_rule_is_said_with_its_support(
    kind: RuleKind, values: dict[str, Any], text: Text
) -> None:
    told = said(learnt(kind, **values), _ZONE)
    assert told.zh == f"{text.zh}；自11月20日12:00起"
    assert told.en == f"{text.en}, since 20 Nov 12:00"


def test_a_rule_that_is_new_says_what_was_before() -> None:
    told = said(learnt(RuleKind.AMOUNT, 50_000, changed=True), _ZONE)
    assert told.zh.endswith("起，此前允许")
    assert told.en.endswith("; before, they were approved")


@pytest.mark.parametrize(
    ("seconds", "zh", "en"),
    [
        (0, "0秒", "0 s"),
        (59, "59秒", "59 s"),
        (90_061, "1天1小时", "1 d 1 h"),
        (7_205, "2小时5秒", "2 h 5 s"),
    ],
)
def test_a_span_has_two_units_at_most(seconds: int, zh: str, en: str) -> None:
    assert lasting(seconds) == (zh, en)
