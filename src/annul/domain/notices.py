"""What people are told of an incident, in their language, and what of a channel says whom. Pure.

An incident is a head (`Head`) with what was raised under it. A message is about one head, with all
that has happened to it since the last one, or about many in one line each.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from .errors import AnnulError
from .incident import IncidentKind, Reader, Severity
from .letters import AGAIN
from .money import told
from .notice_pace import fitting
from .rota import NEVER, Quiet
from .text import Text, as_spoken

LANGUAGES: Final = ("zh", "en")
USUAL_LANGUAGE: Final = "zh"  # of an installation that has chosen none
_TITLE: Final = 300  # bytes
# One thing that is said takes at most such a part of a message, so that no channel has to cut it.
_PARTS: Final = 7
_KINDS_SAID: Final = 5
_NOTHING: Final = Text("", "")

# What is told of what happens to a head, in its timeline's words; nothing else is.
TELLS: Final[Mapping[str, Text]] = {
    "opened": Text("新事件", "new"),
    "severity_rose": Text("升级为{severity}", "now {severity}"),
    "cause_named": Text("原因已查明", "cause found"),
    "reopened": Text("重新打开", "open again"),
    "escalated": Text("{minutes}分钟无人确认", "nobody has acknowledged it for {minutes} min"),
    "closed": Text("已恢复", "over"),
    "playbook_told": Text("{text}", "{text}"),
}
_RANK: Final = (Severity.CRITICAL, Severity.WARNING, Severity.NOTICE)


class BadChannel(AnnulError):
    """This channel can not be used as it is set. Nothing was changed."""

    code = "notices.channel"
    next_step = "Correct what is named; docs/notices.md shows an address of each kind of channel."


class ChannelKind(StrEnum):
    """What a channel is, by who carries its messages."""

    MAIL = "mail"
    DINGTALK = "dingtalk"
    WECOM = "wecom"
    FEISHU = "feishu"
    LARK = "lark"
    SLACK = "slack"
    TEAMS = "teams"
    TELEGRAM = "telegram"
    DISCORD = "discord"
    BARK = "bark"
    SERVERCHAN = "serverchan"
    PUSHPLUS = "pushplus"
    NTFY = "ntfy"
    PROGRAM = "program"

    @property
    def traits(self) -> "Traits":
        """What is known of it."""
        return CHANNEL_KINDS[self]


class Traits(NamedTuple):
    """One kind of channel: its name, how its addresses begin, an example, what a message may hold.

    `longest` counts bytes of UTF-8, of title and body together.
    """

    title: Text
    schemes: tuple[str, ...]
    example: str
    longest: int


# Only what speaks to somebody over the network: nothing that would run or write on this machine.
CHANNEL_KINDS: Final[Mapping[ChannelKind, Traits]] = {
    ChannelKind.MAIL: Traits(
        Text("邮件", "Mail"),
        ("mailto", "mailtos"),
        "mailtos://user:password@smtp.example.com/?from=annul@example.com&to=duty@example.com",
        60_000,
    ),
    ChannelKind.DINGTALK: Traits(
        Text("钉钉", "DingTalk"), ("dingtalk",), "dingtalk://secret@token/", 18_000
    ),
    ChannelKind.WECOM: Traits(Text("企业微信", "WeCom"), ("wecombot",), "wecombot://key/", 2_000),
    ChannelKind.FEISHU: Traits(Text("飞书", "Feishu"), ("feishu",), "feishu://token/", 18_000),
    ChannelKind.LARK: Traits(Text("Lark", "Lark"), ("lark",), "lark://token/", 18_000),
    ChannelKind.SLACK: Traits(
        Text("Slack", "Slack"), ("slack",), "slack://token_a/token_b/token_c/#channel", 18_000
    ),
    ChannelKind.TEAMS: Traits(
        Text("Teams", "Teams"), ("workflows",), "workflows://host/workflow/signature/", 18_000
    ),
    ChannelKind.TELEGRAM: Traits(
        Text("Telegram", "Telegram"), ("tgram",), "tgram://bot_token/chat_id/", 3_900
    ),
    ChannelKind.DISCORD: Traits(
        Text("Discord", "Discord"), ("discord",), "discord://webhook_id/webhook_token/", 1_900
    ),
    ChannelKind.BARK: Traits(Text("Bark", "Bark"), ("bark", "barks"), "barks://host/key/", 3_000),
    ChannelKind.SERVERCHAN: Traits(
        Text("Server酱", "ServerChan"), ("schan",), "schan://sendkey/", 18_000
    ),
    ChannelKind.PUSHPLUS: Traits(
        Text("PushPlus", "PushPlus"), ("pushplus",), "pushplus://token/", 18_000
    ),
    ChannelKind.NTFY: Traits(Text("ntfy", "ntfy"), ("ntfy", "ntfys"), "ntfys://host/topic", 3_900),
    ChannelKind.PROGRAM: Traits(
        Text("自有程序（JSON）", "A program of yours (JSON)"),
        ("json", "jsons"),
        "jsons://host/path",
        60_000,
    ),
}


def kind_of(address: str) -> ChannelKind:
    """Say by how an address begins what kind of channel it is of; raises `BadChannel`."""
    scheme = address.partition("://")[0].lower()
    for kind, traits in CHANNEL_KINDS.items():
        if scheme in traits.schemes:
            return kind
    known = ", ".join(one for traits in CHANNEL_KINDS.values() for one in traits.schemes)
    message = f"an address begins with one of: {known}"
    raise BadChannel(message)


@dataclass(frozen=True, slots=True)
class Channel:
    """Where messages go: from which severity on, of which scopes (none: all), and when not.

    `by_rota`: only while somebody is on duty there. No language: the installation's.
    """

    id: UUID
    name: str
    kind: ChannelKind
    language: str
    per_minute: int
    severity: Severity
    scopes: frozenset[str] = frozenset()
    quiet: Quiet = NEVER
    by_rota: bool = False


class Happened(NamedTuple):
    """What happened to a head: its event's kind, when, and its parameters."""

    kind: str
    at: datetime
    params: Mapping[str, object]


