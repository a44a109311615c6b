"""The signature on a webhook: what annul sends with it, and how a receiver checks it.

Only the standard library is needed.
"""

import hmac
from typing import Final

HEADER: Final = "Annul-Signature"
TOLERANCE_S: Final = 300.0


def sign(secret: str, body: bytes, at: int) -> str:
    """Give the header's value: `t=UNIX,v1=HEX`, HMAC-SHA256 over time, a dot and the body."""
    return f"t={at},v1={_digest(secret, str(at), body)}"


def verify(
    secret: str, header: str, body: bytes, now: float, tolerance_s: float = TOLERANCE_S
) -> bool:
    """Say whether `header` signs exactly these bytes with `secret`, at most `tolerance_s` ago.

    `now` is in Unix seconds. More than one `v1` may stand there; one that is right is enough. How
    long it takes does not depend on how much of a signature is right.
    """
    at, signatures = "", list[str]()
    for part in header.split(","):
        name, _, value = part.strip().partition("=")
        if name == "t":
            at = value
        elif name == "v1":
            signatures.append(value)
    if not (at.isascii() and at.isdecimal() and len(at) <= 12):
        return False
    if abs(now - int(at)) > tolerance_s:
        return False
    right = _digest(secret, at, body).encode()
    # All are compared, so that the place of the right one does not show either.
    matches = [hmac.compare_digest(right, one.encode()) for one in signatures]
    return any(matches)


def _digest(secret: str, at: str, body: bytes) -> str:
    return hmac.digest(secret.encode(), f"{at}.".encode() + body, "sha256").hex()
