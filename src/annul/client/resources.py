"""What can be asked of annul, one class per resource."""

import base64
from collections.abc import Generator, Iterator, Mapping
from datetime import datetime
from time import monotonic
from typing import Final, TypeVar
from uuid import uuid4

import httpx

from .asked import (
    Action,
    ByReference,
    BySlip,
    CaseState,
    GivenFact,
    Value,
)
from .errors import ProblemError
from .models.advice import AdviceAnswer, AdviceHelped
from .models.cases import CaseChange, CaseSummary, Done, WholeCase
from .models.conclusions import Conclusion, Conclusions, InQuestion
from .models.diagnosis import Diagnosis
from .models.issuers import Issuer, IssuerSummary, LearntRule
from .models.notices import NoticeChannel, TriedChannel
from .models.orders import AskedOrder, Refund, Void
from .models.parts import Page
from .models.transactions import Chain, Transaction
from .models.webhooks import DeliveryAttempt, MadeWebhook, Webhook
from .reading import read
from .stream import EventReader
from .transport import Transport

_PAGE: Final = 100
_LONGEST_WAIT_S: Final = 50.0  # of one call; annul allows 60
_MARGIN_S: Final = 30.0  # how long a call may take beyond the wait that it asks for


Made = TypeVar("Made", Void, Refund)


class _Resource:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport


_GOES_ON: Final = frozenset({"proposed", "pending"})


class _Orders(_Resource):
    """What voids and refunds have in common."""

    _path: str

    def _create(
        self,
        model: type[Made],
        original: ByReference | BySlip,
        merchant: str,
        amount: int | None,
        idempotency_key: str | None,
        reason: str,
    ) -> Made:
        body: dict[str, object] = {"merchant": merchant, "original": dict(original)}
        if reason:
            body["reason"] = reason
        if amount is not None:
            body["amount"] = amount
        key = idempotency_key or str(uuid4())
        return self._transport.call(model, "POST", self._path, body=body, key=key)

    def _ended(self, model: type[Made], named: str, within_s: float) -> Made:
        """Ask until it has ended or the time is over."""
        until = monotonic() + within_s
        while True:
            wait = min(max(until - monotonic(), 0.0), _LONGEST_WAIT_S)
            order = self._transport.call(
                model,
                "GET",
                self._path,
                named,
                query={"wait": round(wait, 3)},
                timeout_s=wait + _MARGIN_S,
            )
            if order.state not in _GOES_ON or monotonic() >= until:
                return order


class Voids(_Orders):
    """Voids: ordered, asked about, waited for."""

    _path = "voids"

    def create(
        self,
        original: ByReference | BySlip,
        merchant: str,
        amount: int | None = None,
        idempotency_key: str | None = None,
        reason: str = "",
    ) -> Void:
        """Void an original: `{"rrn": ...}`, or terminal, batch and trace of its slip.

        Without `idempotency_key` one is made, which serves for the tries of this call only. Give
        your own to be able to ask again after a crash: the order is then carried out once. From
        the merchant's `second_person_from` on it is `proposed` until a person approves it.
        """
        return self._create(Void, original, merchant, amount, idempotency_key, reason)

    def get(self, void: str) -> Void:
        """Say how a void stands, by id or reference number, whoever has asked for it."""
        return self._transport.get(Void, self._path, void)

    def wait(self, void: str, within_s: float = 60.0) -> Void:
        """Wait until a void has ended or people have to prove it; it may still be pending."""
        return self._ended(Void, void, within_s)


class Orders(_Resource):
    """Voids and refunds that take a second person, who approves them in the console."""

    def waiting(self) -> tuple[AskedOrder, ...]:
        """Give what waits for a second person, the oldest first."""
        return self._transport.get(Page[AskedOrder], "orders").items

    def get(self, order: str) -> AskedOrder:
        """Say how an order stands, by its id, which is that of its void or refund."""
        return self._transport.get(AskedOrder, "orders", order)


class Refunds(_Orders):
    """Refunds, whole or in part: ordered, asked about, waited for."""

    _path = "refunds"

    def create(
        self,
        original: ByReference | BySlip,
        merchant: str,
        amount: int | None = None,
        idempotency_key: str | None = None,
        reason: str = "",
    ) -> Refund:
        """Refund an original, all that is left of it without `amount`; as `Voids.create`."""
        return self._create(Refund, original, merchant, amount, idempotency_key, reason)

    def get(self, refund: str) -> Refund:
        """Say how a refund stands, by id or reference number."""
        return self._transport.get(Refund, self._path, refund)

    def wait(self, refund: str, within_s: float = 60.0) -> Refund:
        """Wait until a refund has ended or people have to prove it; it may still be pending."""
        return self._ended(Refund, refund, within_s)


