"""What is counted of the watching itself: what alarms see once only, and what people are told."""

from typing import Final

from annul.domain.text import Text
from annul.issuers.tally import Tally
from annul.operate.alarms.probing import ProbeCounts, Prober
from annul.operate.notices.telling import NoticeCounts, Teller

from .series import Alert, Group, counter, each, fields_of, one

_NOTICES: Final = {
    "told": Text("已送达", "told"),
    "limited": Text("渠道限流", "put off: the channel takes no more for now"),
    "refused": Text("被渠道拒绝", "refused by the channel"),
    "unreached": Text("未连上渠道，未送达", "not delivered: nobody was there"),
    "unanswered": Text("无应答", "unanswered"),
    "overtaken": Text("其他进程已写", "another process had written it"),
    "escalated": Text("无人确认而升级", "escalated: nobody acknowledged"),
}

_PROBES: Final = {
    "voids": Text("提前尝试的待办撤销", "voids that wait, tried now"),
    "answered": Text("已应答的回响测试", "echoes that were answered"),
    "silent": Text("无应答的回响测试", "echoes without an answer"),
    "not_sent": Text("未发出的回响测试", "echoes that could not be sent"),
}

WATCHING: Final = Group(
    Text("监控与通知", "Alarms and notices"),
    (
        counter(
            "annul_alarm_repeats_total",
            Text(
                "同一张卡一分钟内的重复失败，监控只计一次",
                "Failures of one card within a minute, which alarms count once",
            ),
            Tally,
            one(lambda tally: tally.repeats),
        ),
        counter(
            "annul_probes_total",
            Text(
                "交易太少时系统自行对发卡行的探询",
                "What annul asks issuers by itself where too little traffic comes",
            ),
            Prober,
            each(lambda prober: fields_of(prober.counts)),
            labels=("event",),
            values=_PROBES,
            counts=ProbeCounts,
        ),
        counter(
            "annul_notice_events_total",
            Text("给值班人员的通知", "What became of what people are told"),
            Teller,
            each(lambda teller: fields_of(teller.counts)),
            labels=("event",),
            values=_NOTICES,
            counts=NoticeCounts,
            alerts=(
                Alert(
                    "AnnulNoticesRefused",
                    'sum(increase(annul_notice_events_total{event="refused"}[15m])) > 0',
                    "0m",
                    "warning",
                    Text("通知渠道拒绝消息", "A channel refuses what people are to be told"),
                ),
            ),
        ),
    ),
)
