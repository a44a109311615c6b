"""What is said of incidents, in both languages, and to whom."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import product
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from annul.domain.heads import EVENTS, EventKind
from annul.domain.incident import Reader, Severity
from annul.domain.incidents import INCIDENTS
from annul.domain.notices import (
    CHANNEL_KINDS,
    LANGUAGES,
    TELLS,
    BadChannel,
    Channel,
    ChannelKind,
    Facts,
    Happened,
    Raised,
    Sum,
    digest,
    due,
    frame,
    kind_of,
    line,
    reached,
    sample,
    written,
)
from annul.domain.rota import Quiet
from annul.domain.text import Text

NOW = datetime(2026, 11, 27, 4, tzinfo=UTC)  # noon in the shop
PARAMS = {"process": "1", "loop": "forward", "why": "Fault"}
FACTS = Facts(
    "IN000007",
    Text("主机进程", "process"),
    "1",
    Severity.WARNING,
    (Happened("opened", NOW, {}), Happened("escalated", NOW, {"step": 1, "minutes": 15})),
    NOW,
    cause=Text("发卡行维护", "issuer maintenance"),
    raised=(Raised(INCIDENTS["loop_stands_still"], 3, PARAMS),),
    money=(Sum("156", 12_345, 2), Sum("840", 100, 1)),
    merchants=4,
    link="https://console.bank.cn/incidents/IN000007",
)


def _channel(name: str = "group", **more: object) -> Channel:
    given = {"severity": Severity.NOTICE, **more}
    return Channel(uuid4(), name, ChannelKind.MAIL, "en", 20, **given)  # type: ignore[arg-type]


def test_all_that_is_told_happens_in_timelines():
    assert TELLS.keys() <= {kind.value for kind in EVENTS}
    assert set(EVENTS[EventKind.ESCALATED].params) == {"step", "minutes"}


def test_in_english():
    said = written(FACTS, Reader("en"), 60_000)
    assert said.title == (
        "[warning] new, nobody has acknowledged it for 15 min: process 1,"
        " A background task has stopped"
    )
    assert said.body.splitlines() == [
        "Incident IN000007, since 2026-11-27 04:00:00 UTC",
        (
            "A background task has stopped ×3: Host process 1: task forward did not run on time,"
            " last error: Fault"
        ),
        "4 merchants concerned",
        "Money: CNY 123.45 (2 transactions); USD 1.00 (1 transactions); "
        + INCIDENTS["loop_stands_still"].money.en,
        "Cause: issuer maintenance",
        "Next step: " + INCIDENTS["loop_stands_still"].advice.en,
        "https://console.bank.cn/incidents/IN000007",
    ]


def test_in_chinese():
    said = written(replace(FACTS, again=True), Reader("zh"), 60_000)
    assert said.title == "【警告】新事件、15分钟无人确认：主机进程 1，后台任务停滞"
    assert "款项：¥123.45（2笔）；US$1.00（1笔）；交易照常受理" in said.body
    assert "原因：发卡行维护" in said.body
    assert said.body.endswith("（发送曾中断，可能重复）")


def test_what_is_over_has_no_next_step():
    over = replace(
        FACTS, closed_at=NOW + timedelta(hours=1), happened=(Happened("closed", NOW, {}),)
    )
    said = written(over, Reader("en"), 60_000)
    assert "over at 2026-11-27 05:00:00 UTC" in said.body
    assert "Next step" not in said.body


def test_many_are_a_line_each_with_number_severity_and_subject():
    said = digest(
        [line(FACTS, Reader("zh")), line(replace(FACTS, number="IN000008"), Reader("zh"))],
        frame(2, 1, "https://console.bank.cn/incidents", "zh"),
    )
    assert said.title == "2起事件，未结束1起"
    first, one, other, last = said.body.splitlines()
    assert first.startswith("一分钟内消息已满")
    assert one.startswith("IN000007 【警告】")
    assert other.startswith("IN000008 【警告】")
    assert last == "https://console.bank.cn/incidents"


@pytest.mark.parametrize(("kind", "language"), list(product(INCIDENTS, LANGUAGES)))
def test_no_message_is_longer_than_the_shortest_channel_takes(kind: str, language: str):
    params = dict.fromkeys(INCIDENTS[kind].parameters(), "字" * 200)
    raised = (Raised(INCIDENTS[kind], 10, params),) * 7
    facts = replace(FACTS, raised=raised, member="字" * 400, cause=Text("字" * 60, "c" * 60))
    shortest = min(one.longest for one in CHANNEL_KINDS.values())
    said = written(facts, Reader(language, lambda at: at[:19]), shortest)
    assert len(f"{said.title}\n{said.body}".encode()) <= shortest
    assert FACTS.link in said.body


def test_an_address_says_its_kind():
    for kind, traits in CHANNEL_KINDS.items():
        assert kind_of(traits.example) is kind
    for wrong in ("syslog://", "file:///etc/passwd", "dbus://", "https://x", ""):
        with pytest.raises(BadChannel, match="mailto"):
            kind_of(wrong)


def test_who_hears():
    grave, tills = _channel("grave", severity=Severity.CRITICAL), _channel("tills")
    tills = replace(tills, scopes=frozenset({"terminal"}))
    both = [grave, tills]
    said = lambda *about: {one.name for one in reached(both, frozenset(), *about)}  # noqa: E731
    assert said(Severity.WARNING, "issuer", "1") == set()
    assert said(Severity.CRITICAL, "issuer", "1") == {"grave"}
    assert said(Severity.CRITICAL, "terminal", "1") == {"grave", "tills"}
    assert said(Severity.CRITICAL, "channel", "grave") == set()


def test_by_the_rota_and_never_nobody():
    always, duty, off = _channel("a"), _channel("b", by_rota=True), _channel("c", by_rota=True)
    about = (Severity.WARNING, "issuer", "1")
    on = frozenset({duty.id})
    assert reached([always, duty, off], on, *about) == [always, duty]
    assert reached([duty, off], frozenset(), *about) == [duty, off]


def test_quiet_hours_in_the_zone_of_people():
    quiet = _channel(quiet=Quiet(time(11), time(14)))
    local = lambda at: at.astimezone(ZoneInfo("Asia/Shanghai"))  # noqa: E731
    assert due(quiet, Severity.WARNING, NOW, local) == NOW + timedelta(hours=2)
    assert due(quiet, Severity.CRITICAL, NOW, local) == NOW
    assert due(_channel(), Severity.WARNING, NOW, local) == NOW


def test_a_test_message_names_its_channel():
    assert "group" in sample("group", "en").body
    assert "group" in sample("group", "zh").body
