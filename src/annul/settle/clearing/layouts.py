"""The layouts of fixed positions that are known: a new one is one more table here.

A row of a table: the field's name, its bytes, its type, the slot of a row that it fills, its title
in Chinese and English. Fields stand one blank apart, or right after each other where `_JOINED`.
Sources: UnionPay's files for members (COM, COMA, LFEE) and for merchants (ZM, ZME). What a source
only gives the width of is called by its number.
"""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from annul.domain.text import Text

from .fields import (
    AMOUNT,
    ANY,
    CARD,
    DAY,
    DIGITS,
    MAYBE,
    MAYBE_MOMENT,
    MAYBE_NAME,
    MOMENT,
    MONEY,
    NAME,
    OTHER_CARD,
    REVERSED,
    SHOWN_CARD,
    SIDE,
    SIDED,
    VOIDED,
    Field,
    Layout,
    Type,
)  # fmt: skip
from .meanings import BUSINESS, CHARGES, DIRECTIONS, MESSAGES

_Row: TypeAlias = tuple[str, int, Type, str, str, str]
_JOINED: Final = "+"  # before a name: no blank before this field

_COM: Final[tuple[_Row, ...]] = (
    ("acquirer", 11, ANY, "", "代理机构", "acquirer"),
    ("forwarder", 11, ANY, "", "发送机构", "forwarding institution"),
    ("trace", 6, DIGITS, "trace", "系统跟踪号", "trace"),
    ("sent_at", 10, MOMENT, "sent_at", "传输时间", "time of transmission"),
    ("card", 19, CARD, "card", "主账号", "card number"),
    ("amount", 12, AMOUNT, "amount", "交易金额", "amount"),
    ("accepted", 12, ANY, "", "部分承兑金额", "amount accepted in part"),
    ("cardholder_fee", 12, ANY, "", "持卡人手续费", "fee of the cardholder"),
    ("message", 4, DIGITS, "word_1", "报文类型", "message type"),
    ("processing", 2, DIGITS, "word_2", "交易类型码", "processing code"),
    ("+accounts", 4, DIGITS, "", "交易类型码(账户)", "processing code, accounts"),
    ("category", 4, ANY, "", "商户类型", "merchant category"),
    ("terminal_id", 8, MAYBE_NAME, "terminal_id", "终端号", "terminal"),
    ("merchant_id", 15, NAME, "merchant_id", "商户号", "merchant"),
    ("rrn", 12, MAYBE_NAME, "rrn", "检索参考号", "reference number"),
    ("condition", 2, DIGITS, "word_3", "服务点条件码", "condition code"),
    ("auth_code", 6, MAYBE_NAME, "auth_code", "授权码", "authorisation code"),
    ("receiver", 11, ANY, "", "接收机构", "receiving institution"),
    ("original_trace", 6, MAYBE, "original_trace", "原跟踪号", "trace of the original"),
    ("code", 2, MAYBE_NAME, "code", "应答码", "response code"),
    ("entry_mode", 3, ANY, "", "输入方式", "entry mode"),
    ("fee_got", 12, MONEY, "fee_got", "受理方应收手续费", "fee that the acquirer gets"),
    ("fee_paid", 12, MONEY, "fee_paid", "受理方应付手续费", "fee that the acquirer pays"),
    ("switch_fee", 12, SIDED, "fee_more", "转接服务费", "fee of the switch"),
    ("converted", 1, ANY, "", "单双转换", "single or dual message"),
    ("card_sequence", 3, ANY, "", "卡序列号", "number among a card's chips"),
    ("reader", 1, ANY, "", "读卡能力", "what the terminal reads"),
    ("chip_condition", 1, ANY, "", "IC卡条件", "condition of the chip"),
    ("original_at", 10, MAYBE_MOMENT, "original_at", "原交易时间", "time of the original"),
    ("issuer", 11, ANY, "", "发卡机构", "issuer"),
    ("region", 1, ANY, "", "地域标志", "at home or abroad"),
    ("device", 2, ANY, "", "终端类型", "kind of terminal"),
    ("commerce", 2, ANY, "", "ECI标志", "indicator of electronic commerce"),
    ("instalment_fee", 12, ANY, "", "分期附加手续费", "fee of instalments"),
    ("other", 14, ANY, "", "其他信息", "other information"),
)  # fmt: skip