class Raised(NamedTuple):
    """What was raised under a head: the kind, how many, and the parameters of the latest."""

    kind: IncidentKind
    many: int
    params: Mapping[str, object]


class Sum(NamedTuple):
    """How much money it is about, in minor units, over how many transactions."""

    currency: str
    amount: int
    many: int


@dataclass(frozen=True, slots=True)
class Facts:
    """A head as it is when it is told: `scope` and `cause` in words, `link` where one reads on."""

    number: str
    scope: Text
    member: str
    severity: Severity
    happened: tuple[Happened, ...]
    opened_at: datetime
    closed_at: datetime | None = None
    ends_at: datetime | None = None
    cause: Text = _NOTHING
    raised: tuple[Raised, ...] = ()
    money: tuple[Sum, ...] = ()
    merchants: int = 0
    link: str = ""
    again: bool = False  # an earlier message may have arrived


class Written(NamedTuple):
    """A message as it is sent."""

    title: str
    body: str


# Whom it reaches -------------------------------------------------------------------------------


def hears(channel: Channel, severity: Severity, scope: str, member: str) -> bool:
    """Say whether a channel is told of a head; of its own trouble others are."""
    if scope == "channel" and member == channel.name:
        return False
    loud = _RANK.index(severity) <= _RANK.index(channel.severity)
    return loud and (not channel.scopes or scope in channel.scopes)


def reached(
    channels: Iterable[Channel], duty: frozenset[UUID], severity: Severity, scope: str, member: str
) -> list[Channel]:
    """Give the channels that are told, with those on duty among the ones that go by the rota.

    When nobody at all would hear, all that go by the rota do.
    """
    heard = [one for one in channels if hears(one, severity, scope, member)]
    now = [one for one in heard if not one.by_rota or one.id in duty]
    return now or heard


def due(
    channel: Channel, severity: Severity, now: datetime, local: Callable[[datetime], datetime]
) -> datetime:
    """Say when a channel may be told: at once, or when its quiet hours end, unless it is critical.

    `local` gives a moment in the zone of people.
    """
    if severity is Severity.CRITICAL:
        return now
    here = local(now)
    over = channel.quiet.over(here.replace(tzinfo=None)).replace(tzinfo=here.tzinfo)
    return now if over <= here else over.astimezone(now.tzinfo)


# How it is said --------------------------------------------------------------------------------

_WORDS: Final = {
    "head": Text("事件{number}，{since}起", "Incident {number}, since {since}"),
    "over": Text("，{at}结束", ", over at {at}"),
    "until": Text("，预计{at}结束", ", expected to end at {at}"),
    "shops": Text("涉及商户{count}家", "{count} merchants concerned"),
    "money": Text("款项：{said}", "Money: {said}"),
    "sum": Text("{amount}（{count}笔）", "{amount} ({count} transactions)"),
    "cause": Text("原因：{said}", "Cause: {said}"),
    "next": Text("下一步：{said}", "Next step: {said}"),
    "more": Text("另有{count}类，见事件", "{count} more kinds, see the incident"),
    "again": AGAIN,
    "digest": Text("{count}起事件，未结束{open}起", "{count} incidents, {open} of them not over"),
    "why": Text(
        "一分钟内消息已满，以下合并为一条：", "As many messages as a minute takes; the rest in one:"
    ),
    "test": Text("测试消息", "Test message"),
    "tested": Text(
        "渠道“{name}”可用。事件会这样送达。", 'Channel "{name}" works. This is how incidents come.'
    ),
    "ask": Text("请在控制台确认", "Acknowledge it in the console"),
}


def _word(name: str, language: str, /, **facts: object) -> str:
    return _WORDS[name].speak(language).format(**facts)


