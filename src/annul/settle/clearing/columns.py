"""What the columns of a table mean: declared, kept as JSON, or guessed by their heads."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, Final

from annul.domain.chargebacks import TOLD
from annul.domain.clearing import Effect
from annul.domain.text import Text

from .cells import Cell, CellUnfit, text
from .meanings import SPOKEN, Meaning
from .rows import ClearingUnreadable

UNITS: Final = ("major", "minor")
# What a negative amount means: given back, or nothing that is known.
NEGATIVE: Final = ("given_back", "refused")
ENCODINGS: Final = ("utf-8", "gb18030")
# What a column can hold, with the heads that it has in files, in capital-free letters and digits
# only. `sent_on` is the day of a `sent_at` that has only the hour.
HEADS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "merchant_id": (
            *("商户号", "商户编号", "商户代码", "商户id", "受卡方标识码", "特约商户编号"),
            *("merchantid", "merchantno", "merchantnumber", "merchantcode", "merchant", "mid"),
        ),
        "terminal_id": (
            *("终端号", "终端编号", "终端代码", "终端id", "受卡机终端标识码", "设备号"),
            *("terminalid", "terminalno", "terminalnumber", "terminal", "tid"),
        ),
        "trace": (
            *("系统跟踪号", "跟踪号", "流水号", "交易流水号", "终端流水号", "凭证号", "pos流水号"),
            *("trace", "traceno", "tracenumber", "stan", "voucherno", "systemtrace"),
        ),
        "rrn": (
            *("检索参考号", "参考号", "系统参考号", "交易参考号", "检索号", "rrn"),
            *("referenceno", "referencenumber", "reference", "refno", "retrievalreference"),
            "retrievalreferencenumber",
        ),
        "auth_code": (
            *("授权码", "授权号", "授权应答码"),
            *("authcode", "approvalcode", "authorisationcode", "authorizationcode"),
        ),
        "card": (
            *("卡号", "银行卡号", "交易卡号", "主账号", "账号", "帐号"),
            *("cardno", "cardnumber", "card", "pan", "account"),
        ),
        "kind": (
            *("交易类型", "交易类别", "交易种类", "交易名称", "业务类型", "类型"),
            *("transactiontype", "txntype", "type", "kind"),
        ),
        "amount": (
            *("交易金额", "金额", "订单金额", "交易本金", "消费金额"),
            *("amount", "transactionamount", "txnamount", "amt"),
        ),
        "currency": ("币种", "交易币种", "货币", "currency", "ccy"),
        "fee": (
            *("手续费", "商户手续费", "交易手续费", "手续费金额"),
            *("fee", "charge", "commission", "merchantfee"),
        ),
        "sent_at": (
            *("交易时间", "交易日期时间", "交易传输时间", "传输时间", "时间"),
            *("transactiontime", "txntime", "datetime", "time", "sentat"),
        ),
        "sent_on": ("交易日期", "日期", "transactiondate", "txndate", "date"),
        "settles_on": (
            *("清算日期", "结算日期", "清算日", "入账日期", "记账日期"),
            *("settlementdate", "settleson", "cleardate", "clearingdate"),
        ),
        "original_trace": (
            *("原流水号", "原跟踪号", "原系统跟踪号", "原交易流水号", "原始交易的系统跟踪号"),
            *("originaltrace", "originaltraceno", "originalstan"),
        ),
        "original_at": ("原交易时间", "原始交易日期时间", "originaltime", "originalat"),
        "code": ("应答码", "响应码", "返回码", "交易返回码", "responsecode", "respcode", "code"),
        "undone": ("冲正撤销标志", "冲正标志", "撤销标志", "undone"),
    }
)
_NAMES_ONE: Final = ("rrn", "trace", "auth_code")  # one of them at least, or nothing is matched
_ORIGINAL: Final = ("原", "original", "orig")
_LONG: Final = 3  # characters from which a head may have more before it
_NOISE: Final = re.compile(r"\(.*?\)|\[.*?\]|[\W_]+")
_UNITS: Final = re.compile(r"[(\[/_ ](?:单位[::]?)?(?:(元|yuan|cny|rmb)|(分|fen|cents?))[)\]]?$")
_TWELVE: Final = 12  # digits of an amount as messages have it


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """What the columns of a table mean.

    `columns` give for what a column holds (`HEADS`) its head in the file; `head` is the line of
    the heads, from 1. `unit` is of amounts and fees: major (yuan) or minor (fen); it has no
    default that could be a hundred times wrong. `words` of the column of kinds, besides those
    that are known. `negative` says what an amount below zero is. `fee_sign` is -1 where fees that
    the acquirer pays stand below zero. `dates` is a format of strptime; without it ISO's and the
    usual Chinese ones are read. `encoding` is tried first.
    """

    columns: Mapping[str, str]
    unit: str = ""
    words: Mapping[str, Meaning] = field(default_factory=lambda: MappingProxyType({}))
    negative: str = "given_back"
    fee_sign: int = 1
    currency: str = "156"
    dates: str = ""
    head: int = 1
    delimiter: str = ","
    encoding: str = "utf-8"

    def meaning(self, word: str) -> Meaning | None:
        """Give what a word in the column of kinds means."""
        low = word.lower()
        return self.words.get(low) or SPOKEN.get(low)

    def as_json(self) -> dict[str, Any]:
        """Give it as what JSON can hold; words as [kind, effect]."""
        told = {one.name: getattr(self, one.name) for one in fields(self)}
        words = {word: [kind, effect or ""] for word, (kind, effect) in self.words.items()}
        return {**told, "columns": dict(self.columns), "words": words}

    @classmethod
    def of_json(cls, told: Mapping[str, Any]) -> "ColumnMap":
        """Read what `as_json` gives; raises `ClearingUnreadable` that names what is wrong."""
        try:
            given = dict(told)
            given["words"] = {
                str(word).lower(): Meaning(str(kind), Effect(effect) if effect else None)
                for word, (kind, effect) in dict(given.get("words", {})).items()
            }
            given["columns"] = {str(key): str(head) for key, head in given["columns"].items()}
            found = cls(**given)
        except (AttributeError, KeyError, TypeError, ValueError):
            message = "this is not a map of columns: columns, unit, words, negative, ..."
            raise ClearingUnreadable(message) from None
        _check(found)
        return found


def _check(found: ColumnMap) -> None:
    allowed: tuple[tuple[str, object, Sequence[object]], ...] = (
        ("unit", found.unit, ("", *UNITS)),
        ("negative", found.negative, NEGATIVE),
        ("fee_sign", found.fee_sign, (1, -1)),
        ("encoding", found.encoding, ENCODINGS),
        *(("columns", column, tuple(HEADS)) for column in found.columns),
    )
    wrong = [f"{name} {value!r}" for name, value, values in allowed if value not in values]
    for name in ("currency", "dates", "delimiter"):
        wrong += [] if isinstance(getattr(found, name), str) else [name]
    wrong += [
        f"words {word!r}: {meaning.kind!r}, where a chargeback has one of {', '.join(TOLD)}"
        for word, meaning in found.words.items()
        if meaning.effect is Effect.CLAIMED and meaning.kind not in TOLD
    ]
    wrong += [] if len(str(found.delimiter)) == 1 else ["delimiter"]
    wrong += [] if isinstance(found.head, int) and found.head >= 1 else ["head"]
    if wrong:
        message = f"a map of columns cannot have: {', '.join(wrong)}"
        raise ClearingUnreadable(message)


def missing(found: ColumnMap) -> tuple[Text, ...]:
    """Say what must still be declared before a table can be read."""
    said: list[Text] = []
    if "amount" not in found.columns:
        said.append(Text("金额所在的列", "the column of the amount"))
    if found.unit not in UNITS:
        said.append(Text("金额单位: 元或分", "the unit of amounts: major or minor"))
    if not any(name in found.columns for name in _NAMES_ONE):
        said.append(
            Text(
                "参考号、流水号或授权码所在的列",
                "a column of the reference number, the trace or the authorisation code",
            )
        )
    return tuple(said)


def guess(headers: Sequence[Cell], samples: Sequence[Sequence[Cell]] = ()) -> ColumnMap:
    """Guess what columns mean by their heads, and the unit by some lines; see `missing`."""
    heads = [str(head or "").strip() for head in headers]
    plain = [_plain(head) for head in heads]
    columns: dict[str, str] = {}
    for fits in (_is, _ends):
        for name, words in HEADS.items():
            if name in columns:
                continue
            at = next((i for i, one in enumerate(plain) if one and fits(one, name, words)), None)
            if at is not None and heads[at] not in columns.values():
                columns[name] = heads[at]
    return ColumnMap(columns, unit=_unit(columns.get("amount"), heads, samples))


def recognised(headers: Sequence[Cell]) -> int:
    """Count the heads that are known: how much a line looks like that of the heads."""
    return len(guess(headers).columns)


def _plain(head: str) -> str:
    low = unicodedata.normalize("NFKC", head).lower()
    return _NOISE.sub("", _UNITS.sub("", low))


def _is(head: str, _: str, words: Sequence[str]) -> bool:
    return head in words


def _ends(head: str, name: str, words: Sequence[str]) -> bool:
    """Say whether a head is a known one with more before it, but not of an original's."""
    if head.startswith(_ORIGINAL) and not name.startswith("original"):
        return False
    return any(len(word) >= _LONG and not word.isascii() and head.endswith(word) for word in words)


def _unit(head: str | None, heads: Sequence[str], samples: Sequence[Sequence[Cell]]) -> str:
    """Guess the unit of amounts: by the head, else by how they are written; nothing if unsure."""
    if head is None:
        return ""
    if found := _UNITS.search(unicodedata.normalize("NFKC", head).lower()):
        return "major" if found[1] else "minor"
    at = heads.index(head)
    seen: list[str] = []
    for line in samples:
        try:
            seen.append(text(line[at]) if at < len(line) else "")
        except CellUnfit:
            continue
    if any("." in one for one in seen):
        return "major"
    written = [one for one in seen if one]
    return "minor" if written and all(len(one) == _TWELVE for one in written) else ""
