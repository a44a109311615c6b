"""What the host tells a terminal in field 63 is short and Chinese; here it is said in English."""

import re
from typing import Final

from annul.console.frame.texts import Words
from annul.diagnose.causes import CAUSES
from annul.domain.kinds import COMPLETIONS, REFUNDS, VOIDS
from annul.domain.response_codes import describe
from annul.resolve import words as of_kind

CASE: Final = re.compile(r"(.*?) ?编号(\d{12})")
_ENDS: Final = {
    "已撤销": "voided",
    "已改为退货": "refunded instead",
    "退货成功": "refunded",
    "预授权完成成功": "completed",
    "未撤销": "not voided",
    "退货未成功": "not refunded",
    "预授权完成未成功": "not completed",
    "结果待人工核实": "outcome unproved",
}
_ENDED: Final = re.compile(rf"凭证(\d{{6}})({'|'.join(_ENDS)})(?::(.*))?")
_DECLINED: Final = re.compile(r"凭证(\d{6})离线完成被拒(..?),款未收到")
_KINDS: Final = (VOIDS[0], REFUNDS[0], COMPLETIONS[0])


def said(note: str, words: Words, code: str = "") -> str:
    """Give a note in the language of the page; what is not known stays as it came.

    `code` is the response code that it came with.
    """
    if words.language == "zh":
        return note
    case = CASE.fullmatch(note)
    if case is not None:
        following = describe(code).advice.en if case[1] and not case[1].startswith("系统") else ""
        goes_on = following or words("The host goes on with it. Do not repeat it.")
        return f"{goes_on} {words('Number {number}', number=case[2])}"
    declined = _DECLINED.fullmatch(note)
    if declined is not None:
        return words(
            "Voucher {trace}: the bank declined the completion ({code}); this money was not taken.",
            trace=declined[1],
            code=declined[2],
        )
    ended = _ENDED.fullmatch(note)
    if ended is None:
        return note
    told = words("Voucher {trace}: {outcome}", trace=ended[1], outcome=words(_ENDS[ended[2]]))
    titles = (of_kind.title(one, kind) for one in CAUSES.values() for kind in _KINDS)
    cause = next((title.en for title in titles if title.zh == ended[3]), "")
    return f"{told}. {cause}." if cause else told
