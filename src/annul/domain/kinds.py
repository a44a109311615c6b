"""Every kind of transaction that a terminal can ask for, declared once.

The codec's callers, the host's handlers, the simulators and the documents all read this table, and
no list of kinds stands anywhere else: what one needs is derived from the rows.
Source: UnionPay-style POS message set (MTI, fields 3, 25, 60.1 and 60.3).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, StrEnum

from .states import State
from .text import Text


class Money(StrEnum):
    """Which way money moves at the issuer when a kind is approved."""

    NONE = "none"
    TAKE = "take"  # from the cardholder to the merchant
    BACK = "back"  # to the cardholder again
    HOLD = "hold"  # set aside on the card, not moved
    RELEASE = "release"  # set free again


class Family(StrEnum):
    """Which handler serves a kind."""

    NETWORK = "network"
    FINANCIAL = "financial"
    ADVICE = "advice"
    REVERSAL = "reversal"
    BATCH = "batch"
    EVIDENCE = "evidence"  # of a transaction that is over


class Role(Enum):
    """What a kind is to the original that it names: `said` to people, and what it `makes` of it.

    A refund makes it partly refunded while not all of it is given back: the statement that writes
    it decides.
    """

    VOID = "撤销", "void", State.VOIDED  # takes it back whole
    REFUND = "退货", "refund", State.REFUNDED  # gives a part or all of it back
    COMPLETION = "预授权完成", "completion", State.COMPLETED  # charges what it has set aside

    def __init__(self, zh: str, en: str, makes: State) -> None:
        self.said = Text(zh, en)
        self.makes = makes


class Proof(StrEnum):
    """What must show that a message comes from its terminal before it may act."""

    MAC = "mac"  # its own
    LINE = "line"  # it has none: the connection is bound to the terminal
    EITHER = "either"  # a repeat of it changes nothing, so that a MAC of its own does as well
    NOTHING = "nothing"  # it changes nothing: the keys of a sign-in open for its terminal only


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind: how to know it on the wire, what it does to money, what it needs.

    `required` are the fields without which the host answers 30; `optional` those that it may carry
    besides; `role` is what it is to its original, an approved transaction of one of the kinds
    `undoes`; `network` lists the accepted values of field 60.3; `unbound` says that a terminal's
    profile may let it act without its `proof`.
    """

    name: str
    title: Text
    mti: str
    processing_code: str
    condition: str
    function: str
    network: tuple[str, ...] = ("000", "")
    family: Family = Family.FINANCIAL
    money: Money = Money.NONE
    role: Role | None = None
    undoes: tuple[str, ...] = ()
    reversible: bool = False
    required: tuple[int, ...] = ()
    optional: tuple[int, ...] = ()
    proof: Proof = Proof.MAC
    unbound: bool = False
    qr: bool = False

    @property
    def owed(self) -> str:
        """What its issuer is owed while nobody knows its outcome; nothing if it moves no money.

        Its `reversal`, or where it can not be reversed itself again, as an `advice`.
        """
        if self.money is Money.NONE:
            return ""
        return "reversal" if self.reversible else "advice"

    @property
    def makes(self) -> str:
        """The state of its original once this is approved; empty when it has none."""
        return self.role.makes if self.role else ""

    @property
    def voided_by(self) -> str:
        """The kind that takes it back whole, or empty."""
        return _UNDONE_BY.get((self.name, Role.VOID), "")

    @property
    def refunded_by(self) -> str:
        """The kind that gives a part or all of it back, or empty."""
        return _UNDONE_BY.get((self.name, Role.REFUND), "")


_CARD = (3, 4, 11, 22, 25, 41, 42, 49, 60)
_ORIGINAL = (*_CARD, 61)
_NETWORK = (11, 41, 42, 60)
# Which card, and what any request may name besides.
_NAMED = (2, 14, 23, 35, 38, 63)
# What takes money: with a PIN, and with a chip's data, which the issuer checks. What gives it back
# does without: they can hold anything, and so are room to make a MAC fit that was seen elsewhere.
_SCANNED = (*_NAMED, 26, 32, 52, 53)
_TAKEN = (*_SCANNED, 55)
_GIVEN = (*_NAMED, 37)

