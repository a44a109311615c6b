"""Every setting of an issuer's link in words: what people read where one is shown or asked for."""

from collections.abc import Mapping
from typing import Final

from .text import Text

# Of the issuer's own row.
ROW: Final[Mapping[str, Text]] = {
    "host": Text("主机地址", "host name or address"),
    "port": Text("端口", "port"),
    "dialect": Text("报文方言", "dialect of its messages"),
    "framing": Text("分帧方式", "how its messages are framed"),
    "timeout_ms": Text("应答时限（毫秒）", "time for an answer, in milliseconds"),
}
# Of its profile (`annul.domain.link_profile`).
PROFILE: Final[Mapping[str, Text]] = {
    "network_mti": Text("网络管理报文类型", "type of sign-on, echo and sign-off"),
    "sign_on": Text("连接后签到", "it expects a sign-on"),
    "echo": Text("空闲时发送回响测试", "it answers echoes"),
    "identified_by": Text(
        "除流水号外，至少一项与请求一致的域",
        "fields of which one at least, besides the trace, is as asked",
    ),
    "compared": Text("应答重复时必须一致的域", "fields that must be as asked where repeated"),
    "passed_on": Text("另从终端报文转发的域", "fields of the terminal that go along besides"),
    "left_out": Text("从不发送的域", "fields that never go to it"),
    "codes": Text("发卡行自有应答码", "response codes of its own"),
    "framing": Text("分帧的个别部分", "single parts of the framing"),
}
# Those of which single entries are set: codes.A1, framing.trailer.
NESTED: Final = ("codes", "framing")


def said(setting: str) -> Text:
    """Give the words of a setting by its name on the command line; raises `KeyError`."""
    outer, dot, inner = setting.partition(".")
    if not dot:
        return ROW.get(setting) or PROFILE[setting]
    words = PROFILE[outer]
    return Text(f"{words.zh}：{inner}", f"{words.en}: {inner}")
