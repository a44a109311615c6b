"""A statement as tables, each declared once: what CSV, workbook and PDF write down. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any, Final, NamedTuple
from uuid import UUID

from annul.domain.business_day import CutOver
from annul.domain.kinds import KINDS
from annul.domain.ledger import PostingKind
from annul.domain.money import CURRENCIES
from annul.domain.payouts import MOVES, STATES, MoveKind, PayoutState
from annul.domain.text import Text

from .model import ACCOUNTS, MOVEMENTS, Line, Statement, Sums


class Amount(NamedTuple):
    """Money: minor units of a currency."""

    minor: int
    currency: str


class Reference(str):
    """The reference of a payout, which the bank repeats; where room is short its end tells it."""

    __slots__ = ()


Cell = str | Text | Amount | date | datetime | None


class Column(NamedTuple):
    """A column: its head, its share of the width when printed, and whether amounts stand in it."""

    head: Text
    share: float
    money: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A table of a statement; `name` tells programs which one it is, in every language."""

    name: str
    title: Text
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]


class Spoken(NamedTuple):
    """How a statement is written: `zh` or `en`, with the times of a zone."""

    language: str
    zone: tzinfo


_CURRENCY: Final = Column(Text("币种", "Currency"), 0.07)
_DATE: Final = Text("营业日", "Business day")
_ENDS: Final = Text("营业日日切时间", "Business day ends at")
_AS_THE_HOUSE: Final = Text("与收单机构一致", "as the acquirer's")
_PAYOUT: Final = Text("划付", "Payout")
LINES: Final = (
    Column(Text("时间", "Time"), 0.08),
    Column(_DATE, 0.07),
    Column(Text("终端", "Terminal"), 0.06),
    Column(Text("批次", "Batch"), 0.045),
    Column(Text("凭证号", "Voucher"), 0.045),
    Column(Text("参考号", "Reference"), 0.08),
    Column(Text("类型", "Kind"), 0.09),
    Column(Text("卡号", "Card"), 0.1),
    Column(Text("币种", "Currency"), 0.035),
    Column(Text("金额", "Amount"), 0.07, money=True),
    Column(Text("手续费", "Fee"), 0.05, money=True),
    Column(Text("净额", "Net"), 0.07, money=True),
    Column(Text("原交易参考号", "Original's reference"), 0.08),
    Column(Text("原营业日", "Original's day"), 0.07),
    Column(_PAYOUT, 0.055),
)
TRANSACTIONS: Final = Text("交易明细", "Transactions")
_BOOKED_BACK: Final = {
    PostingKind.REVERSAL: Text("，已冲正", ", reversed"),
    PostingKind.ADJUSTMENT: Text("，人工更正", ", set right by hand"),
}


def sections(statement: Statement) -> tuple[Section, ...]:
    """Give all tables but the one of the transactions."""
    return tuple(table(statement) for table in _TABLES)


def line(one: Line, payout: UUID | None) -> Sequence[Cell]:
    """Give a transaction as a row under `LINES`; `payout` has its business day."""
    money = one.currency
    kind = KINDS[one.kind].title if one.kind in KINDS else Text(one.kind, one.kind)
    back = _BOOKED_BACK.get(PostingKind(one.posting), Text("", ""))
    return (
        one.at,
        one.business_date,
        one.terminal_id,
        one.batch,
        one.trace,
        one.rrn,
        Text(kind.zh + back.zh, kind.en + back.en),
        one.card_masked,
        _letters(money),
        Amount(one.amount, money),
        Amount(one.fee, money),
        Amount(one.net, money),
        one.original_rrn,
        one.original_date,
        _reference(payout),
    )


def payouts_of_days(statement: Statement) -> Mapping[tuple[date, str], UUID | None]:
    """Give in which payout each business day is, by day and currency."""
    return {(one.business_date, one.currency): one.payout_id for one in statement.days}


def _letters(currency: str) -> str:
    return CURRENCIES.get(currency, (currency, 2))[0]


def _reference(payout: UUID | None) -> Reference | None:
    return Reference(payout.hex) if payout else None


def _about(statement: Statement) -> Section:
    period, until = statement.period, statement.until
    covered = f"{period.first} - {until}" if until > period.first else str(period.first)
    rows: list[tuple[Cell, ...]] = [
        (Text("商户", "Merchant"), statement.name),
        (Text("商户号", "Merchant number"), statement.merchant_id),
        (Text("期间", "Period"), str(period)),
        (Text("已结账营业日", "Closed business days"), covered),
        (Text("款项状态截至", "Payouts as of"), statement.as_of),
    ]
    rows += [(_ENDS, _end(one, period.first)) for one in statement.ends]
    if not statement.whole:
        left = Text("期间尚未结束，仅含已结账营业日", "not over yet: closed business days only")
        rows.append((Text("未完", "Unfinished"), left))
    columns = (Column(Text("项目", "What"), 0.3), Column(Text("内容", "Value"), 0.7))
    return Section("about", Text("对账单", "Statement"), columns, rows)


def _end(one: CutOver, first: date) -> Text:
    """Say when days end, and from which one on where that is within the period."""
    at = Text(f"{one.at:%H:%M}", f"{one.at:%H:%M}") if one.at else _AS_THE_HOUSE
    if one.valid_from <= first:
        return at
    return Text(f"自 {one.valid_from} 起：{at.zh}", f"from {one.valid_from} on: {at.en}")


