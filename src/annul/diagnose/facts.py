"""What annul knows of what failed: each fact by name, with the row that it came from.

What is named `void` is the void, refund or completion that failed.

A fact that is not known is absent, never guessed: what is absent is reported with the answer.
Amounts are in minor units, times in seconds unless a name says otherwise.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final, NamedTuple

Value = str | int | float | bool

# name -> (zh, en). Groups: void, original, card, bin, terminal, merchant, issuer, host, clock.
# Of `bin` each original counts once, this one left out. `recent` are requests of the issuer that
# undo nothing and came just before and after: they tell at once, however little traffic there is.
FACTS: Final[Mapping[str, tuple[str, str]]] = {
    "void.code": ("应答码", "response code"),
    "void.kind": ("请求类型", "kind of request"),
    "void.amount": ("请求金额", "requested amount"),
    "void.takes": ("需抵扣的商户资金", "what it takes of the merchant's money"),
    "void.state": ("请求状态", "state of the request"),
    "void.sent": ("是否送达发卡行", "how far the request went"),
    "void.why": ("本系统拒绝或无应答的原因", "rule or time-out that ended it here"),
    "void.late_code": ("迟到应答码", "code of the late answer"),
    "void.reversed_by": ("由谁冲正", "who reversed it"),
    "void.answer_ms": ("发卡行应答用时(毫秒)", "issuer's response time (ms)"),
    "void.earlier_attempts": ("此前同类请求次数", "earlier attempts"),
    "void.same_code_before": ("此前同码次数", "attempts before that got the same code"),
    "void.since_last_attempt": ("距上次同类请求(秒)", "seconds since the last attempt"),
    "void.missing_field": ("缺少的域", "field that was missing"),
    "original.found": ("找到原交易", "original found"),
    "original.kind": ("原交易类型", "kind of the original"),
    "original.state": ("原交易状态", "state of the original"),
    "original.amount": ("原交易金额", "amount of the original"),
    "original.undone_before": ("此前已撤销或退货", "undone before"),
    "original.age": ("距原交易(秒)", "seconds since the original"),
    "original.same_day": ("与原交易同一营业日", "same business day"),
    "original.same_batch": ("与原交易同一批次", "same batch"),
    "original.same_card": ("与原交易同一张卡", "same card"),
    "original.same_amount": ("与原交易金额相同", "same amount"),
    "original.same_terminal": ("与原交易同一终端", "same terminal"),
    "original.had_auth_code": ("原交易有授权码", "original has an authorisation code"),
    "card.voids_today": ("该卡当日成功撤销笔数", "voids of this card today"),
    "card.since_last_void": ("距该卡上次成功撤销(秒)", "seconds since the card's last void"),
    "card.other_declines": ("该卡当日其它交易被拒笔数", "other declines of the card today"),
    "card.other_decline_code": ("该卡其它交易的拒绝码", "code of the card's other declines"),
    "card.approved_after": ("该卡之后仍有成功交易", "the card was approved afterwards"),
    "terminal.registered": ("终端已登记", "terminal is registered"),
    "terminal.active": ("终端已启用", "terminal is active"),
    "terminal.signed_in": ("终端已签到", "terminal is signed in"),
    "terminal.kind_enabled": ("终端已开通此类交易", "this kind is enabled on the terminal"),
    "terminal.within_limit": ("在终端限额内", "within the terminal's limit"),
    "terminal.software_current": ("终端软件为要求版本", "terminal runs the required software"),
    "terminal.serial_matches": ("终端序列号相符", "serial number is the registered one"),
    "terminal.link_drops": ("近一小时终端断线次数", "link drops of the terminal in an hour"),
    "terminal.reversals": ("近一小时终端冲正次数", "reversals by the terminal in an hour"),
    "terminal.wrong_mac": ("近一小时MAC错误次数", "wrong MACs of the terminal in an hour"),
    "merchant.registered": ("商户已登记", "merchant is registered"),
    "merchant.active": ("商户已启用", "merchant is active"),
    "merchant.needs_cover": (
        "合同要求余额足够退回",
        "contract requires cover for money going back",
    ),
    "merchant.available": ("商户可用余额", "available money of the merchant"),
    "merchant.pending": ("商户在途资金", "pending money of the merchant"),
    "merchant.frozen": ("商户冻结资金", "frozen money of the merchant"),
    "merchant.counted": ("可抵扣的余额", "money that counts as cover"),
    "merchant.requests_recent": ("本店前后其它交易笔数", "other requests of the shop just then"),
    "merchant.approvals_recent": ("其中本店成功笔数", "of which approved"),
    "issuer.link": ("发卡行线路状态", "state of the issuer's link"),
    "issuer.link_drops": ("近一小时线路中断次数", "drops of the issuer's link in an hour"),
    "issuer.answers_5m": ("发卡行近5分钟应答", "the issuer's answers in 5 minutes"),
    "issuer.answers_60m": ("发卡行近一小时应答", "the issuer's answers in an hour"),
    "issuer.latency_5m": (
        "发卡行近5分钟九成应答用时(毫秒)",
        "90 % answered within, in 5 minutes (ms)",
    ),
    "issuer.latency_60m": ("发卡行近一小时九成应答用时(毫秒)", "90 % answered within (ms)"),
    "issuer.silent_5m": ("近5分钟无应答笔数", "requests without an answer in 5 minutes"),
    "issuer.garbled_5m": ("近5分钟无法识别的应答", "unreadable messages in 5 minutes"),
    "issuer.witnesses_recent": ("前后其它请求笔数", "all requests of others just before and after"),
    "issuer.requests_recent": ("前后其它交易笔数", "other requests just before and after"),
    "issuer.silent_share_recent": ("近期无应答比例", "recent share without an answer"),
    "issuer.fault_share_recent": ("近期系统类拒绝比例", "recent share of system declines"),
    "issuer.approval_share_recent": (
        "近期其它交易成功比例",
        "recent share approved among others",
    ),
    "issuer.same_code_share_recent": ("近期其它交易同码比例", "share of others with this code"),
    "issuer.slow_share_recent": ("近期迟到应答比例", "recent share of late answers"),
    "issuer.turns_recent": ("近5分钟时好时坏次数", "times it went down or came back in 5 minutes"),
    "issuer.hurt": ("故障范围", "part of the issuer's traffic that fails"),
    "issuer.hurt_sure": ("故障范围把握", "how sure that part is"),
    "issuer.hurt_failed": ("该范围失败笔数", "requests of that part that failed"),
    "issuer.hurt_requests": ("该范围请求笔数", "requests of that part"),
    "issuer.hurt_digits": ("故障卡段位数", "digits of the card range that fails"),
    "voids.refused": ("近7天同样被拒的其它撤销", "other voids refused alike within 7 days"),
    "voids.passed": ("近7天成功的其它撤销", "other voids that passed within 7 days"),
    "voids.refused_for": (
        "最近连续被拒已持续(秒)",
        "seconds for which all voids have been refused",
    ),
    "voids.by_nothing": ("撤销被拒似无规律", "nothing tells the refused voids from the others"),
    "voids.by_all": ("似乎全部撤销被拒", "all voids seem to be refused"),
    "voids.by_range": ("似乎该卡段撤销全部被拒", "all voids of this card range seem to be refused"),
    "voids.by_since": ("似乎自某时起撤销全部被拒", "all voids seem to be refused since some time"),
    "voids.by_amount": ("似乎因金额被拒", "larger voids seem to be refused"),
    "voids.by_count": (
        "似乎因该卡当日次数被拒",
        "further voids of a card seem to be refused",
    ),
    "voids.by_interval": ("似乎因间隔过短被拒", "voids soon after another seem to be refused"),
    "voids.by_age": ("似乎因原交易过久被拒", "voids long after the sale seem to be refused"),
    "voids.by_day": (
        "似乎因发卡行已日切被拒",
        "voids of earlier sales seem to be refused",
    ),
    "issuer.maintenance": ("发卡行维护时间内", "within the issuer's maintenance"),
    "issuer.end_of_day": ("发卡行日终时间内", "within the issuer's end of day"),
    "issuer.void_supported": ("发卡行支持撤销", "issuer supports voids"),
    "issuer.void_amount_limit": ("发卡行撤销限额", "issuer's limit for voids"),
    "issuer.voids_per_day": ("发卡行每卡每日撤销次数", "issuer's voids per card and day"),
    "issuer.void_interval": ("发卡行撤销间隔(秒)", "issuer's seconds between voids"),
    "issuer.void_window": ("发卡行撤销时限(秒)", "issuer's seconds after the sale"),
    "issuer.rule_broken": ("违反的发卡行规则", "issuer's rule that this void breaks"),
    "issuer.rule_changed": ("该规则近期变更(秒前)", "seconds since that rule was changed"),
    "issuer.allowed_before_change": ("变更前允许此撤销", "allowed before the change"),
    "issuer.learnt_rule": ("疑似触犯的未公布规则", "suspected rule of the issuer that this breaks"),
    "issuer.learnt_sure": ("该规则把握", "how sure that rule is"),
    "issuer.learnt_refused": ("该规则外被拒笔数", "refused beyond that rule"),
    "issuer.learnt_approved": ("该规则内成功笔数", "approved within that rule"),
    "issuer.learnt_number": ("该规则界限", "where that rule lies"),
    "issuer.learnt_wait": ("该规则下还需等待(秒)", "seconds until that rule allows it"),
    "issuer.learnt_since": ("该规则出现(秒前)", "seconds since that rule was first seen"),
    "issuer.learnt_changed": ("该规则此前允许", "allowed before that rule was seen"),
    "issuer.code_means": ("该行此应答码的含义", "what this code means at this issuer"),
    "issuer.incidents": ("该行未关闭事件数", "open incidents of the issuer"),
    "host.interrupted": ("本系统处理时中断", "this host was interrupted"),
    "host.refused": ("由本系统拒绝", "refused by this host"),
    "clock.to_cut_over": ("距日切(秒)", "seconds until the cut-over"),
    "clock.holiday": ("法定节假日", "public holiday"),
}


class Fact(NamedTuple):
    """A value and where it came from: table and key, message field, or line of a file."""

    value: Value
    source: str


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of one void, refund or completion that failed."""

    known: Mapping[str, Fact]

    def __post_init__(self) -> None:
        unknown = set(self.known) - set(FACTS)
        assert not unknown, f"facts that no table declares: {sorted(unknown)}"

    def get(self, name: str) -> Any:
        """Give a value, None when it is not known."""
        fact = self.known.get(name)
        return None if fact is None else fact.value

    def source(self, name: str) -> str:
        """Say where a known fact came from."""
        return self.known[name].source

    def missing(self) -> list[str]:
        """Name what is not known."""
        return [name for name in FACTS if name not in self.known]

    def __iter__(self) -> Iterator[tuple[str, Fact]]:
        return iter(self.known.items())

    def as_json(self) -> dict[str, dict[str, Value]]:
        """Give all of it for a file or an event."""
        return {name: {"value": value, "source": source} for name, (value, source) in self}

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> "Facts":
        """Read what `as_json` gave; a bare value is taken too. Raises `ValueError`."""
        known: dict[str, Fact] = {}
        for name, entry in given.items():
            if name not in FACTS:
                message = f"no fact is called {name}"
                raise ValueError(message)
            value = entry.get("value") if isinstance(entry, Mapping) else entry
            if not isinstance(value, str) and not (
                isinstance(value, int | float) and isfinite(value)
            ):
                message = f"{name} has no value"
                raise ValueError(message)
            source = str(entry.get("source", "given")) if isinstance(entry, Mapping) else "given"
            known[name] = Fact(value, source)
        return cls(known)

    def with_facts(self, more: Mapping[str, Fact]) -> "Facts":
        """Give these and more; what is in both is taken from `more`."""
        return Facts({**self.known, **more})
