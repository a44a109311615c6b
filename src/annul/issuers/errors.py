"""The two ways in which a request to an issuer brings no answer. They are never mixed up.

And why a link is not there: one side does not trust the other.
"""

from enum import StrEnum
from typing import ClassVar, Final

from annul.domain.errors import AnnulError
from annul.domain.reversal_reasons import BAD_MAC, TIMED_OUT


class NotSent(AnnulError):
    """Nothing left this host, so nothing can have happened at the issuer. No money has moved."""

    code: ClassVar[str] = "issuers.not_sent"
    next_step: ClassVar[str] = "Look at the issuer's link. It may be tried again at once."


class HandshakeFailed(AnnulError):
    """The issuer's host was reached, but TLS failed, so nothing was sent. No money has moved."""

    code: ClassVar[str] = "issuers.tls"
    next_step: ClassVar[str] = (
        "Compare certificates, names and CAs of both sides; the link tries again by itself, "
        "with the files as they are then."
    )


class Silence(StrEnum):
    """Why there is no answer."""

    TIMED_OUT = "timed_out"
    BROKEN = "broken"  # the connection was lost while the answer was awaited
    BAD_MAC = "bad_mac"
    GARBLED = "garbled"  # it came, but does not say what an answer must say


class NoAnswer(AnnulError):
    """The request may have reached the issuer and it is silent. Whether money has moved is unknown.

    `silence` says why. `reason` is the same as the four-digit reason of a reversal (field 60 of a
    0420), so that what is stored with the transaction can go to the issuer as it is.
    """

    code: ClassVar[str] = "issuers.no_answer"
    next_step: ClassVar[str] = "annul reverses it, or repeats the advice, until the issuer answers."

    def __init__(self, silence: Silence) -> None:
        super().__init__()
        self.silence = silence

    @property
    def reason(self) -> str:
        """The interbank reversal reason. Source: UnionPay interbank reversal reasons."""
        return REASONS[self.silence]


REASONS: Final = {
    Silence.TIMED_OUT: TIMED_OUT,
    Silence.BROKEN: TIMED_OUT,
    Silence.BAD_MAC: BAD_MAC,
    Silence.GARBLED: "4020",  # an answer without sense
}
