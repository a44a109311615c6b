"""What the host tells a terminal in field 63 is short and Chinese; here it is said in English."""

import re
from typing import Final

from annul.console.texts import Words
from annul.diagnose.causes import CAUSES
from annul.domain.response_codes import describe

CASE: Final = re.compile(r"(.*?) ?编号(\d{12})")
_ENDED: Final = re.compile(r"凭证(\d{6})(已撤销|已改为退货|未撤销)(?::(.*))?")
_ENDS: Final = {
    "已撤销": "voided",
    "已改为退货": "refunded instead",
    "未撤销": "not voided",
}


def said(note: str, words: Words, code: str = "") -> str:
    """Give a note in the language of the page; what is not known stays as it came.

    `code` is the response code that it came with.
    """
    if words.language == "zh":
        return note
    case = CASE.fullmatch(note)
    if case is not None:
        following = describe(code).advice_en if case[1] and not case[1].startswith("系统") else ""
        goes_on = following or words("The host goes on with it. Do not repeat it.")
        return f"{goes_on} {words('Number {number}', number=case[2])}"
    ended = _ENDED.fullmatch(note)
    if ended is None:
        return note
    told = words("Voucher {trace}: {outcome}", trace=ended[1], outcome=words(_ENDS[ended[2]]))
    cause = next((one.title.en for one in CAUSES.values() if one.title.zh == ended[3]), "")
    return f"{told}. {cause}." if cause else told
