"""What fields and their parts are called, in Chinese and English; own words."""

from collections.abc import Mapping
from typing import Final

from .subfields import Field48Totals, Field53, Field60, Field61, Field63

Name = tuple[str, str]  # zh, en

NAMES: Final[Mapping[int, Name]] = {
    0: ("报文尾部之后", "after the last field"),
    2: ("主账号", "card number"),
    3: ("交易处理码", "processing code"),
    4: ("交易金额", "amount, minor units"),
    5: ("清算金额", "settlement amount"),
    6: ("持卡人扣账金额", "cardholder billing amount"),
    7: ("传输日期时间", "transmission date and time"),
    8: ("持卡人扣账手续费", "cardholder billing fee"),
    9: ("清算汇率", "settlement rate"),
    10: ("持卡人扣账汇率", "cardholder billing rate"),
    11: ("系统跟踪号", "trace number"),
    12: ("终端所在地时间", "local time"),
    13: ("终端所在地日期", "local date"),
    14: ("卡有效期", "expiry date"),
    15: ("清算日期", "settlement date"),
    16: ("兑换日期", "conversion date"),
    17: ("受理日期", "capture date"),
    18: ("商户类别", "merchant category"),
    19: ("受理机构国家", "acquirer country"),
    20: ("主账号国家", "card country"),
    21: ("转发机构国家", "forwarder country"),
    22: ("输入方式", "entry mode"),
    23: ("卡序列号", "card sequence number"),
    24: ("功能码", "network international id"),
    25: ("服务点条件", "point-of-service condition"),
    26: ("密码长度上限", "largest PIN length"),
    27: ("授权码长度", "authorisation code length"),
    28: ("交易手续费", "transaction fee"),
    29: ("清算手续费", "settlement fee"),
    30: ("交易处理费", "processing fee"),
    31: ("清算处理费", "settlement processing fee"),
    32: ("受理机构", "acquirer"),
    33: ("转发机构", "forwarder"),
    34: ("扩展主账号", "extended card number"),
    35: ("二磁道", "track 2"),
    36: ("三磁道", "track 3"),
    37: ("检索参考号", "retrieval reference number"),
    38: ("授权码", "authorisation code"),
    39: ("应答码", "response code"),
    40: ("服务限制码", "service restriction code"),
    41: ("终端号", "terminal"),
    42: ("商户号", "merchant"),
    43: ("商户名称地址", "merchant name and place"),
    44: ("附加应答数据", "additional answer data"),
    45: ("一磁道", "track 1"),
    46: ("自定义数据46", "private data 46"),
    47: ("自定义数据47", "private data 47"),
    48: ("附加数据", "additional data"),
    49: ("交易货币", "currency"),
    50: ("清算货币", "settlement currency"),
    51: ("持卡人账户货币", "cardholder currency"),
    52: ("密码密文", "PIN block"),
    53: ("安全控制信息", "security control"),
    54: ("余额", "balance"),
    55: ("芯片数据", "chip data"),
    56: ("自定义数据56", "private data 56"),
    57: ("自定义数据57", "private data 57"),
    58: ("电子钱包数据", "electronic purse data"),
    59: ("扫码与终端信息", "QR and terminal data"),
    60: ("交易类型与批次", "function and batch"),
    61: ("原交易信息", "original transaction"),
    62: ("密钥、参数或明细", "keys, parameters or details"),
    63: ("操作员与备注", "operator and remarks"),
    64: ("报文鉴别码", "MAC"),
    66: ("清算代码", "settlement code"),
    70: ("网络管理码", "network management code"),
    90: ("原始数据", "original data"),
    95: ("替换金额", "replacement amounts"),
    96: ("报文安全码", "message security code"),
    100: ("接收机构", "receiver"),
    102: ("转出账户", "account from"),
    103: ("转入账户", "account to"),
    121: ("系统保留", "reserved for the system"),
    122: ("受理方保留", "reserved for the acquirer"),
    123: ("发卡方保留", "reserved for the issuer"),
    128: ("报文鉴别码", "MAC"),
}

_UNNAMED: Final = ("自定义数据", "private data")


def name_of(number: int) -> Name:
    """Name a field; one that the tables leave to its users is private data."""
    return NAMES.get(number, _UNNAMED)


# The parts of fields 48, 53, 60, 61, 63 in the order of their dataclasses.
PARTS: Final[Mapping[type, tuple[Name, ...]]] = {
    Field48Totals: (
        ("借记总额", "debit amount"),
        ("借记笔数", "debit count"),
        ("贷记总额", "credit amount"),
        ("贷记笔数", "credit count"),
        ("对账结果", "result"),
        ("外卡借记总额", "foreign debit amount"),
        ("外卡借记笔数", "foreign debit count"),
        ("外卡贷记总额", "foreign credit amount"),
        ("外卡贷记笔数", "foreign credit count"),
        ("外卡对账结果", "foreign result"),
    ),
    Field53: (
        ("密码格式", "PIN format"),
        ("加密方法", "encryption"),
        ("磁道加密", "tracks encrypted"),
        ("保留", "reserved"),
    ),
    Field60: (
        ("交易类型", "function"),
        ("批次号", "batch"),
        ("网络管理码", "network management"),
        ("终端读取能力", "reader"),
        ("芯片条件", "chip condition"),
        ("部分扣款", "partial approval"),
        ("账户类型", "account type"),
    ),
    Field61: (
        ("原批次号", "original batch"),
        ("原凭证号", "original trace"),
        ("原日期", "original date"),
        ("授权方式", "authorisation mode"),
        ("授权机构", "authorising institution"),
    ),
    Field63: (("操作员或卡组织", "operator or card organisation"), ("备注", "remarks")),
}

# Data objects of field 59.
QR_TAGS: Final[Mapping[str, Name]] = {
    "A2": ("硬件信息密文", "encrypted hardware data"),
    "A3": ("付款码", "code that was scanned"),
    "A4": ("付款凭证号", "number of the QR payment"),
    "A5": ("附加信息", "additional data"),
}
