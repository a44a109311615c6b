"""What people put in force for a time while something is wrong: one table of its kinds. Pure.

It stands in the database beside policies. Hosts and resolvers take it up with the reference data,
within a second, and each look at it names its moment: it ends by itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from .errors import AnnulError
from .money import LARGEST
from .text import Text


class InterventionKind(StrEnum):
    """What is done for a time."""

    ROUTE_AROUND = "route_around"
    CIRCUIT_OPEN = "circuit_open"
    RETRIES_PAUSED = "retries_paused"
    REFUNDS_INSTEAD = "refunds_instead"
    MERCHANT_FROZEN = "merchant_frozen"
    TERMINAL_BLOCKED = "terminal_blocked"

    @property
    def about(self) -> "About":
        """Its row in the table."""
        return INTERVENTIONS[self]


class Whom(StrEnum):
    """What a kind is about: which of its names an intervention has."""

    ISSUER = "issuer"
    MERCHANT = "merchant"
    TERMINAL = "terminal"  # of a merchant


@dataclass(frozen=True, slots=True)
class About:
    """A kind: its name, what it does, whom it is about, and how long it may last at most.

    `amount`: it has one, in minor units. `dual`: it is in force once a second person confirmed it.
    """

    title: Text
    does: Text
    whom: Whom
    longest: timedelta
    amount: bool = False
    dual: bool = False


_DAY: Final = timedelta(days=1)
INTERVENTIONS: Final = {
    InterventionKind.ROUTE_AROUND: About(
        Text("改走备用路由", "route around an issuer"),
        Text(
            "该发卡行的新交易改走其卡段的备用路由；备用路由不可用时仍走原路由。"
            "撤销和冲正跟随原交易",
            "New payments take the backup of their card range; without a usable one they go as "
            "before. Voids and reversals go where their original went",
        ),
        Whom.ISSUER,
        7 * _DAY,
    ),
    InterventionKind.CIRCUIT_OPEN: About(
        Text("暂停向发卡行发送", "send an issuer nothing new"),
        Text(
            "发往该发卡行的新交易不发送，当即拒绝（91）；有备用路由的改走备用路由。"
            "冲正继续发送，撤销案件等待",
            "New requests to the issuer are not sent and are refused at once (91), or take the "
            "backup. Reversals go on, voids wait as cases",
        ),
        Whom.ISSUER,
        _DAY,
    ),
    InterventionKind.RETRIES_PAUSED: About(
        Text("暂停自动重试", "pause retries at an issuer"),
        Text(
            "系统不再自动重试该发卡行的撤销，案件等待；人工要求的重试照常执行",
            "annul tries no void of the issuer again by itself: its cases wait. What a person "
            "orders is done",
        ),
        Whom.ISSUER,
        _DAY,
    ),
    InterventionKind.REFUNDS_INSTEAD: About(
        Text("允许以退货代替撤销", "allow refunds instead of voids"),
        Text(
            "该发卡行的撤销如按原因应改为退货，金额不超过此限额的由系统直接退货，"
            "不论商户自己的限额",
            "Where the cause of a failed void asks for a refund instead, annul makes it up to "
            "this amount, whatever the merchant's own limit",
        ),
        Whom.ISSUER,
        _DAY,
        amount=True,
        dual=True,
    ),
    InterventionKind.MERCHANT_FROZEN: About(
        Text("冻结商户", "freeze a merchant"),
        Text(
            "该商户的终端和程序不能再发起消费、撤销和退货；冲正、批结算和已有案件照常进行",
            "Nothing with an amount is taken from its terminals and programs. Reversals, batches "
            "and the cases that are open go on",
        ),
        Whom.MERCHANT,
        30 * _DAY,
    ),
    InterventionKind.TERMINAL_BLOCKED: About(
        Text("停用终端", "block a terminal"),
        Text(
            "该终端的交易、签到和批结算一律拒绝，也不再取得新密钥；冲正照常接受",
            "Nothing but reversals is taken from it: no payment, no sign-in, no batch, no new keys",
        ),
        Whom.TERMINAL,
        365 * _DAY,
    ),
}


# While one of them is in force, less or nothing is sent to its issuer: its silence says nothing.
SILENCING: Final = (InterventionKind.CIRCUIT_OPEN, InterventionKind.ROUTE_AROUND)


class InterventionNotPossible(AnnulError):
    """This cannot be put in force. Nothing was changed."""

    code = "interventions.not_possible"
    next_step = "Correct what is named and try again."


@dataclass(frozen=True, slots=True)
class Intervention:
    """One of them; `id` makes it the same if it is begun again. `amount` in minor units."""

    id: UUID
    kind: InterventionKind
    valid_from: datetime
    valid_until: datetime
    issuer_id: str = ""
    merchant_id: str = ""
    terminal_id: str = ""
    amount: int = 0
    set_by: str = ""
    reason: str = ""
    confirmed_by: str = ""

    def __post_init__(self) -> None:
        """Refuse what its kind does not allow; raises `InterventionNotPossible`."""
        about = self.kind.about
        named = (bool(self.issuer_id), bool(self.merchant_id), bool(self.terminal_id))
        if named != _NAMES[about.whom]:
            message = f"{about.title.en}: name the {about.whom}, and nothing else"
            raise InterventionNotPossible(message)
        if self.valid_until <= self.valid_from:
            raise InterventionNotPossible("it must end after it begins")
        if self.valid_until - self.valid_from > about.longest:
            message = f"{about.title.en}: for {about.longest.days} days at most"
            raise InterventionNotPossible(message)
        if bool(self.amount) != about.amount or not 0 <= self.amount <= LARGEST:
            says = "say up to which amount" if about.amount else "it has no amount"
            message = f"{about.title.en}: {says}"
            raise InterventionNotPossible(message)

    @property
    def subject(self) -> str:
        """What it is about."""
        return self.issuer_id or f"{self.merchant_id} {self.terminal_id}".strip()


_NAMES: Final = {
    Whom.ISSUER: (True, False, False),
    Whom.MERCHANT: (False, True, False),
    Whom.TERMINAL: (False, True, True),
}


class InForce:
    """All that is in force or will be, as it was read; asked for a moment.

    Empty it is false, so that who asks for each message asks nothing.
    """

    def __init__(self, rows: Iterable[Intervention] = ()) -> None:
        self._by: dict[tuple[InterventionKind, str], list[Intervention]] = {}
        for row in rows:
            self._by.setdefault((row.kind, row.subject), []).append(row)

    def __bool__(self) -> bool:
        """Say whether there is anything."""
        return bool(self._by)

    def of(self, kind: InterventionKind, subject: str, at: datetime) -> Intervention | None:
        """Give the one that counts: of several that which ends last."""
        found = [
            one
            for one in self._by.get((kind, subject), ())
            if one.valid_from <= at < one.valid_until
        ]
        return max(found, key=lambda one: one.valid_until, default=None)

    def holds(self, issuer_id: str, at: datetime) -> bool:
        """Say whether nothing new is sent to an issuer."""
        return self.of(InterventionKind.CIRCUIT_OPEN, issuer_id, at) is not None

    def avoids(self, issuer_id: str, at: datetime) -> bool:
        """Say whether a backup is taken before an issuer."""
        avoided = self.of(InterventionKind.ROUTE_AROUND, issuer_id, at)
        return avoided is not None or self.holds(issuer_id, at)

    def retries_from(self, issuer_id: str, at: datetime) -> datetime | None:
        """Give when annul may try voids of an issuer again by itself; None: now."""
        paused = self.of(InterventionKind.RETRIES_PAUSED, issuer_id, at)
        return paused.valid_until if paused else None

    def refunds_up_to(self, issuer_id: str, at: datetime) -> int:
        """Give up to which amount a void may become a refund unasked."""
        allowed = self.of(InterventionKind.REFUNDS_INSTEAD, issuer_id, at)
        return allowed.amount if allowed else 0

    def against(
        self, merchant_id: str, terminal_id: str, at: datetime
    ) -> frozenset[InterventionKind]:
        """Give what is in force against a merchant and its terminal."""
        asked = (
            (InterventionKind.MERCHANT_FROZEN, merchant_id),
            (InterventionKind.TERMINAL_BLOCKED, f"{merchant_id} {terminal_id}"),
        )
        return frozenset(kind for kind, subject in asked if self.of(kind, subject, at))


NOTHING: Final = InForce()
