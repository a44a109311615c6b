"""What a trial has found, in words of both languages, with the settings that would fit."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from shlex import quote
from typing import Any, Final

from annul.domain.text import Text

SAYS: Final[Mapping[str, Text]] = {
    "unreachable": Text("连不上{host}：{port}：{why}", "{host}:{port} can not be reached: {why}"),
    "tls_failed": Text("TLS握手失败：{why}", "the TLS handshake failed: {why}"),
    "connected": Text("已连接{host}：{port}（{how}）", "connected to {host}:{port} ({how})"),
    "as_set": Text("按现有设置应答签到", "it answers the sign-on as it is set up"),
    "silent": Text(
        "试了{tries}种方式，均无应答", "it has answered nothing in {tries} ways that were tried"
    ),
    "closes": Text(
        "收到报文后即断开（{times}次）", "it closes the connection on what it gets ({times} times)"
    ),
    "senseless": Text(
        "应答无法识别，开头为 {bytes}", "its answer is not recognised; it begins {bytes}"
    ),
    "speaks_tls": Text("对方使用TLS，而本机未配置", "it speaks TLS, which is not set up here"),
    "mirrors": Text(
        "原样送回所收内容：对端不是发卡行",
        "it sends back what it gets: there is no issuer behind it",
    ),
    "framing": Text("分帧为{is_}，而非{was}", "its framing is {is_}, not {was}"),
    "dialect": Text("方言为{is_}，而非{was}", "its dialect is {is_}, not {was}"),
    "also_reads": Text(
        "网络报文也符合：{names}；以接口规范为准",
        "messages about the line also fit {names}: its specification decides",
    ),
    "new_dialect": Text(
        "尚无此方言，先导入所附文档", "no dialect is like this yet: import the document below first"
    ),
    "network_mti": Text("对{is_}有应答，对{was}无应答", "it answers {is_}, and nothing to {was}"),
    "network_both": Text("对这些报文类型有应答：{is_}", "it answers the types {is_}"),
    "sign_on_refused": Text("拒绝签到：{code}", "it refuses the sign-on: {code}"),
    "no_sign_on": Text("无需签到，但应答回响", "it wants no sign-on, but answers echoes"),
    "echo": Text("应答回响测试", "it answers echoes"),
    "no_echo": Text("不应答回响测试", "it answers no echo"),
    "sign_off": Text("应答签退", "it answers the sign-off"),
    "no_sign_off": Text("不应答签退（无妨）", "it answers no sign-off, which does no harm"),
    "own_code": Text(
        "以{code}表示成功（签到、回响均如此）",
        "it says {code} for success, to sign-on and echo alike",
    ),
    "own_time": Text(
        "不回送域7；应答凭流水号及域12、37之一识别",
        "it does not repeat field 7: answers are known by the trace and 12 or 37",
    ),
    "lower_hex": Text(
        "十六进制用小写（可读）", "it writes hexadecimal in lower case, which is read"
    ),
    "asks": Text("主动发来{mtis}", "it sends {mtis} by itself"),
    "asks_nothing": Text(
        "{seconds}秒内未主动发来报文", "it sends nothing by itself within {seconds} s"
    ),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was seen; `settings` would fit, and it is `good` when it is as it is set."""

    what: str
    values: Mapping[str, Any] = field(default_factory=dict[str, Any])
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    good: bool = True

    @property
    def text(self) -> Text:
        """The finding in words."""
        words = SAYS[self.what]
        return Text(words.zh.format(**self.values), words.en.format(**self.values))


@dataclass(slots=True)
class Report:
    """All that a trial has seen. `document` is a dialect that has to be brought in first."""

    findings: list[Finding] = field(default_factory=list[Finding])
    unset: list[str] = field(default_factory=list[str])
    document: str = ""
    tries: int = 0

    @property
    def settings(self) -> dict[str, str]:
        """Every setting that is proposed, the later one over the earlier."""
        return {name: value for one in self.findings for name, value in one.settings.items()}

    @property
    def works(self) -> bool:
        """Whether nothing is otherwise than it is set."""
        return all(one.good for one in self.findings)

    def has(self, what: str) -> bool:
        """Say whether something was seen."""
        return any(one.what == what for one in self.findings)

    def note(self, what: str, /, *, settings: Mapping[str, str] | None = None, good: bool = True,
             **values: Any) -> None:  # fmt: skip
        """Add a finding; one with settings is not as it should be."""
        self.findings.append(Finding(what, values, settings or {}, good and not settings))

    def command(self, issuer_id: str) -> str:
        """Give the command that makes it so, empty when nothing is proposed."""
        if not self.settings and not self.unset:
            return ""
        # Quoted: some of it is what the peer has said.
        parts = [f"--set {quote(f'{name}={value}')}" for name, value in self.settings.items()]
        parts += [f"--unset {quote(name)}" for name in self.unset]
        return f"annul issuer link {issuer_id} {' '.join(parts)}"