_ALL = (
    Kind("balance", Text("余额查询", "balance inquiry"), "0200", "310000", "00", "01",
         required=(3, 11, 22, 25, 41, 42, 49, 60),
         optional=_TAKEN),
    Kind("sale", Text("消费", "sale"), "0200", "000000", "00", "22",
         money=Money.TAKE, reversible=True, required=_CARD,
         optional=_TAKEN),
    Kind("void", Text("消费撤销", "void of a sale"), "0200", "200000", "00", "23",
         money=Money.BACK, role=Role.VOID, undoes=("sale",), reversible=True,
         required=(*_ORIGINAL, 37), optional=_GIVEN),
    Kind("refund", Text("退货", "refund"), "0220", "200000", "00", "25",
         money=Money.BACK, role=Role.REFUND, undoes=("sale", "completion", "completion_advice"),
         required=(*_ORIGINAL, 37), optional=_GIVEN),
    Kind("preauth", Text("预授权", "pre-authorisation"), "0100", "030000", "06", "10",
         money=Money.HOLD, reversible=True, required=_CARD,
         optional=_TAKEN),
    Kind("preauth_void", Text("预授权撤销", "void of a pre-authorisation"),
         "0100", "200000", "06", "11",
         money=Money.RELEASE, role=Role.VOID, undoes=("preauth",), reversible=True,
         required=(*_ORIGINAL, 38), optional=_GIVEN),
    Kind("completion", Text("预授权完成(请求)", "pre-authorisation completion"),
         "0200", "000000", "06",
         "20", money=Money.TAKE, role=Role.COMPLETION, undoes=("preauth",), reversible=True,
         required=(*_ORIGINAL, 38), optional=_TAKEN),
    Kind("completion_advice", Text("预授权完成(通知)", "pre-authorisation completion advice"),
         "0220",
         "000000", "06", "24", family=Family.ADVICE, money=Money.TAKE, role=Role.COMPLETION,
         undoes=("preauth",), required=(*_ORIGINAL, 38), optional=_TAKEN),
    Kind("completion_void", Text("预授权完成撤销", "void of a completion"),
         "0200", "200000", "06", "21",
         money=Money.BACK, role=Role.VOID, undoes=("completion",), reversible=True,
         required=(*_ORIGINAL, 37), optional=_GIVEN),
    Kind("qr_sale", Text("扫码消费", "QR sale"), "0200", "000000", "00", "22",
         money=Money.TAKE, reversible=True, required=(*_CARD, 59), qr=True,
         optional=_SCANNED),
    Kind("qr_void", Text("扫码消费撤销", "void of a QR sale"), "0200", "200000", "00", "23",
         money=Money.BACK, role=Role.VOID, undoes=("qr_sale",), reversible=True, qr=True,
         required=(*_ORIGINAL, 37, 59), optional=_GIVEN),
    Kind("qr_refund", Text("扫码退货", "refund of a QR sale"), "0220", "200000", "00", "25",
         money=Money.BACK, role=Role.REFUND, undoes=("qr_sale",), qr=True,
         required=(*_ORIGINAL, 37, 59), optional=_GIVEN),
    Kind("sign_in", Text("签到", "sign-in"), "0800", "", "", "00",
         network=("001", "003", "004", "005", "006", "913", "914", "925", "937"),
         family=Family.NETWORK, required=_NETWORK,
         optional=(32, 62, 63), proof=Proof.NOTHING),
    Kind("sign_off", Text("签退", "sign-off"), "0820", "", "", "00", network=("002",),
         family=Family.NETWORK, required=_NETWORK,
         optional=(32, 63), proof=Proof.LINE),
    Kind("echo", Text("回响测试", "echo test"), "0820", "", "", "00", network=("301",),
         family=Family.NETWORK, required=(41, 42, 60),
         optional=(11,), proof=Proof.NOTHING),
    Kind("parameters", Text("参数下载", "parameter download"),
         "0800", "", "", "00", network=("360",),
         family=Family.NETWORK, required=(41, 42, 60), optional=(11,), proof=Proof.NOTHING),
    Kind("parameters_taken", Text("参数下载结束", "end of parameter download"),
         "0800", "", "", "00",
         network=("361",), family=Family.NETWORK, required=(41, 42, 60), optional=(11,),
         proof=Proof.LINE, unbound=True),
    Kind("ca_keys", Text("IC卡公钥查询", "list of public keys"), "0820", "", "", "00",
         network=("372",), family=Family.NETWORK, required=(41, 42, 60), optional=(11, 62),
         proof=Proof.NOTHING),
    Kind("ca_key", Text("IC卡公钥下载", "public key download"), "0800", "", "", "00",
         network=("370",), family=Family.NETWORK, required=(41, 42, 60, 62), optional=(11,),
         proof=Proof.NOTHING),
    Kind("ca_keys_taken", Text("IC卡公钥下载结束", "end of public key download"),
         "0800", "", "", "00", network=("371",), family=Family.NETWORK, required=(41, 42, 60),
         optional=(11, 62), proof=Proof.LINE, unbound=True),
    Kind("aids", Text("IC卡参数查询", "list of chip applications"), "0820", "", "", "00",
         network=("382",), family=Family.NETWORK, required=(41, 42, 60), optional=(11, 62),
         proof=Proof.NOTHING),
    Kind("aid", Text("IC卡参数下载", "chip parameter download"), "0800", "", "", "00",
         network=("380",), family=Family.NETWORK, required=(41, 42, 60, 62), optional=(11,),
         proof=Proof.NOTHING),
    Kind("aids_taken", Text("IC卡参数下载结束", "end of chip parameter download"),
         "0800", "", "", "00", network=("381",), family=Family.NETWORK, required=(41, 42, 60),
         optional=(11, 62), proof=Proof.LINE, unbound=True),
    # Black lists of cards, parameters without contact, cards that need no PIN, and those that do.
    Kind("card_lists", Text("卡表下载", "card list download"), "0800", "", "", "00",
         network=("390", "394", "396", "398"), family=Family.NETWORK, required=(41, 42, 60),
         optional=(11, 62), proof=Proof.NOTHING),
    Kind("card_lists_taken", Text("卡表下载结束", "end of card list download"),
         "0800", "", "", "00", network=("391", "395", "397", "399"), family=Family.NETWORK,
         required=(41, 42, 60), optional=(11, 62), proof=Proof.LINE, unbound=True),
    Kind("status", Text("状态上送", "status upload"), "0820", "", "", "00", network=("362",),
         family=Family.NETWORK, required=(41, 42, 60, 62),
         optional=(11,), proof=Proof.LINE, unbound=True),
    Kind("script_result", Text("脚本结果通知", "script result"), "0620", "", "", "00",
         network=("951",), family=Family.EVIDENCE, required=(11, 22, 41, 42, 55, 60, 61),
         optional=(2, 3, 4, 14, 23, 25, 32, 37, 38, 49)),
    # In parts; under the number (11) of the transaction that it is about.
    Kind("signature", Text("电子签名上送", "signature upload"), "0820", "", "", "07",
         network=tuple(f"{part}" for part in range(800, 816)), family=Family.EVIDENCE,
         required=(11, 41, 42, 60, 62), optional=(2, 4, 14, 15, 23, 37),
         proof=Proof.EITHER),
    Kind("settlement", Text("批结算", "batch settlement"), "0500", "", "", "00", network=("201",),
         family=Family.BATCH, required=(11, 41, 42, 48, 49, 60),
         optional=(63,), proof=Proof.EITHER, unbound=True),
    Kind("batch_upload", Text("批上送", "batch upload"), "0320", "", "", "00", network=("201",),
         family=Family.BATCH, required=(11, 41, 42, 48, 60),
         optional=(49, 63), proof=Proof.EITHER),
    # Under the number (11) of the transaction that it is about, with what the chip gave (55).
    Kind("ic_upload", Text("IC批上送", "chip upload"), "0320", "", "", "22",
         network=("203", "204", "205", "206"), family=Family.BATCH,
         required=(4, 11, 22, 41, 42, 55, 60),
         optional=(2, 3, 14, 23, 25, 32, 37, 38, 49, 62), proof=Proof.EITHER),
    Kind("batch_upload_end", Text("批上送结束", "end of batch upload"), "0320", "", "", "00",
         network=("202", "207"), family=Family.BATCH, required=(11, 41, 42, 48, 60),
         optional=(49, 63), proof=Proof.EITHER),
)  # fmt: skip

