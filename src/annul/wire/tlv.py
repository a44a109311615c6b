"""BER-TLV as cards and terminals use it (field 55), and the names of the tags.

Source: EMV Book 3, annex B; names in own words.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from .errors import DecodeError


@dataclass(frozen=True, slots=True)
class Tlv:
    """One data object: tag in upper-case hexadecimal, value as it stands."""

    tag: str
    value: bytes


def parse(data: bytes, field: int = 55) -> tuple[Tlv, ...]:
    """Split a field into its data objects; raises `DecodeError` with the offset in the field."""
    found: list[Tlv] = []
    at, size = 0, len(data)
    while at < size:
        begin = at
        at += 1
        if data[begin] & 0x1F == 0x1F:
            while at < size and data[at] & 0x80:
                at += 1
            at += 1
        if at >= size:
            raise DecodeError(field, begin, "a whole tag and its length")
        tag = data[begin:at].hex().upper()
        length = data[at]
        at += 1
        if length > 0x80:
            more = length & 0x7F
            digits = data[at : at + more]
            if more > 2 or len(digits) < more or digits[0] == 0 or (more == 1 and digits[0] < 0x80):
                raise DecodeError(field, at, "a length in its shortest form")
            length = int.from_bytes(digits, "big")
            at += more
        elif length == 0x80:
            raise DecodeError(field, at, "a definite length")
        if at + length > size:
            raise DecodeError(field, at, f"{length} bytes for tag {tag}")
        found.append(Tlv(tag, data[at : at + length]))
        at += length
    return tuple(found)


def build(objects: Iterable[Tlv]) -> bytes:
    """Put data objects together; the exact inverse of `parse`."""
    parts: list[bytes] = []
    for one in objects:
        size = len(one.value)
        if size < 0x80:
            length = bytes((size,))
        elif size < 0x100:
            length = bytes((0x81, size))
        else:
            length = b"\x82" + size.to_bytes(2, "big")
        parts += (bytes.fromhex(one.tag), length, one.value)
    return b"".join(parts)


# tag: (zh, en)
TAGS: Final[dict[str, tuple[str, str]]] = {
    "4F": ("应用标识 AID", "application identifier"),
    "50": ("应用标签", "application label"),
    "57": ("二磁道等效数据", "track 2 equivalent"),
    "5A": ("应用主账号", "card number"),
    "5F24": ("应用失效日期", "expiry date"),
    "5F2A": ("交易货币代码", "transaction currency"),
    "5F34": ("卡序列号", "card sequence number"),
    "6F": ("文件控制信息模板", "file control template"),
    "70": ("记录模板", "record template"),
    "71": ("发卡行脚本一", "issuer script 1"),
    "72": ("发卡行脚本二", "issuer script 2"),
    "77": ("响应模板", "response template"),
    "82": ("应用交互特征", "application interchange profile"),
    "84": ("专用文件名", "dedicated file name"),
    "86": ("发卡行脚本命令", "issuer script command"),
    "8A": ("授权响应码", "authorisation response code"),
    "91": ("发卡行认证数据", "issuer authentication data"),
    "95": ("终端验证结果", "terminal verification results"),
    "9A": ("交易日期", "transaction date"),
    "9B": ("交易状态信息", "transaction status information"),
    "9C": ("交易类型", "transaction type"),
    "9F02": ("授权金额", "amount authorised"),
    "9F03": ("其他金额", "amount, other"),
    "9F09": ("终端应用版本", "terminal application version"),
    "9F10": ("发卡行应用数据", "issuer application data"),
    "9F18": ("发卡行脚本标识", "issuer script identifier"),
    "9F1A": ("终端国家代码", "terminal country"),
    "9F1E": ("接口设备序列号", "interface device serial number"),
    "9F26": ("应用密文", "application cryptogram"),
    "9F27": ("密文信息数据", "cryptogram information data"),
    "9F33": ("终端性能", "terminal capabilities"),
    "9F34": ("持卡人验证结果", "cardholder verification results"),
    "9F35": ("终端类型", "terminal type"),
    "9F36": ("应用交易计数器", "application transaction counter"),
    "9F37": ("不可预知数", "unpredictable number"),
    "9F41": ("交易序列计数器", "transaction sequence counter"),
    "9F63": ("卡产品标识", "card product information"),
    "9F6B": ("非接触二磁道数据", "contactless track 2"),
    "9F74": ("电子现金发卡行授权码", "electronic cash authorisation code"),
    "BF0C": ("发卡行自定义模板", "issuer discretionary template"),
    "DF31": ("发卡行脚本结果", "issuer script results"),
}
