"""Webhooks over the API: add, list, switch off, read the log, send again."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from annul.desk import webhooks as views
from annul.desk.roles import Scope, Visitor
from annul.resolve.notify.outbound import LONGEST

from .models import MERCHANT, VOID, After, Asked, Limit, MerchantId, Model, Page, page
from .needs import AtDesk, needs, problems

router = APIRouter(prefix="/webhooks", tags=["webhooks"])
Keeper = Annotated[Visitor, needs(Scope.WEBHOOKS)]

_URL = "https://shop.example/annul"
_DELIVERY = "3f2c9a74-5d0e-4f1b-9a51-2f6f0b0a7c11"


class NewWebhook(Asked):
    """Whom to tell how the cases of a merchant end."""

    url: str = Field(
        max_length=LONGEST,
        description="https, without user and password; http only for this machine itself. A key "
        "that is bound to one merchant may not point into the operator's network.",
        examples=[_URL],
    )
    merchant: MerchantId | None = Field(
        None,
        description="Whose cases; may be left out with a key that is bound to one merchant.",
        examples=[MERCHANT],
    )


class Webhook(Model):
    """A webhook without its secret."""

    id: UUID
    merchant: str = Field(validation_alias="merchant_id", examples=[MERCHANT])
    url: str = Field(examples=[_URL])
    active: bool = Field(description="False once it was switched off; it stays in the list.")
    created_by: str = Field(examples=["key annul_Xf83kd"])
    created_at: datetime


class MadeWebhook(Webhook):
    """A webhook that was just made."""

    secret: str = Field(
        description="Signs what is sent there. It is shown only here.",
        examples=["whsec_mS0Vd2nE4hXJ0YQm6b8yJkq1cB7sU5tWzR3pLxGfA9o"],
    )


class DeliveryAttempt(Model):
    """One attempt to deliver something."""

    delivery: UUID = Field(
        validation_alias="delivery_id",
        description="`Annul-Delivery`, the same at each attempt; replay takes it.",
        examples=[_DELIVERY],
    )
    attempt: int = Field(examples=[1])
    at: datetime
    event: str = Field(examples=["case.voided"])
    case: str = Field(examples=[VOID])
    status: int | None = Field(description="HTTP status, null when nothing answered.")
    error: str = Field(description="What was wrong besides the status.", examples=[""])
    took_ms: int
    state: Literal["owed", "delivered", "given_up", "dropped"] = Field(
        description="Of the delivery as it is now; dropped when the webhook was switched off."
    )


class Replayed(Model):
    """What is sent again."""

    delivery: UUID = Field(examples=[_DELIVERY])
    state: Literal["owed"] = "owed"


@router.post("", status_code=201, responses=problems(404, 413))
async def add(new: NewWebhook, desk: AtDesk, visitor: Keeper) -> MadeWebhook:
    """Tell a program of a merchant how cases end. The answer has the secret, once."""
    made, secret = await views.add(desk, visitor, new.url, new.merchant or "")
    return MadeWebhook.model_validate(made | {"secret": secret})


@router.get("", responses=problems())
async def every(
    desk: AtDesk, visitor: Keeper, limit: Limit = 50, cursor: After = ""
) -> Page[Webhook]:
    """List webhooks, also those that are off."""
    found = await views.every(desk, visitor, limit, cursor)
    return page(Webhook, found.rows, found.following)


@router.delete("/{webhook}", status_code=204, responses=problems(404))
async def end(webhook: UUID, desk: AtDesk, visitor: Keeper) -> None:
    """Switch a webhook off: nothing more is sent to it."""
    await views.end(desk, visitor, webhook)


@router.get("/{webhook}/deliveries", responses=problems(404))
async def deliveries(
    webhook: UUID, desk: AtDesk, visitor: Keeper, limit: Limit = 50, cursor: After = ""
) -> Page[DeliveryAttempt]:
    """Read the log of a webhook: one row per attempt."""
    found = await views.attempts(desk, visitor, webhook, limit, cursor)
    return page(DeliveryAttempt, found.rows, found.following)


@router.post(
    "/{webhook}/deliveries/{delivery}/replay", status_code=202, responses=problems(404, 409)
)
async def replay(webhook: UUID, delivery: UUID, desk: AtDesk, visitor: Keeper) -> Replayed:
    """Send a delivery again now, whether it had arrived or not. The log shows what came of it."""
    await views.replay(desk, visitor, webhook, delivery)
    return Replayed(delivery=delivery)
