"""How files, rows and breaks are said, wherever they are shown."""

from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from annul.console.frame.live import View
from annul.console.frame.markup import Html, badge, join, number
from annul.desk.desk import NothingThere
from annul.domain.breaks import BREAK_STATES, CAUSES, KINDS, BreakKind, BreakState, Cause
from annul.domain.text import Text

Row = Mapping[str, Any]
# How a file stands: what is said of it, and its tone.
FILE_STATES: Final[Mapping[str, tuple[Text, str]]] = {
    "loading": (Text("读取中", "is being read"), "info"),
    "staged": (Text("待提交", "waits for its commit"), "warn"),
    "committed": (Text("已提交", "committed"), "good"),
    "discarded": (Text("已作废", "discarded"), "bad"),
    "dropped": (Text("已丢弃", "dropped"), ""),
}
# What came of a row that is no break: what is said of it, and its tone.
OUTCOMES: Final[Mapping[str, tuple[Text, str]]] = {
    "matched": (Text("一致", "agree"), "good"),
    "fee": (Text("费用行", "charges"), "good"),
    "tolerated": (Text("容差内一致", "agree within tolerance"), "info"),
    "claimed": (Text("拒付", "chargebacks"), "warn"),
    "carried": (Text("缓冲后到达", "came after the cut-over"), "info"),
    "netted": (Text("轧差", "netted"), "info"),
    "done": (Text("证明已成功", "prove: done"), "info"),
    "not_done": (Text("证明未成功", "prove: not done"), "info"),
}
STATE_TONES: Final[Mapping[BreakState, str]] = {
    BreakState.OPEN: "bad",
    BreakState.ASKED: "warn",
    BreakState.RESOLVED: "good",
    BreakState.AGREED: "good",
    BreakState.WITHDRAWN: "",
}
_DANGER: Final = tuple(BreakKind)  # the most dangerous kind first, as they are declared


def identity(text: str, what: str) -> UUID:
    """Read a number of an address; raises `NothingThere`."""
    try:
        return UUID(text)
    except ValueError as error:
        message = f"there is no {what} {text[:40]}"
        raise NothingThere(message) from error


def file_state(view: View, state: str) -> Html:
    """Show how a file stands."""
    text, tone = FILE_STATES[state]
    return badge(view.words.of(text), tone)


def kind(view: View, row: Row) -> str:
    """Name a break's kind."""
    return view.words.of(KINDS[BreakKind(row["kind"])])


def cause(view: View, row: Row) -> str:
    """Say what caused a break."""
    return view.words.of(CAUSES[Cause(row["cause"])]) if row["cause"] else ""


def state_said(view: View, row: Row) -> str:
    """Say how a break stands."""
    return view.words.of(BREAK_STATES[BreakState(row["state"])])


def state(view: View, row: Row) -> Html:
    """Show how a break stands."""
    return badge(state_said(view, row), STATE_TONES[BreakState(row["state"])])


def foretold(view: View, row: Row) -> Html | None:
    """Mark what was expected to break before the file came."""
    return badge(view.words("foretold"), "info") if row["foretold"] else None


def signed(view: View, minor: int, currency: str) -> str:
    """Write money with its sign: above zero the issuer owes us more than our books say."""
    return f"{'+' if minor > 0 else ''}{view.amount(minor, currency)}"


def money(view: View, row: Row) -> Html:
    """Show a break's money."""
    return number(signed(view, row["money"], row["currency"]))


def sums(view: View, rows: Iterable[Row], name: str) -> str:
    """Write sums by currency."""
    by: dict[str, int] = {}
    for row in rows:
        by[row["currency"]] = by.get(row["currency"], 0) + row[name]
    return ", ".join(view.amount(by[one], one) for one in sorted(by)) or "–"


def by_danger(rows: Iterable[Row]) -> list[Row]:
    """Put the most dangerous breaks first, of a kind those with the most money."""
    return sorted(rows, key=lambda row: (_DANGER.index(BreakKind(row["kind"])), -abs(row["money"])))


def counted(view: View, result: Row, broken: int) -> Html | str:
    """Say in badges what came of a file's rows; breaks where they stand out."""
    words, counts = view.words, dict[str, int]()
    for one in result.get("outcomes", ()):
        counts[one["outcome"]] = counts.get(one["outcome"], 0) + one["count"]
    shown = [
        badge(f"{counts[name]:,} {words.of(text)}", tone)
        for name, (text, tone) in OUTCOMES.items()
        if counts.get(name)
    ]
    if broken:
        shown.append(badge(words("breaks: {n}", n=f"{broken:,}"), "bad"))
    return join(part for one in shown for part in (one, " "))
