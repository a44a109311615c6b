"""What a playbook can look at: one table of named looks. Each gives a word, and figures.

The words are what conditions of steps may name, and what a run may wait for.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from annul.domain.playbook_checks import LookTraits, Until
from annul.domain.playbooks import Takes
from annul.domain.text import Text

from . import looking
from .looking import Looking, Seen


@dataclass(frozen=True, slots=True)
class Look:
    """One of them; `facts` names its figures for people."""

    traits: LookTraits
    facts: Mapping[str, Text]
    ask: Callable[[Looking], Awaitable[Seen]]


_ISSUER: Final = {"issuer": Takes.ISSUER}
_MERCHANT: Final = {"merchant": Takes.MERCHANT}
_TERMINAL: Final = {"merchant": Takes.MERCHANT, "terminal": Takes.TERMINAL}
_MONEY: Final = Text("金额", "money")
_RULES: Final = Text("规则", "rules")
_NONE: Final = Text("无", "none")

# name: traits (title, what it is given, the words it says), its figures, how it is asked.
LOOKS: Final[Mapping[str, Look]] = {
    "issuer_health": Look(
        LookTraits(
            Text("发卡行状况", "how the issuer is"),
            _ISSUER,
            {
                "healthy": Text("正常", "healthy"),
                "degraded": Text("变差", "degraded"),
                "down": Text("不可用", "down"),
                "line_down": Text("线路中断", "line down"),
                "voids_fail": Text("撤销大多失败", "most voids fail"),
            },
        ),
        {
            "requests": Text("5分钟请求", "requests in 5 min"),
            "approvals": Text("批准", "approved"),
            "silent": Text("无应答", "without answer"),
            "faults": Text("故障应答", "faults"),
            "voids": Text("30分钟撤销", "voids in 30 min"),
            "void_approvals": Text("撤销成功", "voids approved"),
        },
        looking.of_issuer,
    ),
    "open_cases": Look(
        LookTraits(
            Text("发卡行未了结的案件", "open cases of the issuer"),
            _ISSUER,
            {"none": _NONE, "some": Text("有", "some")},
        ),
        {"cases": Text("案件", "cases"), "overdue": Text("逾期", "overdue"), "money": _MONEY},
        looking.of_cases,
    ),
    "links": Look(
        LookTraits(
            Text("到发卡行的线路", "lines to the issuer"),
            _ISSUER,
            {
                "up": Text("全部正常", "all up"),
                "part": Text("部分中断", "some down"),
                "down": Text("全部中断", "all down"),
                "unknown": Text("未知", "not known"),
            },
        ),
        {
            "hosts": Text("主机", "hosts"),
            "up": Text("线路正常的主机", "hosts with a line"),
            "trouble": Text("故障", "trouble"),
        },
        looking.of_links,
    ),
    "policies_in_force": Look(
        LookTraits(
            Text("发卡行现行规则", "rules of the issuer in force"),
            _ISSUER,
            {
                "window": Text("维护或日终窗口内", "within a window"),
                "no_window": Text("不在窗口内", "not within a window"),
            },
        ),
        {"rules": _RULES},
        looking.of_policies,
    ),
    "suspected_rules": Look(
        LookTraits(
            Text("推断的发卡行规则", "rules that annul suspects of the issuer"),
            _ISSUER,
            {"none": _NONE, "suspected": Text("有推断的规则", "a rule is suspected")},
        ),
        {"rules": _RULES},
        looking.of_learnt,
    ),
    "batch_state": Look(
        LookTraits(
            Text("终端最近批次", "last batch of the terminal"),
            _TERMINAL,
            {
                "none": Text("没有批次", "no batch"),
                "balanced": Text("平账", "balanced"),
                "differs": Text("有未处理的差异", "differences are open"),
                "resolved": Text("差异已处理", "differences are resolved"),
            },
        ),
        {
            "batch": Text("批次", "batch"),
            "settled_at": Text("结算时间", "settled"),
            "open": Text("未处理差异", "open differences"),
        },
        looking.of_batch,
    ),
    "clearing_state": Look(
        LookTraits(
            Text("清算文件与差错", "clearing files and breaks"),
            {},
            {
                "good": Text("正常", "good"),
                "late": Text("文件迟到", "a file is late"),
                "breaks": Text("有未处理差错", "breaks are open"),
            },
        ),
        {
            "last_day": Text("最近文件日期", "day of the last file"),
            "staged": Text("待提交文件", "files to be committed"),
            "breaks": Text("差错", "breaks"),
            "money": _MONEY,
        },
        looking.of_clearing,
    ),
    "merchant_balance": Look(
        LookTraits(
            Text("商户余额与待撤销金额", "the merchant's balance beside its open voids"),
            _MERCHANT,
            {"covers": Text("足够", "covers"), "short": Text("不足", "short")},
        ),
        {"balances": Text("余额", "balances")},
        looking.of_balance,
    ),
    "terminal_state": Look(
        LookTraits(
            Text("终端状态", "how the terminal is"),
            _TERMINAL,
            {
                "in_use": Text("使用中", "in use"),
                "odd": Text("异常（错误MAC或猜测凭证号）", "odd: wrong MACs or guessed numbers"),
                "off": Text("已停用", "switched off"),
            },
        ),
        {
            "last_seen_at": Text("最近联系", "last seen"),
            "signed_in": Text("已签到", "signed in"),
            "wrong_mac": Text("1小时错误MAC", "wrong MACs in 1 h"),
            "guessed": Text("1小时猜测凭证号", "guessed numbers in 1 h"),
            "software": Text("软件", "software"),
        },
        looking.of_terminal,
    ),
    "keys_out_of_step": Look(
        LookTraits(
            Text("密钥不同步的终端", "terminals with keys out of step"),
            {},
            {
                "none": _NONE,
                "some": Text("个别终端", "some terminals"),
                "many": Text("大量终端", "many terminals"),
            },
        ),
        {"terminals": Text("终端", "terminals"), "merchants": Text("商户", "merchants")},
        looking.of_keys,
    ),
    "database_state": Look(
        LookTraits(
            Text("数据库状态", "how the database is"),
            {},
            {
                "well": Text("正常", "well"),
                "behind": Text("备库滞后", "a standby lags"),
                "alone": Text("没有备库", "no standby"),
                "lost": Text("丢失已确认的数据", "confirmed data is lost"),
                "read_only": Text("只读", "read-only"),
            },
        ),
        {
            "standbys": Text("备库", "standbys"),
            "lag_s": Text("滞后秒数", "lag in seconds"),
            "lost": Text("丢失的记录", "records lost"),
        },
        looking.of_database,
    ),
    "host_load": Look(
        LookTraits(
            Text("主机负载", "load of the hosts"),
            {},
            {
                "normal": Text("正常", "normal"),
                "busy": Text("繁忙", "busy"),
                "over": Text("过载", "overloaded"),
                "unknown": Text("未知", "not known"),
            },
        ),
        {
            "hosts": Text("主机", "hosts"),
            "cpu": Text("处理器占用（最高）", "processor, highest"),
            "database": Text("数据库活动", "database activity"),
            "per_second": Text("每秒交易", "transactions a second"),
        },
        looking.of_load,
    ),
    "software_versions": Look(
        LookTraits(
            Text("终端软件版本", "software of the terminals"),
            {},
            {
                "agrees": Text("与要求一致", "as required"),
                "differs": Text("有终端与要求不同", "some differ from what is required"),
            },
        ),
        {"versions": Text("版本", "versions")},
        looking.of_software,
    ),
    "incident_state": Look(
        LookTraits(
            Text("事件状态", "how the incident is"),
            {},
            {
                "open": Text("仍在继续", "goes on"),
                "quiet": Text("已平息", "quiet"),
                "none": Text("没有事件", "no incident"),
            },
        ),
        {"number": Text("编号", "number"), "severity": Text("等级", "severity")},
        looking.of_incident,
    ),
}
# What a run may wait for.
UNTILS: Final[Mapping[str, Until]] = {
    "issuer_healthy": Until(
        Text("发卡行恢复", "the issuer is healthy"), "issuer_health", ("healthy",)
    ),
    "issuer_answers": Until(
        Text("发卡行有应答", "the issuer answers"),
        "issuer_health",
        ("healthy", "degraded", "voids_fail"),
    ),
    "line_up": Until(Text("线路恢复", "the line is up"), "links", ("up",)),
    "cases_ended": Until(Text("案件全部了结", "all cases have ended"), "open_cases", ("none",)),
    "batch_settled": Until(
        Text("批次差异处理完", "the batch is resolved"), "batch_state", ("balanced", "resolved")
    ),
    "clearing_good": Until(Text("清算恢复正常", "clearing is good"), "clearing_state", ("good",)),
    "balance_covers": Until(
        Text("商户余额足够", "the balance covers"), "merchant_balance", ("covers",)
    ),
    "keys_in_step": Until(
        Text("密钥全部同步", "all keys are in step"), "keys_out_of_step", ("none",)
    ),
    "database_well": Until(Text("数据库正常", "the database is well"), "database_state", ("well",)),
    "load_normal": Until(Text("负载恢复正常", "the load is normal"), "host_load", ("normal",)),
    "software_agrees": Until(
        Text("终端软件一致", "software is as required"), "software_versions", ("agrees",)
    ),
    "incident_quiet": Until(
        Text("事件平息", "the incident is quiet"), "incident_state", ("quiet", "none")
    ),
}


async def look_at(name: str, look: Looking) -> Seen:
    """Take a look. Raises `NothingToLookAt`."""
    return await LOOKS[name].ask(look)
