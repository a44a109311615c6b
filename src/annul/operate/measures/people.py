"""What is counted of the pages: who comes in, who watches, what merchants' programs are told."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from annul.domain.text import Text
from annul.resolve.notify.webhooks import Deliverer, DeliveryCounts

from .series import Alert, Group, Reading, counter, each, fields_of, gauge, one

_CAME: Final = {
    "accepted": Text("密码正确", "password right"),
    "must_change": Text("密码正确，须先改密码", "password right, to be changed first"),
    "needs_code": Text("密码正确，还需第二因素", "password right, second factor wanted"),
    "refused": Text("密码被拒", "password refused"),
    "busy": Text("过多人同时登录", "too many at once"),
    "code_accepted": Text("第二因素正确", "second factor right"),
    "code_recovered": Text("使用了恢复码", "a recovery code was used"),
    "code_refused": Text("第二因素被拒", "second factor refused"),
    "key_refused": Text("API密钥被拒", "API key refused"),
}
_DELIVERY: Final = {
    "tries": Text("尝试", "tries"),
    "delivered": Text("已送达", "delivered"),
    "postponed": Text("推迟", "postponed"),
    "given_up": Text("放弃", "given up"),
    "dropped": Text("接收方已停用", "dropped: the webhook is off"),
    "overtaken": Text("其他进程已写", "another process had written it"),
}


@dataclass(frozen=True, slots=True)
class Doors:
    """What the desk counts of who wants in: by what they were told, and whose turn is to come."""

    came: Mapping[str, int]
    waiting: Callable[[], int]


@dataclass(frozen=True, slots=True)
class Watchers:
    """How many watch for changes."""

    watching: Callable[[], int]


def _came(doors: Doors) -> Iterable[Reading]:
    return [((told,), doors.came.get(told, 0)) for told in _CAME]


PEOPLE: Final = Group(
    Text("人员与程序", "People and programs"),
    (
        counter(
            "annul_sign_ins_total",
            Text("登录与密钥，按结果", "Sign-ins and keys shown, by what they were told"),
            Doors,
            _came,
            labels=("told",),
            values=_CAME,
            alerts=(
                Alert(
                    "AnnulSignInsRefused",
                    "sum(increase(annul_sign_ins_total"
                    '{told=~"refused|code_refused|key_refused"}[10m])) > 50',
                    "0m",
                    "warning",
                    Text(
                        "十分钟内有 50 次以上的登录或密钥被拒：有人在猜",
                        "More than 50 sign-ins or keys were refused in ten minutes:"
                        " somebody guesses",
                    ),
                ),
            ),
        ),
        gauge(
            "annul_passwords_waiting",
            Text("等待核对的密码", "Passwords that wait to be compared"),
            Doors,
            one(lambda doors: doors.waiting()),
        ),
        gauge(
            "annul_watchers",
            Text(
                "正在观看变化的页面和事件流",
                "Pages and streams of events that watch for changes",
            ),
            Watchers,
            one(lambda watchers: watchers.watching()),
        ),
        counter(
            "annul_delivery_events_total",
            Text("给商户程序的通知", "What became of what merchants' programs are told"),
            Deliverer,
            each(lambda deliverer: fields_of(deliverer.counts)),
            labels=("event",),
            values=_DELIVERY,
            counts=DeliveryCounts,
            alerts=(
                Alert(
                    "AnnulDeliveriesGivenUp",
                    'sum(increase(annul_delivery_events_total{event="given_up"}[1h])) > 0',
                    "0m",
                    "warning",
                    Text(
                        "有通知放弃送达：商户的接收方一天没有确认",
                        "Deliveries were given up: a merchant's receiver has not acknowledged"
                        " them for a day",
                    ),
                ),
            ),
        ),
    ),
)
