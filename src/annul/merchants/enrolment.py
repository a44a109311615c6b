"""Registering a terminal: its profile and its master key, which every message is held against."""

import secrets
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from annul.domain.errors import AnnulError
from annul.security.keys import FORMS, KeyKind, fits, form_of
from annul.security.mac import MacAlgorithm
from annul.security.module import SecurityModule
from annul.store.sql import load

_SQL: Final = load("annul.merchants", "enrolment.sql")
_MASTER: Final = 16  # bytes, whatever its cipher


class NotEnrolled(AnnulError):
    """The terminal was not registered; nothing was changed."""

    code = "merchants.not_enrolled"
    next_step = "Correct what is named and enrol it again."


@dataclass(frozen=True, slots=True)
class TerminalProfile:
    """What a terminal is registered with; a message that asks for less is refused.

    `tls_identity` is that of its client certificate, empty when it may come without one.
    `unbound_management` lets it settle (with equal totals) over connections that have proven
    nothing, for terminals that open one per message and speak no TLS: whoever can write to the port
    can then close its batch at a moment of his choosing. Who registers it looks at its dialect.
    """

    merchant_id: str
    terminal_id: str
    key_form: str = "003"
    mac: MacAlgorithm = MacAlgorithm.UNIONPAY_ECB
    tls_identity: str = ""
    unbound_management: bool = False
    dialect: str = ""  # that it speaks; empty: that of its port


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A master key in clear (hexadecimal), given out only here, with its check value."""

    profile: TerminalProfile
    master_key: str = field(repr=False)
    check_value: str

    def components(self) -> tuple[str, str]:
        """Split the key for two custodians: each half alone says nothing of it."""
        key = bytes.fromhex(self.master_key)
        first = secrets.token_bytes(len(key))
        second = bytes(a ^ b for a, b in zip(key, first, strict=True))
        return first.hex().upper(), second.hex().upper()


async def enrol(
    connection: Any,
    security: SecurityModule,
    profile: TerminalProfile,
    *,
    clear: bytes | None = None,
    replace: bool = False,
) -> Enrolled | None:
    """Register a terminal in the transaction of `connection`; None when it is there already.

    `clear` is a master key that the terminal holds, else one is made. `replace` gives a terminal
    that is there a new profile and key: its working keys end, it signs in anew. Raises
    `NotEnrolled` for a MAC that does not go with the form, or a merchant that there is not.
    """
    if profile.key_form not in FORMS or not fits(profile.key_form, profile.mac):
        message = f"key form {profile.key_form} does not go with MAC {profile.mac}"
        raise NotEnrolled(message)
    whose = {"merchant": profile.merchant_id, "terminal": profile.terminal_id}
    if not await connection.fetchval(*_SQL["merchant"](merchant=profile.merchant_id)):
        message = f"there is no merchant {profile.merchant_id}"
        raise NotEnrolled(message)
    added = await connection.fetchval(
        *_SQL["register"](
            **whose,
            key_form=profile.key_form,
            mac=str(profile.mac),
            tls_identity=profile.tls_identity,
            unbound_management=profile.unbound_management,
            dialect=profile.dialect,
            replace=replace,
        )
    )
    if added is None:
        return None
    clear = clear or secrets.token_bytes(_MASTER)
    key = security.import_key(KeyKind.MASTER, form_of(profile.key_form).master, clear)
    await connection.execute(*_SQL["end_pending"](**whose))
    await connection.execute(*_SQL["end_keys"](**whose))
    await connection.execute(*_SQL["key"](**whose, **asdict(key)))
    await connection.execute(*_SQL["changed"]())
    return Enrolled(profile, clear.hex(), key.check_value.hex().upper())
