"""A client of annul's API: typed, with retries that never do anything twice.

Its `models` are those with which v1 answers, declared once for both sides.

It stands alone: of annul's server it imports nothing.
"""

import ssl
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import httpx

from .capacity import Capacity
from .chargebacks import Chargebacks
from .clearing import Breaks, ClearingFiles
from .drills import Drills
from .errors import ClientError, NoAnswerError, ProblemError, UnreadableError
from .incidents import Incidents
from .interventions import Interventions
from .merchants import Merchants
from .models.cases import CaseChange, CaseSummary, Done
from .models.cases import WholeCase as Case
from .models.conclusions import Conclusion, Conclusions, InQuestion
from .models.diagnosis import Diagnosis
from .models.health import Health
from .models.issuers import Issuer, IssuerSummary
from .models.merchants import Merchant, MerchantSummary, Terminal
from .models.notices import NoticeChannel, TriedChannel
from .models.orders import AskedOrder, Refund, Void
from .models.parts import Said as Text
from .models.promise import Promise
from .models.reports import Report, ReportSubscription
from .models.transactions import Chain, Transaction
from .models.webhooks import DeliveryAttempt, MadeWebhook, Webhook
from .payouts import Accounts, Payouts
from .playbooks import Playbooks
from .reports import Reports, ReportSubscriptions
from .resources import (
    Cases,
    Diagnoses,
    Issuers,
    MoneyInQuestion,
    Notices,
    Orders,
    Refunds,
    Transactions,
    Voids,
    Webhooks,
)
from .signature import HEADER as SIGNATURE_HEADER
from .signature import verify
from .training import Training
from .transport import API, Patience, Transport
from .whatif import WhatIf

__all__ = [
    "SIGNATURE_HEADER",
    "AskedOrder",
    "Case",
    "CaseChange",
    "CaseSummary",
    "Chain",
    "Client",
    "ClientError",
    "Conclusion",
    "Conclusions",
    "DeliveryAttempt",
    "Diagnosis",
    "Done",
    "Health",
    "InQuestion",
    "Issuer",
    "IssuerSummary",
    "MadeWebhook",
    "Merchant",
    "MerchantSummary",
    "NoAnswerError",
    "NoticeChannel",
    "ProblemError",
    "Promise",
    "Refund",
    "Report",
    "ReportSubscription",
    "Terminal",
    "Text",
    "Transaction",
    "TriedChannel",
    "UnreadableError",
    "Void",
    "Webhook",
    "verify",
]


class Client:
    """annul at `base_url`, for whoever has `key`.

    A call is made up to `tries` times, and never waits longer than `longest_wait_s` for the next
    one. An issuer may take its time over a void, so `timeout_s` is longer than that of most APIs.
    `tls` brings certificates of your own; `transport` and `sleep` are for tests.
    """

    def __init__(
        self,
        base_url: str,
        key: str,
        *,
        timeout_s: float = 90.0,
        tries: int = 5,
        longest_wait_s: float = 30.0,
        tls: ssl.SSLContext | None = None,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        if urlsplit(base_url).scheme not in {"http", "https"}:
            message = "the address of annul begins with https:// or http://"
            raise ValueError(message)
        if tries < 1:
            message = "a call is tried once at least"
            raise ValueError(message)
        client = httpx.Client(
            base_url=base_url.rstrip("/").removesuffix(API) + API,
            headers={"authorization": f"Bearer {key}", "user-agent": "annul-client"},
            timeout=timeout_s,
            verify=tls or True,
            transport=transport,
        )
        self._transport = Transport(client, Patience(tries, longest_wait_s, sleep))
        self.voids = Voids(self._transport)
        self.refunds = Refunds(self._transport)
        self.orders = Orders(self._transport)
        self.cases = Cases(self._transport)
        self.diagnosis = Diagnoses(self._transport)
        self.transactions = Transactions(self._transport)
        self.money_in_question = MoneyInQuestion(self._transport)
        self.merchants = Merchants(self._transport)
        self.issuers = Issuers(self._transport)
        self.payouts = Payouts(self._transport)
        self.clearing = ClearingFiles(self._transport)
        self.breaks = Breaks(self._transport)
        self.incidents = Incidents(self._transport)
        self.interventions = Interventions(self._transport)
        self.playbooks = Playbooks(self._transport)
        self.chargebacks = Chargebacks(self._transport)
        self.accounts = Accounts(self._transport)
        self.reports = Reports(self._transport)
        self.report_subscriptions = ReportSubscriptions(self._transport)
        self.capacity = Capacity(self._transport)
        self.what_if = WhatIf(self._transport)
        self.training = Training(self._transport)
        self.drills = Drills(self._transport)
        self.webhooks = Webhooks(self._transport)
        self.notices = Notices(self._transport)

    def promise(self, hours: float = 24.0) -> Promise:
        """Say how the promise is kept: every void ends, in a time that is measured."""
        return self._transport.get(Promise, "promise", hours=hours)

    def health(self) -> Health:
        """Say that annul works; this takes no scope."""
        return self._transport.get(Health, "health")

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
