"""What the terminal prints and shows, in Chinese or in English."""

import re
import unicodedata
from typing import Final, Literal

from annul.domain import money
from annul.domain.kinds import KINDS
from annul.domain.shown_codes import shown
from annul.domain.terminal_notes import Noted, pending, read
from annul.domain.text import Text
from annul.resolve.words import REASONS

from .batch import Settled
from .journal import Record
from .profile import Profile
from .terminal import OPEN

Language = Literal["zh", "en"]
Rows = list[tuple[str, str]]  # labels and values

_WIDTH: Final = 40  # columns of the paper; a Chinese character takes two
_LABEL: Final = 12  # of them a label's
# label: (zh, en)
_LABELS: Final = {
    "title": ("签购单", "SALES SLIP"),
    "merchant": ("商户编号", "MERCHANT"),
    "terminal": ("终端编号", "TERMINAL"),
    "operator": ("操作员号", "OPERATOR"),
    "card": ("卡号", "CARD"),
    "kind": ("交易类型", "TYPE"),
    "batch": ("批次号", "BATCH"),
    "voucher": ("凭证号", "VOUCHER"),
    "original": ("原凭证号", "ORIGINAL"),
    "auth_code": ("授权码", "AUTH CODE"),
    "rrn": ("参考号", "REFERENCE"),
    "qr": ("付款凭证", "PAYMENT NO."),
    "time": ("日期时间", "DATE/TIME"),
    "amount": ("金额", "AMOUNT"),
    "balance": ("余额", "BALANCE"),
    "result": ("结果", "RESULT"),
    "note": ("说明", "NOTE"),
    "case": ("案件号", "CASE"),
    "advice": ("提示", "NEXT"),
    "phone": ("客服电话", "HELP LINE"),
    "debits": ("借记", "DEBITS"),
    "credits": ("贷记", "CREDITS"),
    "foreign_debits": ("外卡借记", "FGN DEBITS"),
    "foreign_credits": ("外卡贷记", "FGN CREDITS"),
    "settlement": ("结算总计单", "SETTLEMENT"),
    "uploaded": ("上送笔数", "UPLOADED"),
}
_STATES: Final = {
    "sent": ("未完成，将冲正", "not finished, will be reversed"),
    "approved": ("成功", "approved"),
    "declined": ("未成功，未动账", "declined, no money moved"),
    "reversed": ("已冲正，未动账", "reversed, no money moved"),
    "unanswered": ("结果未知", "outcome not known yet"),
}
# How a request stands that has become a case, on the slip of the customer.
_CASE_OPEN: Final = Text("处理中", "in progress")
_CALL: Final = Text("如有疑问请联系收单机构", "Questions: call the acquirer.")
_REVERSED_BY_HOST: Final = ("未成功，由主机冲正", "not done, the host reverses it")


def slip(record: Record, profile: Profile, language: Language) -> str:
    """Write the slip of one transaction on paper."""
    return _paper("title", slip_rows(record, profile, language), language)


def slip_rows(record: Record, profile: Profile, language: Language) -> Rows:
    """Give what the slip of one transaction says, or why there was none.

    It is the customer's: it says how things stand, in their language, and nothing of risk.
    """
    kind, noted = KINDS[record.kind], noted_of(record)
    rows = [
        ("merchant", profile.merchant),
        ("terminal", profile.terminal),
        ("operator", profile.operator),
        ("card", record.card),
        ("kind", kind.title.speak(language)),
        ("batch", record.batch),
        ("voucher", record.trace),
        ("original", record.original),
        ("auth_code", record.auth_code),
        ("rrn", record.rrn),
        ("qr", record.voucher),
        ("time", f"{record.date[:2]}/{record.date[2:]} {_clock(record.time)}"),
        ("amount", f"CNY {money.show(record.amount)}" if record.amount else ""),
        ("balance", _balance(record.balance)),
        ("result", outcome(record, language)),
        ("note", _sentence(noted.text.speak(language)) if noted and not noted.voucher else ""),
        ("case", noted.case if noted else ""),
        ("advice", _advice(record, noted, language)),
        ("phone", noted.phone if noted else ""),
    ]
    return _labelled(rows, language)


def noted_of(record: Record) -> Noted | None:
    """Read what the host has said of this transaction; None when it was of another one."""
    noted = read(record.note)
    mine = noted.case or noted.voucher in {record.original, record.trace} - {""}
    return noted if mine or (record.note and not noted.voucher) else None


