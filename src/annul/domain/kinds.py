"""Every kind of transaction that a terminal can ask for, declared once.

The codec's callers, the host's handlers, the simulators and the documents all read this table.
Source: UnionPay-style POS message set (MTI, fields 3, 25, 60.1 and 60.3).
"""

from dataclasses import dataclass
from enum import StrEnum


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


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind: how to know it on the wire, what it does to money, what it needs.

    `required` are the fields without which the host answers 30; `undoes` names the kind whose
    approved transaction it refers to; `network` lists the accepted values of field 60.3.
    """

    name: str
    zh: str
    en: str
    mti: str
    processing_code: str
    condition: str
    function: str
    network: tuple[str, ...] = ("000", "")
    family: Family = Family.FINANCIAL
    money: Money = Money.NONE
    undoes: str | None = None
    reversible: bool = False
    required: tuple[int, ...] = ()
    has_mac: bool = True
    qr: bool = False

    @property
    def reply_mti(self) -> str:
        """The MTI of the answer: the third digit one higher (0200 -> 0210)."""
        return f"{self.mti[:2]}{int(self.mti[2]) + 1}{self.mti[3]}"


_CARD = (3, 4, 11, 22, 25, 41, 42, 49, 60)
_ORIGINAL = (*_CARD, 61)
_NETWORK = (11, 41, 42, 60)

_ALL = (
    Kind("balance", "余额查询", "balance inquiry", "0200", "310000", "00", "01",
         required=(3, 11, 22, 25, 41, 42, 49, 60)),
    Kind("sale", "消费", "sale", "0200", "000000", "00", "22",
         money=Money.TAKE, reversible=True, required=_CARD),
    Kind("void", "消费撤销", "void of a sale", "0200", "200000", "00", "23",
         money=Money.BACK, undoes="sale", reversible=True, required=(*_ORIGINAL, 37)),
    Kind("refund", "退货", "refund", "0220", "200000", "00", "25",
         money=Money.BACK, undoes="sale", required=(*_ORIGINAL, 37)),
    Kind("preauth", "预授权", "pre-authorisation", "0100", "030000", "06", "10",
         money=Money.HOLD, reversible=True, required=_CARD),
    Kind("preauth_void", "预授权撤销", "void of a pre-authorisation", "0100", "200000", "06", "11",
         money=Money.RELEASE, undoes="preauth", reversible=True, required=(*_ORIGINAL, 38)),
    Kind("completion", "预授权完成(请求)", "pre-authorisation completion", "0200", "000000", "06",
         "20", money=Money.TAKE, undoes="preauth", reversible=True, required=(*_ORIGINAL, 38)),
    Kind("completion_advice", "预授权完成(通知)", "pre-authorisation completion advice", "0220",
         "000000", "06", "24", family=Family.ADVICE, money=Money.TAKE, undoes="preauth",
         required=(*_ORIGINAL, 38)),
    Kind("completion_void", "预授权完成撤销", "void of a completion", "0200", "200000", "06", "21",
         money=Money.BACK, undoes="completion", reversible=True, required=(*_ORIGINAL, 37)),
    Kind("qr_sale", "二维码消费", "QR sale", "0200", "000000", "00", "22",
         money=Money.TAKE, reversible=True, required=(*_CARD, 59), qr=True),
    Kind("qr_void", "二维码消费撤销", "void of a QR sale", "0200", "200000", "00", "23",
         money=Money.BACK, undoes="qr_sale", reversible=True, required=(*_ORIGINAL, 37, 59),
         qr=True),
    Kind("qr_refund", "二维码退货", "refund of a QR sale", "0220", "200000", "00", "25",
         money=Money.BACK, undoes="qr_sale", required=(*_ORIGINAL, 37, 59), qr=True),
    Kind("sign_in", "签到", "sign-in", "0800", "", "", "00",
         network=("001", "003", "004", "005", "006"), family=Family.NETWORK, required=_NETWORK,
         has_mac=False),
    Kind("sign_off", "签退", "sign-off", "0820", "", "", "00", network=("002",),
         family=Family.NETWORK, required=_NETWORK, has_mac=False),
    Kind("echo", "回响测试", "echo test", "0820", "", "", "00", network=("301",),
         family=Family.NETWORK, required=(41, 42, 60), has_mac=False),
    Kind("parameters", "参数下载", "parameter download", "0800", "", "", "00",
         network=("360", "361"), family=Family.NETWORK, required=(41, 42, 60), has_mac=False),
    Kind("status", "状态上送", "status upload", "0820", "", "", "00", network=("362",),
         family=Family.NETWORK, required=(41, 42, 60, 62), has_mac=False),
    Kind("settlement", "批结算", "batch settlement", "0500", "", "", "00", network=("201",),
         family=Family.BATCH, required=(11, 41, 42, 48, 49, 60), has_mac=False),
    Kind("batch_upload", "批上送", "batch upload", "0320", "", "", "00", network=("201",),
         family=Family.BATCH, required=(11, 41, 42, 48, 60), has_mac=False),
    Kind("batch_upload_end", "批上送结束", "end of batch upload", "0320", "", "", "00",
         network=("202", "207"), family=Family.BATCH, required=(11, 41, 42, 48, 60),
         has_mac=False),
)  # fmt: skip

KINDS: dict[str, Kind] = {kind.name: kind for kind in _ALL}

# What takes a sale or a pre-authorisation back whole: each that is not approved becomes a case.
VOIDS = ("void", "qr_void", "preauth_void", "completion_void")
REVERSIBLE = tuple(kind.name for kind in _ALL if kind.reversible)

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
REVERSAL_MTI = "0400"
_REVERSED = {
    (kind.processing_code, kind.condition, kind.function, kind.qr): kind
    for kind in _ALL
    if kind.reversible
}


def find_kind(
    mti: str, processing_code: str, condition: str, function: str, network: str, entry_mode: str
) -> Kind | None:
    """Recognise a request; for a reversal (0400), the kind of transaction that it reverses.

    Condition codes other than 06 (the pre-authorisation family) are the merchant's circumstances,
    not another kind. Entry mode 03x is a scanned code, which makes the QR kinds.
    """
    if not processing_code:
        return _MANAGEMENT.get((mti, network))
    qr = entry_mode.startswith("03")
    family = "06" if condition == "06" else "00"
    if mti == REVERSAL_MTI:
        return _REVERSED.get((processing_code, family, function, qr))
    return _FINANCIAL.get((mti, processing_code, family, function, qr))