class Cases(_Resource):
    """Cases: looked for, read whole, acted on, followed."""

    def list(
        self,
        state: CaseState = "open",
        *,
        cause: str = "",
        issuer: str = "",
        merchant: str = "",
        search: str = "",
        since: datetime | None = None,
    ) -> Iterator[CaseSummary]:
        """Give cases, the latest first, page by page as they are needed."""
        return self._transport.pages(
            CaseSummary,
            "cases",
            state=state,
            cause=cause,
            issuer=issuer,
            merchant=merchant,
            search=search,
            since=since,
            limit=_PAGE,
        )

    def get(self, number: str) -> WholeCase:
        """Give everything about a case, by number or id."""
        return self._transport.get(WholeCase, "cases", number)

    def act(
        self, number: str, action: Action, reason: str, cause: str = "", minutes: int = 60
    ) -> Done:
        """Do something with a case; `confirm-cause` takes the cause, `take` the minutes."""
        body = {"action": action, "reason": reason, "cause": cause, "minutes": minutes}
        return self._transport.call(Done, "POST", "cases", number, "acts", body=body)

    def answer(self, number: str, *, helped: bool) -> AdviceAnswer:
        """Say whether the advice of a case has helped: once, and to be changed for a day."""
        # The same answer twice is one answer, so sending it again does no harm.
        body = {"helped": helped}
        path = ("cases", number, "advice")
        return self._transport.call(AdviceAnswer, "POST", *path, body=body, harmless=True)

    def proof(self, number: str) -> bytes:
        """Give the proof of a case: a zip of proof.json and proof.pdf."""
        return self._transport.send("GET", "cases", number, "proof").content

    def printed(self, number: str, *, notes: bool = False) -> bytes:
        """Give the printable proof of a case as a PDF; `notes`: with what people wrote."""
        asked = {"notes": notes}
        return self._transport.send("GET", "cases", number, "proof.pdf", query=asked).content

    def events(self, last_event_id: str = "") -> Generator[CaseChange, None, None]:
        """Follow cases as they change, for ever; `last_event_id` goes on where somebody was.

        The line is opened again when it ends or breaks, and closed with the generator. Raises
        `ProblemError` and `NoAnswerError` when that fails too often in a row.
        """
        reader, failures = EventReader(last_event_id), 0
        while True:
            headers = {"accept": "text/event-stream"}
            if reader.last_id:
                headers["last-event-id"] = reader.last_id
            try:
                with self._transport.stream("cases", "events", headers=headers) as response:
                    for event in reader.read(response.iter_lines()):
                        failures = 0
                        if event.name == "case":
                            change = read(CaseChange, event.data)
                            yield change.model_copy(update={"event_id": reader.last_id})
            except (httpx.TransportError, ProblemError) as error:
                failures += 1
                self._transport.pause(failures, error)
            else:
                self._transport.breathe()


class Diagnoses(_Resource):
    """Why a void failed."""

    def of_messages(
        self,
        request: bytes | str,
        response: bytes | str | None = None,
        dialect: str = "unionpay_pos",
        facts: Mapping[str, Value | GivenFact] | None = None,
    ) -> Diagnosis:
        """Say it from the messages alone, as bytes or hexadecimal; no response: none ever came."""
        body = {
            "request": _hexadecimal(request),
            "response": None if response is None else _hexadecimal(response),
            "dialect": dialect,
            "facts": dict(facts or {}),
        }
        # It changes nothing, so asking twice does no harm.
        return self._transport.call(Diagnosis, "POST", "diagnosis", body=body, harmless=True)

    def helped(self) -> Iterator[AdviceHelped]:
        """Give how many said of each advice that it has helped."""
        return self._transport.pages(AdviceHelped, "diagnosis", "advice")

    def of_void(self, void: str) -> Diagnosis:
        """Say it for a void of annul's own, by id or reference number."""
        return self._transport.get(Diagnosis, "diagnosis", void)


