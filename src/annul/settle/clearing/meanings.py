"""What a line says has become of money, by the words with which files say it."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from annul.domain.chargebacks import Act
from annul.domain.clearing import Effect
from annul.domain.kinds import KINDS, REVERSAL_MTIS, Kind, Money


class Meaning(NamedTuple):
    """The kind of what is cleared, and what it does to money; no effect: no money moves."""

    kind: str
    effect: Effect | None


_EFFECTS: Final = {Money.TAKE: Effect.TAKEN, Money.BACK: Effect.GIVEN_BACK}
_UNDONE: Final = {Money.TAKE: Effect.REVERSED, Money.BACK: Effect.RETURNED}
_SET_ASIDE: Final = "06"  # the condition that makes the family of pre-authorisations
_CONDITIONS: Final = tuple(f"{code:02}" for code in range(100) if f"{code:02}" != _SET_ASIDE)
# Between banks; the first is the one that is written.
_REVERSALS: Final = sorted(REVERSAL_MTIS, key=lambda mti: (mti != "0420", mti))
NOTHING: Final = Meaning("", None)


def _messages() -> Iterator[tuple[str, Meaning]]:
    """Give message type, first two digits of field 3 and condition of each kind, as one word."""
    for kind in KINDS.values():
        if not kind.processing_code or kind.qr:
            continue
        meaning = Meaning(kind.name, _EFFECTS.get(kind.money))
        undone = Meaning(kind.name, _UNDONE.get(kind.money))
        repeat = f"{kind.mti[:3]}1"
        yield from ((word, meaning) for word in _words(kind, kind.mti, repeat))
        if kind.reversible:
            yield from ((word, undone) for word in _words(kind, *_REVERSALS))


def _words(kind: Kind, *mtis: str) -> Iterator[str]:
    conditions = (_SET_ASIDE,) if kind.condition == _SET_ASIDE else _CONDITIONS
    return (f"{mti}{kind.processing_code[:2]}{code}" for mti in mtis for code in conditions)


# As between banks. There an inquiry has 30 in field 3, and a refund is one under any condition.
MESSAGES: Final[Mapping[str, Meaning]] = MappingProxyType(
    {
        **dict(_messages()),
        **{f"020030{code}": NOTHING for code in _CONDITIONS},
        f"022020{_SET_ASIDE}": Meaning("refund", Effect.GIVEN_BACK),
    }
)
# A charge for one of them; what moves no money may be charged for, too.
CHARGES: Final[Mapping[str, Meaning]] = MappingProxyType(
    {word: Meaning(meaning.kind, Effect.FEE) for word, meaning in MESSAGES.items()}
)
# The business types of payments that merchants settle with the network itself.
BUSINESS: Final[Mapping[str, Meaning]] = MappingProxyType(
    {
        "01": Meaning("sale", Effect.TAKEN),
        "31": Meaning("void", Effect.GIVEN_BACK),
        "04": Meaning("refund", Effect.GIVEN_BACK),
        "03": Meaning("completion", Effect.TAKEN),
        "33": Meaning("completion_void", Effect.GIVEN_BACK),
        "00": NOTHING,  # inquiry
        "02": NOTHING,  # pre-authorisation
        "32": NOTHING,  # its void
        "71": NOTHING,  # balance
    }
)
# Where only the direction is known: credited to the merchant, or debited.
DIRECTIONS: Final[Mapping[str, Meaning]] = MappingProxyType(
    {"C": Meaning("", Effect.TAKEN), "D": Meaning("", Effect.GIVEN_BACK)}
)


def _spoken() -> Iterator[tuple[str, Meaning]]:
    for kind in KINDS.values():
        if kind.money is Money.NONE or kind.qr:
            continue
        done = Meaning(kind.name, _EFFECTS.get(kind.money))
        undone = Meaning(kind.name, _UNDONE.get(kind.money))
        title = kind.title
        for word in (title.zh, title.en, kind.name):
            yield word, done
        if kind.reversible:
            for word in (f"{title.zh}冲正", f"reversal of {title.en}", f"{kind.name} reversal"):
                yield word, undone


_SALE, _VOID = Meaning("sale", Effect.TAKEN), Meaning("void", Effect.GIVEN_BACK)
_REFUND, _COMPLETION = Meaning("refund", Effect.GIVEN_BACK), Meaning("completion", Effect.TAKEN)
_CLAIMS: Final[Mapping[str, tuple[str, ...]]] = {
    Act.REQUEST.value: ("调单", "调单请求", "retrieval", "retrieval request"),
    Act.CHARGE_BACK.value: (
        "拒付",
        "一次拒付",
        "退单",
        "一次退单",
        "chargeback",
        "first chargeback",
    ),
    Act.SECOND.value: ("二次拒付", "二次退单", "second chargeback", "pre-arbitration"),
    Act.WITHDRAW.value: ("拒付撤销", "退单撤销", "chargeback reversal", "chargeback withdrawn"),
    Act.WIN.value: ("仲裁胜诉", "arbitration won"),
    Act.LOSE.value: ("仲裁败诉", "arbitration lost"),
}
# What people call them in tables, in lower case; each declared kind by its own titles, too.
SPOKEN: Final[Mapping[str, Meaning]] = MappingProxyType(
    {
        **dict(_spoken()),
        **dict.fromkeys(("刷卡消费", "交易", "支付", "purchase", "payment", "pay"), _SALE),
        **dict.fromkeys(("撤销", "消费撤单", "撤单", "cancel", "cancellation"), _VOID),
        **dict.fromkeys(("退款", "部分退货", "部分退款", "return"), _REFUND),
        **dict.fromkeys(("预授权完成", "预授权完成请求", "预授权完成通知", "capture"), _COMPLETION),
        **dict.fromkeys(
            ("冲正", "交易冲正", "消费冲正", "reversal", "sale reversal"),
            Meaning("sale", Effect.REVERSED),
        ),
        **dict.fromkeys(
            ("撤销冲正", "消费撤销冲正", "void reversal"), Meaning("void", Effect.RETURNED)
        ),
        **dict.fromkeys(("手续费", "服务费", "费用", "fee", "charge"), Meaning("", Effect.FEE)),
        **dict.fromkeys(("余额查询", "balance inquiry"), NOTHING),
        **{word: Meaning(act, Effect.CLAIMED) for act, words in _CLAIMS.items() for word in words},
    }
)
