"""What terminal, host and issuer have of one transaction, and the facts that show the cause."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from annul.console.frame.live import View
from annul.console.frame.markup import Html, card, facts, table, tag
from annul.domain.breaks import BreakKind
from annul.domain.clearing import EFFECTS, Effect
from annul.domain.money import CURRENCIES
from annul.domain.text import Text

from .said import Row, cause

_MOMENT: Final = 10  # MMDDhhmmss
FIELDS: Final[Mapping[str, Text]] = {
    "state": Text("状态", "State"),
    "time": Text("时间", "Time"),
    "amount": Text("金额", "Amount"),
    "currency": Text("币种", "Currency"),
    "fee": Text("手续费", "Fee"),
    "rrn": Text("检索参考号", "RRN"),
    "trace": Text("流水号", "Trace"),
    "terminal": Text("终端", "Terminal"),
    "auth_code": Text("授权码", "Authorisation code"),
    "code": Text("应答码", "Response code"),
    "card": Text("卡号", "Card"),
}
# Facts by which a cause is seen (`diagnose.breaks`).
FACTS: Final[Mapping[str, Text]] = {
    "sent": Text("发往发卡行", "Sent to the issuer"),
    "response_code": Text("应答码", "Response code"),
    "late_code": Text("迟到应答的应答码", "Response code of the late answer"),
    "received_at": Text("收到请求", "Request received"),
    "answered_at": Text("发卡行应答", "Issuer answered"),
    "ended_at": Text("我方终结", "Ended here"),
    "reversal_tries": Text("冲正次数", "Tries of the reversal"),
    "reversal_code": Text("冲正应答码", "Response code of the reversal"),
    "reversal_reason": Text("冲正原因", "Reason of the reversal"),
    "row_merchant": Text("文件中的商户号", "Merchant in the file"),
    "row_rrn": Text("文件中的检索参考号", "RRN in the file"),
    "claimed": Text("终端批上送金额", "Amount in the terminal's batch"),
    "given_back": Text("已退回金额", "Given back before"),
    "cost": Text("我方费率表的手续费", "Fee by our table"),
    "why": Text("终结依据", "Ended here by"),
}
_MONEY: Final = frozenset({"amount", "fee", "claimed", "given_back", "cost"})
_TIMES: Final = frozenset({"received_at", "answered_at", "ended_at"})
_SPOKEN: Final = frozenset({"sent", "why"})
# Which field is marked whatever stands in it, by the kind of the break.
_MARKED: Final[Mapping[str, str]] = {
    BreakKind.STATE: "state",
    BreakKind.MISSING_HERE: "state",
    BreakKind.MISSING_THERE: "state",
    BreakKind.TWICE: "state",
    BreakKind.DATE: "time",
}
_JUDGED: Final = frozenset({"state", "time"})  # said in other words by each side


def side_by_side(view: View, row: Row) -> Html:
    """Draw the three columns; what differs is marked, also in words."""
    words = view.words
    rows = []
    for name, text in FIELDS.items():
        values = row["differs"].get(name)
        if values is None:
            continue
        differs = _differs(row, name, values)
        mark = tag("small", words("differs"), cls="under") if differs else None
        head = tag("b", words.of(text), mark)
        shown = [_value(view, row, name, place, one) for place, one in enumerate(values)]
        rows.append([head, *(_cell(one, differs=differs) for one in shown)])
    heads = [words(head) for head in ("Compared", "Terminal", "Host", "Issuer")]
    return card(words("Side by side"), table(heads, rows, cls="side-by-side"))


def _cell(shown: str, *, differs: bool) -> Html:
    return tag("span", shown, cls="differs" if differs and shown != "–" else False)


def _differs(row: Row, name: str, values: list[Any]) -> bool:
    if name in _JUDGED:
        return _MARKED.get(row["kind"]) == name
    return len({value for value in values if value not in {None, ""}}) > 1


def _value(view: View, row: Row, name: str, place: int, value: Any) -> str:
    if value in {None, ""}:
        return _absent(view, name, place)
    told = _TOLD.get(name)
    return told(view, row, value) if told else str(value)


def _absent(view: View, name: str, place: int) -> str:
    """Say of the state that one side has nothing; of other fields that is clear."""
    if name != "state" or not place:
        return "–"
    return view.words("nothing here") if place == 1 else view.words("no row")


def _state(view: View, _: Row, value: Any) -> str:
    found = EFFECTS.get(value) if value in set(Effect) else None
    return view.words.of(found) if found else view.words(str(value))


def _time(view: View, _: Row, value: Any) -> str:
    text = str(value)
    if len(text) == _MOMENT and text.isdecimal():
        return f"{text[:2]}-{text[2:4]} {text[4:6]}:{text[6:8]}:{text[8:]}"
    return view.when(text, seconds=True)


def _money(view: View, row: Row, value: Any) -> str:
    return view.amount(int(value), row["currency"])


def _currency(_view: View, _row: Row, value: Any) -> str:
    return CURRENCIES.get(str(value), (str(value), 2))[0]


_TOLD: Final[Mapping[str, Callable[[View, Row, Any], str]]] = {
    "state": _state,
    "time": _time,
    "amount": _money,
    "fee": _money,
    "currency": _currency,
}


def evidence(view: View, row: Row) -> Html:
    """Say the cause, and the facts that show it."""
    words = view.words
    said = cause(view, row) or words("Not known: the wire has shown nothing that says why.")
    pairs = [(words.of(FACTS[name]), _fact(view, row, name, value)) for name, value in _known(row)]
    return card(words("Why"), tag("p", said, cls="strong break-cause"), facts(pairs))


def _known(row: Row) -> list[tuple[str, Any]]:
    known = ((name, row["facts"].get(name)) for name in FACTS)
    return [(name, value) for name, value in known if value not in {None, ""}]


def _fact(view: View, row: Row, name: str, value: Any) -> str:
    if name in _TIMES:
        return view.when(str(value), seconds=True)
    if name in _MONEY:
        return view.amount(int(value), row["currency"])
    return view.words(str(value)) if name in _SPOKEN else str(value)