class Transactions(_Resource):
    """Transactions of all kinds."""

    def list(
        self,
        *,
        rrn: str = "",
        trace: str = "",
        terminal: str = "",
        merchant: str = "",
        kind: str = "",
        state: str = "",
        last4: str = "",
        amount: int | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Iterator[Transaction]:
        """Give transactions, the latest first; `until` is not included."""
        wanted = {
            "rrn": rrn,
            "trace": trace,
            "terminal": terminal,
            "merchant": merchant,
            "kind": kind,
            "state": state,
            "last4": last4,
            "amount": amount,
            "from": since,
            "to": until,
            "limit": _PAGE,
        }
        return self._transport.pages(Transaction, "transactions", **wanted)

    def get(self, transaction: str) -> Chain:
        """Give a transaction by id, with all that belongs to it."""
        return self._transport.get(Chain, "transactions", transaction)


class MoneyInQuestion(_Resource):
    """Movements whose outcome nobody has proved, and what people conclude of them.

    A key acts as the person who made it, and never confirms what this person has proposed.
    """

    def list(self) -> Iterator[InQuestion]:
        """Give them, the oldest first."""
        return self._transport.pages(InQuestion, "money-in-question", limit=_PAGE)

    def get(self, transaction: str) -> Conclusions:
        """Give what was concluded of a transaction, by id or reference number, and may be now."""
        return self._transport.get(Conclusions, *_of(transaction))

    def propose(
        self, transaction: str, *, done: bool, reason: str, evidence: bytes, evidence_name: str
    ) -> Conclusion:
        """Propose that it was done at the issuer or not, with a file of at most 5 MB."""
        body = {
            "done": done,
            "reason": reason,
            "evidence_name": evidence_name,
            "evidence": base64.b64encode(evidence).decode(),
        }
        return self._transport.call(Conclusion, "POST", *_of(transaction), body=body)

    def withdraw(self, transaction: str, conclusion: str, reason: str) -> Conclusion:
        """Take a proposal back before it is confirmed."""
        return self._transport.call(
            Conclusion, "DELETE", *_of(transaction), conclusion, query={"reason": reason}
        )

    def evidence(self, transaction: str, conclusion: str) -> bytes:
        """Give the file that was attached."""
        return self._transport.send("GET", *_of(transaction), conclusion, "evidence").content


class Issuers(_Resource):
    """Issuers and how their lines do."""

    def list(self) -> Iterator[IssuerSummary]:
        """Give issuers by number."""
        return self._transport.pages(IssuerSummary, "issuers", limit=_PAGE)

    def get(self, issuer: str) -> Issuer:
        """Give an issuer with its rules, what its codes mean, and whom to call."""
        return self._transport.get(Issuer, "issuers", issuer)

    def rules(self, issuer: str) -> Iterator[LearntRule]:
        """Give the rules that an issuer has not told, as its answers say them."""
        return self._transport.pages(LearntRule, "issuers", issuer, "rules")


class Webhooks(_Resource):
    """Webhooks, their log, and sending again."""

    def create(self, url: str, merchant: str | None = None) -> MadeWebhook:
        """Add a webhook; the answer has its secret, which is shown only here."""
        body = {"url": url, "merchant": merchant}
        return self._transport.call(MadeWebhook, "POST", "webhooks", body=body)

    def list(self) -> Iterator[Webhook]:
        """Give webhooks, the latest first, also those that are off."""
        return self._transport.pages(Webhook, "webhooks", limit=_PAGE)

    def end(self, webhook: str) -> None:
        """Switch a webhook off."""
        self._transport.send("DELETE", "webhooks", webhook)

    def deliveries(self, webhook: str) -> Iterator[DeliveryAttempt]:
        """Give the attempts at a webhook, the latest first."""
        return self._transport.pages(
            DeliveryAttempt, "webhooks", webhook, "deliveries", limit=_PAGE
        )

    def replay(self, webhook: str, delivery: str) -> None:
        """Send a delivery again now; the log shows what comes of it."""
        self._transport.send("POST", "webhooks", webhook, "deliveries", delivery, "replay")


class Notices(_Resource):
    """Channels over which people are told of incidents."""

    def channels(self) -> Iterator[NoticeChannel]:
        """Give those in use, with how their last messages went."""
        return self._transport.pages(NoticeChannel, "notices", "channels")

    def test(self, channel: str) -> TriedChannel:
        """Send a test message now, and say what came of it."""
        return self._transport.call(TriedChannel, "POST", "notices", "channels", channel, "test")


def _of(transaction: str) -> tuple[str, str, str]:
    return "transactions", transaction, "conclusions"


def _hexadecimal(message: bytes | str) -> str:
    return message if isinstance(message, str) else message.hex()