def heard(note: str, language: Language) -> str:
    """Say what the host tells the cashier in a note: of this transaction, or of an earlier one."""
    noted = read(note, REASONS)
    trouble = noted.trouble.speak(language)
    text = noted.text.speak(language)
    if not noted.voucher:
        return " ".join(_sentence(one) for one in (text, trouble) if one)
    why = noted.why.speak(language)
    of = Text("凭证", "Voucher ").speak(language)
    colon = "：" if language == "zh" else ": "
    said = f"{of}{noted.voucher}{colon}{text}" + (f"{colon}{why}" if why else "")
    return f"{said} {trouble}".rstrip()


def _advice(record: Record, noted: Noted | None, language: Language) -> str:
    """Say what the customer, or the shop for them, can do next."""
    if not record.response_code or record.state == "approved":
        return ""
    if noted is not None and (noted.case or noted.voucher):
        return "" if noted.phone else _CALL.speak(language)
    return shown(record.response_code).customer.speak(language)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def outcome(record: Record, language: Language) -> str:
    """Say in one line what became of a transaction: state, response code and its text."""
    noted = noted_of(record)
    if noted is not None and noted.voucher:
        return _sentence(noted.text.speak(language))
    if noted is not None and noted.case and record.state == "declined" and pending(noted):
        return f"{_CASE_OPEN.speak(language)} ({record.response_code})"
    open_ = record.state == "declined" and record.response_code in OPEN
    state = (_REVERSED_BY_HOST if open_ else _STATES[record.state])[_index(language)]
    if not record.response_code or record.state in {"approved", "reversed"}:
        return state
    text = shown(record.response_code).title.speak(language)
    return f"{record.response_code} {text} ({state})"


def totals(settled: Settled, profile: Profile, language: Language) -> str:
    """Write the slip of a settlement on paper."""
    return _paper("settlement", totals_rows(settled, profile, language), language)


def totals_rows(settled: Settled, profile: Profile, language: Language) -> Rows:
    """Give what the slip of a settlement says."""
    sums, foreign = settled.totals, settled.foreign
    agreed = ("与主机相符", "agrees with the host")
    differs = ("与主机不符，已批上送", "differs from the host, uploaded")
    rows = [
        ("merchant", profile.merchant),
        ("terminal", profile.terminal),
        ("batch", settled.batch),
        ("debits", f"{sums.debit_count} x  CNY {money.show(sums.debit_amount)}"),
        ("credits", f"{sums.credit_count} x  CNY {money.show(sums.credit_amount)}"),
        ("foreign_debits", _sum(foreign.debit_count, foreign.debit_amount)),
        ("foreign_credits", _sum(foreign.credit_count, foreign.credit_amount)),
        ("result", (agreed if settled.agrees else differs)[_index(language)]),
        ("uploaded", str(settled.uploaded) if settled.uploaded else ""),
    ]
    return _labelled(rows, language)


def _sum(count: int, amount: int) -> str:
    return f"{count} x  CNY {money.show(amount)}" if count else ""


def heading(what: Literal["title", "settlement"], language: Language) -> str:
    """Give what stands above a slip."""
    return _LABELS[what][_index(language)]


def _labelled(rows: list[tuple[str, str]], language: Language) -> Rows:
    at = _index(language)
    return [(_LABELS[label][at], value) for label, value in rows if value.strip()]


def _paper(what: Literal["title", "settlement"], rows: Rows, language: Language) -> str:
    head = heading(what, language)
    left = (_WIDTH - _columns(head)) // 2
    lines = ["-" * _WIDTH, " " * left + head, "-" * _WIDTH]
    for label, value in rows:
        for number, part in enumerate(_folded(value)):
            begin = "" if number else label
            lines.append(f"{begin}{' ' * (_LABEL - _columns(begin))}{part}")
    return "\n".join([*lines, "-" * _WIDTH])


def _folded(value: str) -> list[str]:
    """Break a value where the paper ends: English between words, Chinese anywhere."""
    lines, room = [""], _WIDTH - _LABEL
    for word in re.findall(r"[(]?[^\x00-\x7f][,)]?|[\x21-\x7e]+ *|.", value):
        if lines[-1] and _columns(lines[-1] + word.rstrip()) > room:
            lines.append("")
        lines[-1] += word
    return [line.rstrip() for line in lines]


def _balance(field54: str) -> str:
    """Read field 54: account type 2, amount type 2, currency 3, sign (C or D), amount 12."""
    if len(field54) < 20:
        return ""
    minor = int(field54[8:20]) * (-1 if field54[7] == "D" else 1)
    letters = money.CURRENCIES.get(field54[4:7], (field54[4:7], 2))[0]
    return f"{letters} {money.show(minor, field54[4:7])}"


def _index(language: Language) -> int:
    return 0 if language == "zh" else 1


def _clock(digits: str) -> str:
    return ":".join(digits[at : at + 2] for at in (0, 2, 4))


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
