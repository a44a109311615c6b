"""What a learnt rule says to people: the rule, its support on both sides, and since when."""

from collections.abc import Callable, Mapping
from datetime import datetime, tzinfo
from typing import Final

from .learnt import LearntRule, RuleKind, UndoRole
from .money import show
from .text import Text

_MONTHS: Final = (
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
)
_ROLES: Final[Mapping[str, Text]] = {
    UndoRole.VOID: Text("撤销", "voids"),
    UndoRole.RELEASE: Text("预授权撤销", "voids of pre-authorisations"),
    UndoRole.REFUND: Text("退货", "refunds"),
}
_UNITS: Final = ((86_400, "天", "d"), (3_600, "小时", "h"), (60, "分钟", "min"), (1, "秒", "s"))


def lasting(seconds: int) -> Text:
    """Write a span in at most two units: 1 h 30 min."""
    zh, en = list[str](), list[str]()
    for unit, chinese, english in _UNITS:
        count, seconds = divmod(seconds, unit)
        if count and len(zh) < 2:
            zh.append(f"{count}{chinese}")
            en.append(f"{count} {english}")
    return Text("".join(zh) or "0秒", " ".join(en) or "0 s")


def clock(minute: int) -> str:
    """Write a minute of the day: 23:05."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _amount(rule: LearntRule, role: Text) -> tuple[Text, Text]:
    most = show(rule.number)
    up_to = show(rule.number if rule.within is None else rule.within)
    return (
        Text(f"{most}元以上的{role.zh}", f"{role.en} above {most}"),
        Text(f"{up_to}元及以下", f"up to {up_to}"),
    )


def _count(rule: LearntRule, role: Text) -> tuple[Text, Text]:
    most = rule.number
    return (
        Text(
            f"同一张卡一天内第{most + 1}笔起的{role.zh}",
            f"more than {most} of a card's {role.en} on one day",
        ),
        Text(f"前{most}笔", f"the first {most}" if most > 1 else "the first one"),
    )


def _interval(rule: LearntRule, role: Text) -> tuple[Text, Text]:
    span = lasting(rule.number)
    return (
        Text(
            f"距该卡上次撤销不足{span.zh}的{role.zh}",
            f"{role.en} within {span.en} of the card's last one",
        ),
        Text("间隔更长或当天首笔的", "later or first ones"),
    )


def _age(rule: LearntRule, role: Text) -> tuple[Text, Text]:
    span = lasting(rule.number)
    return (
        Text(f"距消费超过{span.zh}的{role.zh}", f"{role.en} more than {span.en} after the sale"),
        Text("更早的", "earlier ones"),
    )


def _hours(rule: LearntRule, role: Text) -> tuple[Text, Text]:
    first, until = clock(rule.number), clock((rule.until or 0) % (24 * 60))
    return (
        Text(f"{first}至{until}之间的{role.zh}", f"{role.en} between {first} and {until}"),
        Text("其它时间", "at other times"),
    )


def _day_end(rule: LearntRule, role: Text) -> tuple[Text, Text]:
    end = clock(rule.number)
    return (
        Text(
            f"{end}之前消费、{end}之后的{role.zh}", f"{role.en} after {end} of what was sold before"
        ),
        Text("未跨过该时刻的", "others"),
    )


def _whole(_rule: LearntRule, role: Text) -> tuple[Text, Text]:
    return (
        Text(f"部分金额的{role.zh}", f"{role.en} of a part of the amount"),
        Text("全额的", "of the whole amount"),
    )


def _never(_rule: LearntRule, role: Text) -> tuple[Text, Text]:
    return Text(f"{role.zh}", f"{role.en}"), Text("", "")


_SIDES: Final[Mapping[RuleKind, Callable[[LearntRule, Text], tuple[Text, Text]]]] = {
    RuleKind.NEVER: _never,
    RuleKind.AMOUNT: _amount,
    RuleKind.COUNT: _count,
    RuleKind.INTERVAL: _interval,
    RuleKind.AGE: _age,
    RuleKind.HOURS: _hours,
    RuleKind.DAY_END: _day_end,
    RuleKind.WHOLE: _whole,
}


def said(rule: LearntRule, zone: tzinfo) -> Text:
    """Say a rule with its support: what was refused how often, what was approved, since when."""
    beyond, within = _SIDES[rule.kind](rule, _ROLES[rule.role])
    refused, tried = rule.refused_beyond, rule.refused_beyond + rule.exceptions
    approved, others = rule.approved_within, rule.approved_within + rule.refused_within
    zh = f"{beyond.zh}：{tried}笔中{refused}笔被拒"
    en = f"{beyond.en} were refused {refused} of {tried} times"
    if within.en:
        zh += f"；{within.zh}：{others}笔中{approved}笔成功"
        en += f", {within.en} approved {approved} of {others}"
    if rule.prefix:
        zh, en = f"卡段{rule.prefix}，{zh}", f"cards {rule.prefix}: {en}"
    when = _when(rule.since, zone)
    before = Text("，此前允许", "; before, they were approved") if rule.changed else Text("", "")
    return Text(
        f"{zh}；自{when.zh}起{before.zh}", f"{en[0].upper()}{en[1:]}, since {when.en}{before.en}"
    )


def _when(at: datetime, zone: tzinfo) -> Text:
    local = at.astimezone(zone)
    time = f"{local:%H:%M}"
    return Text(
        f"{local.month}月{local.day}日{time}", f"{local.day} {_MONTHS[local.month - 1]} {time}"
    )
