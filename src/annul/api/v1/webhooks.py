"""Webhooks over the API: add, list, switch off, read the log, send again."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from annul.client.models.parts import MERCHANT, Page
from annul.client.models.webhooks import URL, DeliveryAttempt, MadeWebhook, Replayed, Webhook
from annul.desk import webhooks as views
from annul.desk.roles import Scope, Visitor
from annul.resolve.notify.outbound import LONGEST

from .asked import After, Asked, Limit, MerchantId, page
from .needs import AtDesk, needs, problems

router = APIRouter(prefix="/webhooks", tags=["webhooks"])
Keeper = Annotated[Visitor, needs(Scope.WEBHOOKS)]


class NewWebhook(Asked):
    """Whom to tell how the cases of a merchant end."""

    url: str = Field(
        max_length=LONGEST,
        description="https, without user and password; http only for this machine itself. A key "
        "that is bound to one merchant may not point into the operator's network.",
        examples=[URL],
    )
    merchant: MerchantId | None = Field(
        None,
        description="Whose cases; may be left out with a key that is bound to one merchant.",
        examples=[MERCHANT],
    )


@router.post("", status_code=201, responses=problems(404, 413))
async def add(new: NewWebhook, desk: AtDesk, visitor: Keeper) -> MadeWebhook:
    """Add a webhook, so that a program is told how cases end.

    The answer has the secret, once.
    """
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
    """Switch a webhook off. Nothing more is sent to it."""
    await views.end(desk, visitor, webhook)


@router.get("/{webhook}/deliveries", responses=problems(404))
async def deliveries(
    webhook: UUID, desk: AtDesk, visitor: Keeper, limit: Limit = 50, cursor: After = ""
) -> Page[DeliveryAttempt]:
    """Read the log of a webhook. One row per attempt."""
    found = await views.attempts(desk, visitor, webhook, limit, cursor)
    return page(DeliveryAttempt, found.rows, found.following)


@router.post(
    "/{webhook}/deliveries/{delivery}/replay", status_code=202, responses=problems(404, 409)
)
async def replay(webhook: UUID, delivery: UUID, desk: AtDesk, visitor: Keeper) -> Replayed:
    """Send a delivery again. Now, whether it had arrived or not; the log shows what came of it."""
    await views.replay(desk, visitor, webhook, delivery)
    return Replayed(delivery=str(delivery))
