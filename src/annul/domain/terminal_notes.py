"""What a terminal is told in field 63, as one table: short and Chinese on the wire, both on paper.

Two kinds of notes: with the answer to what fails, how it stands at that moment; with a later
answer, how it has ended. The wire has the Chinese text alone, so `read` finds it in the same table
again, and paper and screens give it in the language of whoever reads.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from .admission import RULES as ADMISSION
from .kinds import COMPLETIONS, KINDS, REFUNDS, Money
from .refund_rules import RULES as OF_REFUNDS
from .refund_rules import SAME_DAY, TOO_OLD, UNTOLD
from .response_codes import Effect
from .text import Text
from .void_rules import BEING_UNDONE, CARD_GONE, NOT_FOUND
from .void_rules import RULES as OF_VOIDS

_FOLLOWS: Final = Text("随后告知,勿重复", "The outcome follows; do not repeat it.")


def _for_now(zh: str, en: str) -> Text:
    return Text(f"{zh}{_FOLLOWS.zh}", f"{en} {_FOLLOWS.en}")


# At the moment of the answer nothing is decided yet: what is true then, short enough for a display.
_STANDS: Final = _for_now("原消费暂有效,结果", "The sale stands for now.")
_STANDS_SET: Final = _for_now("预授权暂有效,结果", "The pre-authorisation stands for now.")
_OPEN_VOID: Final = _for_now("撤销结果未定,", "Whether it is voided is not known yet.")
_OPEN_REFUND: Final = _for_now("退货结果未定,", "Whether it is refunded is not known yet.")
_OPEN_COMPLETION: Final = _for_now("完成结果未定,", "Whether it is completed is not known yet.")
_NO_REFUND: Final = Text("退货未成功,原因随后告知", "The refund did not go through; why, follows.")
_NO_COMPLETION: Final = Text(
    "预授权完成未成功,原因随后告知", "The completion did not go through; why, follows."
)
AGAIN: Final = Text("请按提示处理后重做", "Do as the code says, then try again.")
NUMBER_USED: Final = Text("凭证号重复", "The voucher number was used before.")
# Behind what an answer says while the card's issuer has trouble: before the next one is tried.
ISSUER_TROUBLE: Final = Text(
    "发卡行异常,可能失败或较慢", "The card's issuer has trouble: it may fail or take long."
)
_FIRST: Final = (
    *(_STANDS, _STANDS_SET, _OPEN_VOID, _OPEN_REFUND, _OPEN_COMPLETION),
    *(_NO_REFUND, _NO_COMPLETION, AGAIN, NUMBER_USED),
)
_RULINGS: Final = (
    *(ruling for _, ruling in (*ADMISSION, *OF_VOIDS, *OF_REFUNDS)),
    *(NOT_FOUND, BEING_UNDONE, CARD_GONE, UNTOLD, TOO_OLD, SAME_DAY),
)
_UNDECIDED: Final = frozenset(_FIRST[:7])
_SAID: Final[Mapping[str, str]] = {one.zh: one.en for one in _FIRST} | {
    ruling.note: f"{ruling.said.en}; {ruling.todo.en}" if ruling.todo.en else ruling.said.en
    for ruling in _RULINGS
}

# How a case has ended, after the voucher that it is about.
ENDS: Final[Mapping[str, Text]] = {
    "voided": Text("已撤销", "voided"),
    "instead": Text("已改为退货", "refunded to the card instead"),
    "refunded": Text("退货成功", "refunded"),
    "completed": Text("预授权完成成功", "completed"),
    "stands": Text(
        "撤销未成功,原消费仍有效,款项未退",
        "not voided; the sale stands and nothing was paid back",
    ),
    "stands_set": Text("撤销未成功,预授权仍有效", "not voided; the pre-authorisation stands"),
    "not_voided": Text("未撤销", "not voided"),
    "not_refunded": Text("退货未成功,款项未退", "not refunded; nothing was paid back"),
    "not_completed": Text("预授权完成未成功", "not completed"),
    "unproved": Text("结果待银行确认", "the bank has not confirmed the outcome yet"),
    "withdrawn": Text("撤销已撤回,原消费有效", "the void was withdrawn; the sale stands"),
    "taken_back": Text("撤销已冲正,原消费有效", "the void was taken back; the sale stands"),
    "call": Text("未撤销:请联系收单机构", "not voided; call the acquirer"),
}
_ADVICE: Final = Text(
    "离线完成被拒{0},款未收到", "the completion was declined ({0}); this money was not taken"
)
_CASE: Final = re.compile(r"(.*?) ?案件号(\d{12})(?: 电话([\d+() -]+))?")
_ENDED: Final = re.compile(
    rf"凭证(\d{{6}})({'|'.join(sorted((t.zh for t in ENDS.values()), key=len, reverse=True))})"
    r"(?::(.*))?"
)
_ADVISED: Final = re.compile(rf"凭证(\d{{6}}){_ADVICE.zh.format('(..?)')}")
_BY_TEXT: Final = {text.zh: text for text in ENDS.values()}
_NOTHING: Final = Text("", "")
_CHINESE: Final = re.compile("[\u4e00-\u9fff]")


@dataclass(frozen=True, slots=True)
class Noted:
    """A note as it was read: `case` and `phone` of what failed, `voucher` of what has ended.

    `trouble` says that the issuer of the card has some.
    """

    text: Text
    case: str = ""
    phone: str = ""
    voucher: str = ""
    why: Text = _NOTHING
    trouble: Text = _NOTHING


def first(kind: str, effect: Effect) -> Text:
    """Say how what has just failed stands; `effect` is what its code proves."""
    unknown = effect is Effect.UNKNOWN
    if kind in REFUNDS:
        return _OPEN_REFUND if unknown else _NO_REFUND
    if kind in COMPLETIONS:
        return _OPEN_COMPLETION if unknown else _NO_COMPLETION
    if unknown:
        return _OPEN_VOID
    return _STANDS_SET if KINDS[kind].money is Money.RELEASE else _STANDS


def pending(noted: Noted) -> bool:
    """Say whether a note is of what is not decided yet; else it names what is in the way."""
    return noted.text in _UNDECIDED


def with_case(text: str, number: str, phone: str = "") -> str:
    """Give field 63 of what becomes a case: how it stands, its number, and whom to call."""
    return f"CUP{text} 案件号{number}{f' 电话{phone}' if phone else ''}"


def ended(voucher: str, end: str, why: str = "") -> str:
    """Give the text that tells how the case of a voucher has ended; `end` is a key of `ENDS`."""
    return f"凭证{voucher}{ENDS[end].zh}{f':{why}' if why else ''}"


def advice_declined(code: str) -> str:
    """Say that a completion was declined which the terminal was told had been accepted."""
    return _ADVICE.zh.format(code)


def read(note: str, reasons: Mapping[str, str] | None = None) -> Noted:
    """Read a note. `reasons` are the causes' Chinese titles with their English.

    What is not in the table is given to a Chinese reader as it came, to another one not at all.
    """
    said = note.removesuffix(ISSUER_TROUBLE.zh)
    if said != note:
        return replace(read(said.rstrip(), reasons), trouble=ISSUER_TROUBLE)
    case = _CASE.fullmatch(note)
    if case is not None:
        return Noted(_known(case[1]), case[2], case[3] or "")
    advised = _ADVISED.fullmatch(note)
    if advised is not None:
        text = Text(_ADVICE.zh.format(advised[2]), _ADVICE.en.format(advised[2]))
        return Noted(text, voucher=advised[1])
    over = _ENDED.fullmatch(note)
    if over is not None:
        why = over[3] or ""
        return Noted(
            _BY_TEXT[over[2]], voucher=over[1], why=Text(why, (reasons or {}).get(why, ""))
        )
    return Noted(_known(note))


def _known(zh: str) -> Text:
    return Text(zh, _SAID.get(zh, "" if _CHINESE.search(zh) else zh))
