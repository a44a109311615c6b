"""What an incident is: its kind, what it is about, and how it is told in the reader's language.

A row of the table `incidents` keeps kind, subject and parameters. The sentences stand with the kind
(`incidents.py`, `differences.py`), with places for the parameters, and are put together only for
somebody who reads them.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, Protocol, Self, cast
from uuid import UUID

from .kinds import KINDS
from .money import told
from .records import Transaction
from .text import Text

_PLACE: Final = re.compile(r"\{(\w+)(?::(\w+))?\}")
_NOTHING: Final = "-"


class Severity(StrEnum):
    """How much is at stake, so that somebody knows what to look at first.

    `critical`: money is wrong, lost, or nobody knows where it is, and annul does not set it right
    by itself. Here is all that contradicts between issuer, terminal and books, however small it
    may turn out to be, and what people concluded and was heard otherwise.
    `warning`: no money is wrong for good yet, but it will be if nobody looks: what waits for an
    issuer or is just being reversed, cases and tasks that stand still, attacks, changed proof.
    `notice`: nothing of annul waits for it; somebody outside is to be told, or to mend theirs.
    """

    CRITICAL = "critical"
    WARNING = "warning"
    NOTICE = "notice"

    @property
    def text(self) -> Text:
        """Its name for people."""
        return _SEVERITIES[self]


_SEVERITIES: Final[Mapping[Severity, Text]] = {
    Severity.CRITICAL: Text("严重", "critical"),
    Severity.WARNING: Text("警告", "warning"),
    Severity.NOTICE: Text("提示", "notice"),
}


class Subject(StrEnum):
    """What an incident is about; of a kind one is open for each subject of a merchant.

    The column `subject` holds its identity: the id of the transaction, case or delivery; the
    terminal's number, followed by that of the batch; issuer and fields of a message that belongs
    to nothing; number of the process and name of the loop; the currency of a merchant's balance;
    what does not fit its seal; the issuer's number; the merchant's; the payout's id;
    the file's name; where people sign in; the name of a channel for notices; scope and member of a
    stream of transactions; the name of what an installation has only so much of.
    """

    TRANSACTION = "transaction"
    CASE = "case"
    TERMINAL = "terminal"
    BATCH = "batch"
    MESSAGE = "message"
    LOOP = "loop"
    DELIVERY = "delivery"
    BALANCE = "balance"
    SEAL = "seal"
    ISSUER = "issuer"
    MERCHANT = "merchant"
    PAYOUT = "payout"
    FILE = "file"
    CHANNEL = "channel"
    ACCESS = "access"
    STREAM = "stream"
    RESOURCE = "resource"


def _utc(value: str) -> str:
    return f"{datetime.fromisoformat(value).astimezone(UTC):%Y-%m-%d %H:%M:%S UTC}"


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: the language, and how times are written there.

    `word` names what this module has no text for, such as a state.
    """

    language: str = "en"
    when: Callable[[str], str] = _utc
    word: Callable[[str], str] = str


@dataclass(frozen=True, slots=True)
class IncidentKind:
    """One kind: what it is, what it means for the money, the next step, and what a row of it says.

    `says` has places for the row's parameters: `{code}` as it is (also a text in both languages),
    `{kind:word}` by its name, `{amount:money}` with the parameter `currency`, `{since:time}`, and
    `{how:way}` as one of `ways` says it, in which there may be places too. `section` is the anchor
    of what docs/differences.md says of it.
    """

    kind: str
    severity: Severity
    subject: Subject
    title: Text
    money: Text
    advice: Text
    says: Text
    section: str
    ways: Mapping[str, Text] = field(default_factory=dict[str, Text])

    def parameters(self, way: str = "") -> tuple[str, ...]:
        """Name the parameters of a row that says it in this way, in the order of telling."""
        found = _PLACE.findall(self.says.en + (self.ways[way].en if way else ""))
        money = ["currency"] if any(form == "money" for _, form in found) else []
        return tuple(dict.fromkeys([name for name, _ in found] + money))

    def said(self, params: Mapping[str, object], reader: Reader) -> str:
        """Say what a row is about. What another version left out of it is a dash."""

        def filled(text: Text) -> str:
            return _PLACE.sub(lambda place: written(*place.groups()), text.speak(reader.language))

        def written(name: str, form: str | None) -> str:
            value = params.get(name)
            if form == "way" and value in self.ways:
                return filled(self.ways[str(value)])
            if form == "money" and isinstance(value, int):
                return told(value, str(params.get("currency", ""))).speak(reader.language)
            return _shown(value, form, reader)

        return filled(self.says)


def _shown(value: object, form: str | None, reader: Reader) -> str:
    if value is None or value == "":
        return _NOTHING
    if isinstance(value, Mapping):
        return str(cast("Mapping[str, object]", value).get(reader.language, _NOTHING))
    if isinstance(value, list):
        return ", ".join(map(str, cast("list[object]", value))) or _NOTHING
    if form == "time":
        return reader.when(str(value))
    if form == "word":
        kind = KINDS.get(str(value))
        return kind.title.speak(reader.language) if kind else reader.word(str(value))
    return str(value)


def about_transaction(zh: str, en: str) -> Text:
    """Say it of a transaction, as `Incident.of_transaction` names it."""
    return Text(
        f"{{kind:word}}{{reference}}（{{amount:money}}，发卡行{{issuer}}）：{zh}",
        f"{{kind:word}} {{reference}} ({{amount:money}}, issuer {{issuer}}): {en}",
    )


def about_case(zh: str, en: str) -> Text:
    """Say it of a case, as `Incident.of_case` names it."""
    return Text(f"案件{{case}}：{zh}", f"Case {{case}}: {en}")


class _Case(Protocol):
    """A case, as far as an incident has to know it."""

    @property
    def merchant_id(self) -> str: ...
    @property
    def id(self) -> UUID: ...
    @property
    def number(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Incident:
    """One that is raised: open once for its kind, subject and merchant.

    `params` are just those that the kind's `says` has places for: values that JSON has, amounts in
    minor units, texts in both languages; never a card number. `transaction_id` leads to the
    transaction or case that it belongs to.
    """

    kind: str
    merchant_id: str
    subject: str
    params: Mapping[str, object]
    transaction_id: UUID | None = None

    @classmethod
    def of(cls, kind: str, merchant_id: str, subject: str, /, **params: object) -> Self:
        """Raise one about what is neither a transaction nor a case."""
        return cls(kind, merchant_id, subject, _as_json(params))

    @classmethod
    def of_transaction(cls, kind: str, about: Transaction, /, **params: object) -> Self:
        """Raise one about a transaction, which it names by kind, number, amount and issuer."""
        named = {
            "kind": about.kind,
            "reference": about.rrn,
            "amount": about.amount,
            "currency": about.currency,
            "issuer": about.issuer_id,
        }
        key = (about.merchant_id, str(about.id))
        return cls(kind, *key, _as_json(named | params), about.id)

    @classmethod
    def of_case(cls, kind: str, about: _Case, /, **params: object) -> Self:
        """Raise one about a case, which it names by its number."""
        key = (about.merchant_id, str(about.id))
        return cls(kind, *key, _as_json({"case": about.number, **params}), about.id)


def _as_json(params: Mapping[str, object]) -> Mapping[str, object]:
    return {
        name: value._asdict() if isinstance(value, Text) else value
        for name, value in params.items()
    }