_COMA: Final[tuple[_Row, ...]] = (
    *_COM,
    ("sender_clears", 11, ANY, "", "发送方清算机构", "who clears for the sender"),
    ("receiver_clears", 11, ANY, "", "接收方清算机构", "who clears for the receiver"),
    ("reversed", 1, REVERSED, "undone_r", "冲正标志", "reversed"),
    ("voided", 1, VOIDED, "undone_c", "撤销标志", "voided"),
    ("settles_on", 4, DAY, "settles_on", "清算日期", "settlement date"),
    ("session", 2, ANY, "", "清算场次", "session of the clearing"),
    ("place", 40, ANY, "", "商户名称地址", "merchant's name and place"),
    ("currency", 3, DIGITS, "currency", "币种", "currency"),
    ("discount", 9, ANY, "", "收单自动折扣手续费", "discount of the acquirer"),
    ("merchant_fee", 9, ANY, "", "商户手续费", "fee of the merchant"),
    ("merchant_bank", 11, ANY, "", "商户结算行", "merchant's bank"),
    ("merchant_bank_fee", 9, ANY, "", "商户结算行费用", "fee of the merchant's bank"),
    *(
        row
        for at in range(1, 10)
        for row in (
            (f"partner_{at}", 11, ANY, "", f"收单服务方{at}", f"partner {at} of the acquirer"),
            (f"partner_fee_{at}", 9, ANY, "", f"收单服务方{at}费用", f"fee of partner {at}"),
        )
    ),
    *((f"own_fee_{at}", 9, ANY, "", f"自定费用{at}", f"fee {at} of one's own") for at in (1, 2, 3)),
    ("card_to", 19, OTHER_CARD, "", "转入卡", "card that is paid to"),
    ("rest", 280, ANY, "", "保留", "reserved"),
)  # fmt: skip

_LFEE: Final[tuple[_Row, ...]] = (
    ("branch", 11, ANY, "", "一级分行", "branch of the acquirer"),
    ("union", 1, ANY, "", "银联标准卡", "a card of UnionPay's own"),
    ("credit", 2, ANY, "", "借贷记", "debit or credit card"),
    ("device", 2, ANY, "", "终端类型", "kind of terminal"),
    ("medium", 1, ANY, "", "卡介质", "stripe or chip"),
    ("region", 1, ANY, "", "地域标志", "at home or abroad"),
    ("category", 4, ANY, "", "商户类型", "merchant category"),
    ("sub_branch", 11, ANY, "", "二级分行", "branch below it"),
    ("acceptor", 11, ANY, "", "受理机构", "accepting institution"),
    ("forwarder", 11, ANY, "", "转发机构", "forwarding institution"),
    ("issuer", 11, ANY, "", "发卡机构", "issuer"),
    ("receiver", 11, ANY, "", "接收机构", "receiving institution"),
    ("acquirer", 11, ANY, "", "收单机构", "acquirer"),
    ("message", 4, DIGITS, "word_1", "报文类型", "message type"),
    ("processing", 2, DIGITS, "word_2", "处理码", "processing code"),
    ("+accounts", 4, DIGITS, "", "处理码(账户)", "processing code, accounts"),
    ("condition", 2, DIGITS, "word_3", "服务点条件码", "condition code"),
    ("trace", 6, DIGITS, "trace", "系统跟踪号", "trace"),
    ("sent_at", 10, MOMENT, "sent_at", "传输时间", "time of transmission"),
    ("card", 19, CARD, "card", "主账号", "card number"),
    ("card_from", 28, OTHER_CARD, "", "转出卡", "card that pays"),
    ("card_to", 28, OTHER_CARD, "", "转入卡", "card that is paid to"),
    ("original_message", 4, MAYBE, "", "原报文类型", "message type of the original"),
    ("+original_trace", 6, MAYBE, "original_trace", "原跟踪号", "trace of the original"),
    ("+original_at", 10, MAYBE_MOMENT, "original_at", "原交易时间", "time of the original"),
    ("+original_rest", 22, ANY, "", "原交易机构", "institutions of the original"),
    ("terminal_id", 8, MAYBE_NAME, "terminal_id", "终端号", "terminal"),
    ("merchant_id", 15, NAME, "merchant_id", "商户号", "merchant"),
    ("rrn", 12, MAYBE_NAME, "rrn", "检索参考号", "reference number"),
    ("amount", 12, AMOUNT, "amount", "交易金额", "amount"),
    ("acquirer_fee", 12, ANY, "", "受理方手续费", "fee of the acquirer"),
    ("brand_fee", 12, MONEY, "fee_paid", "品牌服务费", "fee for the brand"),
    ("reserved", 12, ANY, "", "保留", "reserved"),
    ("net", 12, ANY, "", "净金额", "net amount"),
    ("began", 1, ANY, "", "发起方式", "how it was begun"),
)  # fmt: skip