def _happened(facts: Facts, language: str) -> str:
    """Say what happened, each once, the latest parameters counting."""
    last = {one.kind: one.params for one in facts.happened if one.kind in TELLS}
    if {"opened", "closed"} <= last.keys():
        last.pop("severity_rose", None)
    severity = facts.severity.text._asdict()
    said: list[str] = []
    for kind, params in last.items():
        known = as_spoken({"minutes": "?", "text": "?", **params, "severity": severity}, language)
        said.append(TELLS[kind].speak(language).format_map(known))
    return ("、" if language == "zh" else ", ").join(said)


def title(facts: Facts, language: str) -> str:
    """Give a head in one line: how bad, what has happened, what it is about."""
    about = f"{facts.scope.speak(language)} {facts.member}".strip()
    what = facts.raised[0].kind.title.speak(language) if facts.raised else ""
    severity, happened = facts.severity.text.speak(language), _happened(facts, language)
    if language == "zh":
        return _cut(f"【{severity}】{happened}：{about}" + (f"，{what}" if what else ""), _TITLE)
    return _cut(f"[{severity}] {happened}: {about}" + (f", {what}" if what else ""), _TITLE)


def written(facts: Facts, reader: Reader, longest: int) -> Written:
    """Write the message about one head, in at most so many bytes.

    What was raised is said kind by kind as far as there is room; the link leads to the rest.
    """
    head = title(facts, reader.language)
    each = longest // _PARTS
    first = _cut(_head(facts, reader), each)
    rest = [_cut(one, each) for one in _rest(facts, reader.language)]
    left = longest - sum(width(one) + 1 for one in (head, first, *rest))
    said = [_cut(one, each) for one in _raised(facts, reader)]
    many = fitting([width(one) for one in said], left) if said else 0
    return Written(head, "\n".join([first, *said[:many], *rest]))


def _head(facts: Facts, reader: Reader) -> str:
    def when(at: datetime) -> str:
        return reader.when(at.isoformat())

    language = reader.language
    said = _word("head", language, number=facts.number, since=when(facts.opened_at))
    if facts.closed_at:
        return said + _word("over", language, at=when(facts.closed_at))
    if facts.ends_at:
        return said + _word("until", language, at=when(facts.ends_at))
    return said


def _raised(facts: Facts, reader: Reader) -> Iterable[str]:
    for one in facts.happened:
        if one.kind == "playbook_told":
            yield str(as_spoken(one.params, reader.language).get("text", "?"))
    for one in facts.raised[:_KINDS_SAID]:
        times = f" ×{one.many}" if one.many > 1 else ""
        kind = one.kind.title.speak(reader.language)
        yield f"{kind}{times}: {one.kind.said(one.params, reader)}"


def _rest(facts: Facts, language: str) -> Iterable[str]:
    if len(facts.raised) > _KINDS_SAID:
        yield _word("more", language, count=len(facts.raised) - _KINDS_SAID)
    if facts.merchants > 1:
        yield _word("shops", language, count=facts.merchants)
    yield from _money(facts, language)
    if any(facts.cause):
        yield _word("cause", language, said=facts.cause.speak(language))
    if not facts.closed_at:
        advice = facts.raised[0].kind.advice if facts.raised else _WORDS["ask"]
        yield _word("next", language, said=advice.speak(language))
    if facts.link:
        yield facts.link
    if facts.again:
        yield _word("again", language)


def _money(facts: Facts, language: str) -> Iterable[str]:
    sums = [
        _word(
            "sum", language, amount=told(one.amount, one.currency).speak(language), count=one.many
        )
        for one in facts.money
    ]
    means = [facts.raised[0].kind.money.speak(language)] if facts.raised else []
    if sums or means:
        joint = "；" if language == "zh" else "; "
        yield _word("money", language, said=joint.join([*sums, *means]))


def line(facts: Facts, reader: Reader) -> str:
    """Give a head in a line among others, with its number."""
    again = _word("again", reader.language) if facts.again else ""
    return f"{facts.number} {title(facts, reader.language)}{again}"


def frame(count: int, still_open: int, link: str, language: str) -> Written:
    """Give what stands around the lines of a message about many: its title, and the body's ends."""
    head = _word("digest", language, count=count, open=still_open)
    return Written(head, _word("why", language) + f"\n{link}")


def digest(lines: Iterable[str], around: Written) -> Written:
    """Write the message about many heads."""
    first, _, link = around.body.partition("\n")
    return Written(around.title, "\n".join(filter(None, [first, *lines, link])))


def sample(name: str, language: str) -> Written:
    """Write the message by which somebody sees whether a channel works."""
    return Written(_word("test", language), _word("tested", language, name=name))


def width(text: str) -> int:
    """Measure a text as channels do."""
    return len(text.encode())


def _cut(text: str, longest: int) -> str:
    flat = " ".join(text.split())
    if width(flat) <= longest:
        return flat
    return flat.encode()[: longest - width("…")].decode(errors="ignore") + "…"
