"""Webhooks, and the log of what is sent to them."""

from typing import Annotated, Final, Literal

from pydantic import Field

from .parts import MERCHANT, NEWER, VOID, Id, Model, Time

URL: Final = "https://shop.example/annul"
_DELIVERY: Final = "3f2c9a74-5d0e-4f1b-9a51-2f6f0b0a7c11"


class Webhook(Model, frozen=True):
    """A webhook without its secret."""

    id: Id
    merchant: str = Field(validation_alias="merchant_id", examples=[MERCHANT])
    url: str = Field(examples=[URL])
    active: bool = Field(description="False once it was switched off; it stays in the list.")
    created_by: str = Field(examples=["key annul_Xf83kd"])
    created_at: Time


class MadeWebhook(Webhook, frozen=True):
    """A webhook that was just made."""

    secret: str = Field(
        repr=False,
        description="Signs what is sent there. It is shown only here.",
        examples=["whsec_mS0Vd2nE4hXJ0YQm6b8yJkq1cB7sU5tWzR3pLxGfA9o"],
    )


class DeliveryAttempt(Model, frozen=True):
    """One attempt to deliver something."""

    delivery: Id = Field(
        validation_alias="delivery_id",
        description="`Annul-Delivery`, the same at each attempt; replay takes it.",
        examples=[_DELIVERY],
    )
    attempt: int = Field(examples=[1])
    at: Time
    event: str = Field(examples=["case.voided"])
    case: str = Field(examples=[VOID])
    status: int | None = Field(description="HTTP status, null when nothing answered.")
    error: str = Field(description="What was wrong besides the status.", examples=[""])
    took_ms: int
    state: Annotated[Literal["owed", "delivered", "given_up", "dropped"], NEWER] = Field(
        description="Of the delivery as it is now; dropped when the webhook was switched off."
    )


class Replayed(Model, frozen=True):
    """What is sent again."""

    delivery: Id = Field(examples=[_DELIVERY])
    state: Annotated[Literal["owed"], NEWER] = "owed"