KINDS: dict[str, Kind] = {kind.name: kind for kind in _ALL}


def _names(kinds: Iterable[Kind]) -> tuple[str, ...]:
    return tuple(kind.name for kind in kinds)


VOIDS = _names(kind for kind in _ALL if kind.role is Role.VOID)
REFUNDS = _names(kind for kind in _ALL if kind.role is Role.REFUND)
COMPLETIONS = _names(kind for kind in _ALL if kind.role is Role.COMPLETION)
# What gives an original back, or sets it free.
UNDOING = (*VOIDS, *REFUNDS)
# What moves money from the cardholder, and what moves it back.
TAKING = _names(kind for kind in _ALL if kind.money is Money.TAKE)
GIVING = _names(kind for kind in _ALL if kind.money is Money.BACK)
# What refers to an original: each that is not approved becomes a case.
CASED = _names(kind for kind in _ALL if kind.role)
REVERSIBLE = _names(kind for kind in _ALL if kind.reversible)

_UNDONE_BY = {
    (original, kind.role): kind.name
    for kind in _ALL
    for original in kind.undoes
    if kind.name in UNDOING
}
# What can be voided, and what can be refunded.
VOIDABLE = _names(kind for kind in _ALL if kind.voided_by)
REFUNDABLE = _names(kind for kind in _ALL if kind.refunded_by)

