"""What annul does again and again by itself, as one line: in a history, and among transactions.

Only what is shown is folded: files, the API and the proof's data have every try by itself.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from annul.domain.kinds import UNDOING
from annul.domain.records import Origin
from annul.domain.states import ENDED
from annul.domain.text import Text
from annul.host.ordered import OPEN

Row = Mapping[str, Any]

# Three in a row say no more than one.
_FOLDED: Final = frozenset(
    {
        *("back_off", "retry", "other_route", "await_outcome", "await_original", "wait_health"),
        *("wait_window", "wait_rule", "wait_funds", "wait_terminal", "wait_set_up"),
        *("diagnosed", "order_dropped", "not_allowed", "probe", "second_look"),
    }
)
_TRIES: Final = frozenset({"retry", "other_route"})
_NOT_DONE: Final = frozenset({None, "not_done"})
MANY: Final = 3  # in a row are told as one


def runs(timeline: Iterable[Row]) -> list[list[Row]]:
    """Part a history into what is told line by line, and runs that are told as one."""
    return _parted(timeline, lambda event: event["what"] in _FOLDED)


def attempts(rows: Iterable[Row], here: str = "") -> list[list[Row]]:
    """Part transactions alike: annul's own tries of one kind that came to nothing.

    `here` is the id of one that is looked at, and stands by itself.
    """
    parts: list[list[Row]] = []
    for part in _parted(rows, lambda row: _in_vain(row) and str(row["id"]) != here):
        kinds = {row["kind"] for row in part}
        parts += [part] if len(kinds) == 1 else [[row] for row in part]
    return parts


def _in_vain(row: Row) -> bool:
    own = row["origin"] == Origin.RESOLVER and row["kind"] in UNDOING
    return own and row["state"] in ENDED


def _parted(rows: Iterable[Row], folds: Callable[[Row], bool]) -> list[list[Row]]:
    parts: list[list[Row]] = []
    last = False
    for row in rows:
        now = folds(row)
        if now and last:
            parts[-1].append(row)
        else:
            parts.append([row])
        last = now
    return [
        part
        for whole in parts
        for part in ([whole] if len(whole) >= MANY else [[one] for one in whole])
    ]


def told(run: Sequence[Row]) -> Text:
    """Say what a run of a history was: how many tries, and what they were answered."""
    came = [event["evidence"].get("result") for event in run if event["what"] in _TRIES]
    codes = [code for code in came if code not in _NOT_DONE]
    if not codes:
        return Text(f"{len(run)}个步骤", f"{len(run)} steps")
    return _told(codes)


def folded(timeline: Iterable[Row]) -> list[Row]:
    """Give a history with each run as one event, `until` its last."""
    return [
        run[0]
        if len(run) < MANY
        else {**run[0], "why": told(run)._asdict(), "until": run[-1]["at"]}
        for run in runs(timeline)
    ]


def told_of(run: Sequence[Row]) -> Text:
    """Say the same of a run of transactions."""
    return _told([row["response_code"] or OPEN for row in run])


def _told(codes: Sequence[str]) -> Text:
    n, named = len(codes), list(dict.fromkeys(codes))
    zh = "、".join("无应答" if code == OPEN else code for code in named)
    en = ", ".join("nothing" if code == OPEN else code for code in named)
    every = ("均", "all ") if n > 1 and len(named) == 1 else ("", "")
    tries = "try" if n == 1 else "tries"
    return Text(
        f"系统自行重试{n}次，应答{every[0]}为{zh}",
        f"{n} {tries} of annul's own, {every[1]}answered {en}",
    )