def _accounts(statement: Statement) -> Section:
    def row(what: Text, sums: Mapping[str, int], currency: str) -> tuple[Cell, ...]:
        amounts = [sums.get(account, 0) for account in ACCOUNTS]
        whole = (Amount(one, currency) for one in (*amounts, sum(amounts)))
        return (_letters(currency), what, *whole)

    rows: list[tuple[Cell, ...]] = []
    for account in statement.accounts:
        currency = account.currency
        rows.append(row(Text("期初", "At the beginning"), account.opening, currency))
        rows += [row(MOVEMENTS[name], sums, currency) for name, sums in account.moved.items()]
        rows.append(row(Text("期末", "At the end"), account.closing, currency))
    columns = (
        _CURRENCY,
        Column(Text("事项", "What"), 0.27),
        *(Column(title, 0.11, money=True) for title in (*ACCOUNTS.values(), Text("合计", "All"))),
    )
    return Section("accounts", Text("账户", "Accounts"), columns, rows)


def _days(statement: Statement) -> Section:
    rows = [
        (
            one.business_date,
            _letters(one.currency),
            Amount(one.taken, one.currency),
            Amount(-one.given_back, one.currency),
            Amount(-one.fees, one.currency),
            Amount(-one.fee, one.currency),
            Amount(one.net - one.fee, one.currency),
            one.due_on,
            one.available_at,
            _reference(one.payout_id),
        )
        for one in statement.days
    ]
    columns = (
        Column(_DATE, 0.11),
        _CURRENCY,
        Column(MOVEMENTS["taken"], 0.11, money=True),
        Column(Text("退回", "Given back"), 0.1, money=True),
        Column(Text("手续费", "Fees"), 0.08, money=True),
        Column(Text("提前到账费", "Early settlement"), 0.08, money=True),
        Column(Text("实得", "You get"), 0.11, money=True),
        Column(Text("到期日", "Due on"), 0.11),
        Column(Text("转为可用", "Available since"), 0.12),
        Column(_PAYOUT, 0.11),
    )
    return Section("days", Text("营业日", "Business days"), columns, rows)


def _payouts(statement: Statement) -> Section:
    rows = [
        (
            one.id.hex,
            one.run_on,
            _letters(one.currency),
            Amount(one.amount, one.currency),
            STATES[PayoutState(one.state)],
            one.account,
            one.paid_at,
            one.returned_at,
            " ".join(filter(None, (one.bank_code, one.bank_text))),
        )
        for one in statement.payouts
    ]
    columns = (
        Column(Text("划付编号", "Payout"), 0.17),
        Column(Text("日期", "Date"), 0.1),
        _CURRENCY,
        Column(Text("金额", "Amount"), 0.11, money=True),
        Column(Text("状态", "State"), 0.12),
        Column(Text("账户尾号", "Account ends in"), 0.08),
        Column(Text("入账时间", "Booked at"), 0.11),
        Column(Text("退回时间", "Came back at"), 0.11),
        Column(Text("银行说明", "What the bank says"), 0.13),
    )
    return Section("payouts", Text("划付", "Payouts"), columns, rows)


def _moves(statement: Statement) -> Section:
    rows = [
        (
            one.business_date,
            _letters(one.currency),
            MOVES[MoveKind(one.kind)],
            Amount(one.amount, one.currency),
            one.reason,
            _reference(one.about),
            _reference(one.payout_id),
        )
        for one in statement.moves
    ]
    columns = (
        Column(_DATE, 0.11),
        _CURRENCY,
        Column(Text("事项", "What"), 0.18),
        Column(Text("金额", "Amount"), 0.13, money=True),
        Column(Text("原因", "Reason"), 0.29),
        Column(Text("涉及", "About"), 0.11),
        Column(_PAYOUT, 0.11),
    )
    return Section("moves", Text("冻结、更正与退回", "Frozen, set right, come back"), columns, rows)


_TABLES: Final[tuple[Callable[[Statement], Section], ...]] = (
    _about,
    _accounts,
    _days,
    _payouts,
    _moves,
)


def facts(statement: Statement, transactions: int) -> dict[str, Any]:
    """Give the sums for programs: minor units by currency, movement and account."""
    return {
        "merchant": statement.merchant_id,
        "period": str(statement.period),
        "first": statement.period.first.isoformat(),
        "until": statement.until.isoformat(),
        "whole": statement.whole,
        "as_of": statement.as_of.isoformat(),
        "transactions": transactions,
        "days": len(statement.days),
        "payouts": len(statement.payouts),
        "accounts": [
            {
                "currency": one.currency,
                "opening": _short(one.opening),
                "moved": {name: _short(sums) for name, sums in one.moved.items()},
                "closing": _short(one.closing),
            }
            for one in statement.accounts
        ],
    }


def _short(sums: Sums) -> dict[str, int]:
    """Name accounts as balances do, without a word for whose they are."""
    return {account.removeprefix("merchant_"): sums.get(account, 0) for account in ACCOUNTS}


def net_of_lines(found: Iterable[Line]) -> Sums:
    """Add up what lines come to, by currency."""
    sums: Sums = {}
    for one in found:
        sums[one.currency] = sums.get(one.currency, 0) + one.net
    return sums