_ZM: Final[tuple[_Row, ...]] = (
    ("transaction", 3, ANY, "", "交易代码", "transaction code"),
    ("acquirer", 11, ANY, "", "代理机构", "acquirer"),
    ("forwarder", 11, ANY, "", "发送机构", "forwarding institution"),
    ("trace", 6, DIGITS, "trace", "系统跟踪号", "trace"),
    ("sent_at", 10, MOMENT, "sent_at", "传输时间", "time of transmission"),
    ("card", 19, SHOWN_CARD, "card", "账号", "account or card"),
    ("amount", 12, AMOUNT, "amount", "交易金额", "amount"),
    ("category", 4, ANY, "", "商户类别", "merchant category"),
    ("device", 2, ANY, "", "终端类型", "kind of terminal"),
    ("query", 21, ANY, "", "查询流水号", "number to ask by"),
    ("paid_by_old", 2, ANY, "", "支付方式(旧)", "way of payment, as it was"),
    ("order", 32, ANY, "", "商户订单号", "merchant's order"),
    ("card_kind", 2, ANY, "", "支付卡类型", "kind of card"),
    ("original_trace", 6, MAYBE, "original_trace", "原跟踪号", "trace of the original"),
    ("original_at", 10, MAYBE_MOMENT, "original_at", "原交易时间", "time of the original"),
    ("fee", 13, SIDED, "fee_paid", "商户手续费", "fee of the merchant"),
    ("net", 13, SIDED, "", "结算金额", "amount that is settled"),
    ("paid_by", 4, ANY, "", "支付方式", "way of payment"),
    ("group", 15, ANY, "", "集团商户", "group of merchants"),
    ("business", 2, DIGITS, "word_1", "交易类型", "type of business"),
    ("business_part", 2, ANY, "", "交易子类", "part of that type"),
    ("product", 6, ANY, "", "业务类型", "product"),
    ("account_kind", 2, ANY, "", "账号类型", "kind of account"),
    ("bill_kind", 4, ANY, "", "账单类型", "kind of bill"),
    ("bill", 32, ANY, "", "账单号", "bill"),
    ("interaction", 1, ANY, "", "交互方式", "way of asking"),
    ("original_query", 21, ANY, "", "原查询流水号", "number to ask for the original by"),
    ("merchant_id", 15, NAME, "merchant_id", "商户号", "merchant"),
    ("split", 1, ANY, "", "分账方式", "way of splitting"),
    ("sub_merchant", 15, ANY, "", "二级商户", "merchant below"),
    ("sub_name", 32, ANY, "", "二级商户简称", "its name"),
    ("sub_amount", 13, ANY, "", "二级商户入账金额", "its part"),
    ("cleared", 13, ANY, "", "清算净额", "net of the clearing"),
    ("terminal_id", 8, MAYBE_NAME, "terminal_id", "终端号", "terminal"),
    ("own", 32, ANY, "", "商户自定", "merchant's own"),
    ("discount", 13, ANY, "", "优惠金额", "discount"),
    ("invoice", 13, ANY, "", "发票金额", "amount on the invoice"),
    ("instalment_fee", 12, ANY, "", "分期附加手续费", "fee of instalments"),
    ("instalments", 2, ANY, "", "分期期数", "instalments"),
    ("medium", 1, ANY, "", "交易介质", "medium"),
    ("original_order", 32, ANY, "", "原订单号", "order of the original"),
    ("rest", 98, ANY, "", "保留", "reserved"),
)  # fmt: skip

# Of ZME the source gives widths alone. What it shares with ZM, in the same order and width, is
# taken for the same; whether money comes or goes is the side of what is settled.
_ZME: Final[tuple[_Row, ...]] = (
    *_ZM[:9],
    ("field_10", 2, ANY, "", "第10栏", "field 10"),
    *_ZM[13:15],
    ("field_13", 4, ANY, "", "第13栏", "field 13"),
    ("field_14", 12, ANY, "", "第14栏", "field 14"),
    ("fee", 13, SIDED, "fee_paid", "商户手续费", "fee of the merchant"),
    ("side", 1, SIDE, "word_1", "结算方向", "side of what is settled"),
    ("+net", 12, DIGITS, "", "结算金额", "amount that is settled"),
    ("group", 15, ANY, "", "集团商户", "group of merchants"),
    ("merchant_id", 15, NAME, "merchant_id", "商户号", "merchant"),
    ("field_19", 1, ANY, "", "第19栏", "field 19"),
    ("field_20", 12, ANY, "", "第20栏", "field 20"),
    ("field_21", 2, ANY, "", "第21栏", "field 21"),
    ("rest", 135, ANY, "", "保留", "reserved"),
)  # fmt: skip


def _placed(rows: Iterable[_Row]) -> Iterator[Field]:
    end = -1
    for name, length, type_, says, zh, en in rows:
        start = end + 1 if name.startswith(_JOINED) else end + 2
        end = start + length - 1
        yield Field(name.lstrip(_JOINED), Text(zh, en), start, length, type_, says)


_ALL: Final = (
    Layout("COM", Text("一般交易流水", "transactions of a member"), r"[AI]COMN?",
           tuple(_placed(_COM)), MESSAGES),
    Layout("COMA", Text("机构一般交易流水", "transactions of a member, with flags and fees"),
           r"COMA", tuple(_placed(_COMA)), MESSAGES),
    Layout("LFEE", Text("品牌服务费流水", "fees for the brand"), r"LFEE",
           tuple(_placed(_LFEE)), CHARGES),
    Layout("ZM", Text("商户对账流水", "transactions of a merchant"), r"ZM_",
           tuple(_placed(_ZM)), BUSINESS),
    Layout("ZME", Text("商户差错流水", "errors of a merchant's transactions"), r"ZME_",
           tuple(_placed(_ZME)), DIRECTIONS),
)  # fmt: skip
LAYOUTS: Final[Mapping[str, Layout]] = MappingProxyType({layout.name: layout for layout in _ALL})