_FINANCIAL = {
    (kind.mti, kind.processing_code, kind.condition, kind.function, kind.qr): kind
    for kind in _ALL
    if kind.processing_code
}
_MANAGEMENT = {
    (kind.mti, network): kind
    for kind in _ALL
    if not kind.processing_code
    for network in kind.network
}
# Their kind is the network code's, also where they repeat the processing code of an original.
_UNPROCESSED = frozenset(kind.mti for kind in _ALL if not kind.processing_code)
REVERSAL_MTI = "0400"
# A reversal as a request and as an advice: the terminal goes by "not done" either way.
_REVERSALS = (REVERSAL_MTI, "0420")
# What a reversal repeats of its original, with the reason (39) and a chip's results (55).
_REVERSAL = (2, 3, 4, 11, 14, 22, 23, 25, 32, 37, 38, 39, 41, 42, 49, 60)
MAC_FIELD = 64
_FIRST, _AGAIN = "0", "1"  # the fourth digit: who speaks, and whether again


def first_mti(mti: str) -> str:
    """Give the message type of what a message repeats, its own if it repeats nothing.

    Source: ISO 8583, message origin: 0221 is 0220 sent again, and means the same.
    """
    return mti[:3] + _FIRST if mti[3:] == _AGAIN else mti


def answer_mti(mti: str) -> str:
    """Give the message type that answers another: the third digit one higher (0200 -> 0210).

    A repeat is answered as what it repeats: 0221 -> 0230, 0401 -> 0410, 0421 -> 0430.
    """
    first = first_mti(mti)
    return f"{first[:2]}{int(first[2]) + 1}{first[3]}"


def _said(mtis: Iterable[str]) -> frozenset[str]:
    """Give message types, each also as the repeat of itself."""
    return frozenset(mti[:3] + origin for mti in mtis for origin in (_FIRST, _AGAIN))


# Message types that a terminal asks with, those of them that carry a MAC by the standard, and those
# that take back what it asked for.
REVERSAL_MTIS = _said(_REVERSALS)
REQUEST_MTIS = _said(kind.mti for kind in _ALL) | REVERSAL_MTIS
MAC_MTIS = _said(kind.mti for kind in _ALL if kind.proof is Proof.MAC) | REVERSAL_MTIS


def fields_of(kind: Kind, *, reversal: bool = False) -> frozenset[int]:
    """Give the fields that a request of a kind, or its reversal, knows; the MAC is one of them."""
    if not reversal:
        return frozenset({*kind.required, *kind.optional, MAC_FIELD})
    more = {number for number in (55, 59, 61) if number in {*kind.required, *kind.optional}}
    return frozenset({*_REVERSAL, *more, MAC_FIELD})


KNOWN = {
    (kind.name, reversal): fields_of(kind, reversal=reversal)
    for kind in _ALL
    for reversal in (False, True)
}
_REVERSED = {
    (kind.processing_code, kind.condition, kind.function, kind.qr): kind
    for kind in _ALL
    if kind.reversible
}


def find_kind(
    mti: str, processing_code: str, condition: str, function: str, network: str, entry_mode: str
) -> Kind | None:
    """Recognise a request or its repeat; for a reversal, the kind of transaction that it reverses.

    Condition codes other than 06 (the pre-authorisation family) are the merchant's circumstances,
    not another kind. Entry mode 03x is a scanned code, which makes the QR kinds.
    """
    first = first_mti(mti)
    if first in _UNPROCESSED:
        return _MANAGEMENT.get((first, network))
    qr = entry_mode.startswith("03")
    family = "06" if condition == "06" else "00"
    if mti in REVERSAL_MTIS:
        return _REVERSED.get((processing_code, family, function, qr))
    return _FINANCIAL.get((first, processing_code, family, function, qr))
