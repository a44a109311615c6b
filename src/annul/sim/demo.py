"""Merchants, terminals, issuers and routes to try annul with, or to load it with.

Everything here is made up: card numbers begin with test prefixes, names say that they are examples.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import asyncpg

from annul.domain.fees import DEFAULT_FEE_RATES
from annul.domain.records import Scheme
from annul.merchants.enrolment import TerminalProfile, enrol
from annul.security.ciphers import TDES
from annul.security.keys import KeyKind
from annul.security.module import SecurityModule
from annul.store.sql import load

_SQL: Final = load("annul.sim", "demo.sql")
ISSUERS: Final = (
    ("00000101", "示例银行", "Example Bank"),
    ("00000202", "样本银行", "Sample Bank"),
    ("00000303", "样例支付", "Specimen Pay"),
)
# prefix, index of issuer, index of backup, card type, scheme
_BINS: Final = (
    ("620001", 0, 1, "debit", Scheme.DOMESTIC),
    ("620002", 1, 0, "credit", Scheme.DOMESTIC),
    ("629", 2, None, "qr", Scheme.DOMESTIC),
    ("62", 0, None, "debit", Scheme.DOMESTIC),
    ("400000", 0, None, "credit", Scheme.FOREIGN),
)
_ANY_CARD: Final = "debit"
# name, MCC, pricing, whether a void must be covered by the merchant's balance
_SHOPS: Final = (
    ("示例茶馆", "Example Tea House", "5812", "standard", False),
    ("示例书店", "Example Bookshop", "5942", "discount", False),
    ("示例公益站", "Example Charity", "8398", "welfare", False),
    ("示例电器行", "Example Appliances", "5732", "standard", True),
)


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """What to put in: issuers listen on `issuer_ports` (fewer ports serve more issuers each).

    `pin_key` and `mac_key` (16 bytes, clear) are shared with the issuers; without them no PIN can
    be taken and messages to issuers carry no MAC. `identity` gives that of the client certificate
    of (terminal, merchant), empty for a terminal that comes without one.
    """

    issuer_ports: tuple[int, ...]
    merchants: int = len(_SHOPS)
    terminals_each: int = 2
    issuer_host: str = "127.0.0.1"
    timeout_ms: int = 15_000
    pin_key: bytes | None = field(default=None, repr=False)
    mac_key: bytes | None = field(default=None, repr=False)
    identity: Callable[[str, str], str] = lambda _terminal, _merchant: ""


def card_type(pan: str) -> str:
    """Give the kind of a card, as its issuer knows it: by the longest prefix."""
    known = [(len(prefix), kind) for prefix, _, _, kind, _ in _BINS if pan.startswith(prefix)]
    return max(known)[1] if known else _ANY_CARD


async def seed(
    pool: asyncpg.Pool, security: SecurityModule, plan: DemoPlan
) -> list[tuple[str, str, str]]:
    """Put a plan in; what is there stays. Give (merchant, terminal, master key) of new terminals.

    The master key in hexadecimal is what a terminal is loaded with; it is given out only here.
    """
    made: list[tuple[str, str, str]] = []
    async with pool.acquire() as connection, connection.transaction():
        await _issuers(connection, security, plan)
        await fee_rates(connection)
        for number in range(plan.merchants):
            merchant_id = f"8980000{_SHOPS[number % 4][2]}{number:04d}"
            name_zh, name_en, category, pricing, needs_balance = _SHOPS[number % 4]
            await connection.execute(
                *_SQL["merchant"](
                    merchant=merchant_id,
                    name_zh=name_zh,
                    name_en=name_en,
                    category=category,
                    pricing=pricing,
                    void_needs_balance=needs_balance,
                )
            )
            for index in range(plan.terminals_each):
                terminal_id = f"{number * plan.terminals_each + index + 10_000_001:08d}"
                profile = TerminalProfile(
                    merchant_id, terminal_id, tls_identity=plan.identity(terminal_id, merchant_id)
                )
                enrolled = await enrol(connection, security, profile)
                if enrolled is not None:
                    made.append((merchant_id, terminal_id, enrolled.master_key))
    return made


async def fee_rates(connection: Any) -> None:
    """Put the usual fee rates in; what is there stays."""
    put = _SQL["fee_rate"]
    rates = [put.arguments(**asdict(rate)) for rate in DEFAULT_FEE_RATES]
    await connection.executemany(put.sql, rates)


async def _issuers(connection: Any, security: SecurityModule, plan: DemoPlan) -> None:
    pin_key, mac_key = (
        security.import_key(kind, TDES, clear).wrapped if clear else None
        for kind, clear in ((KeyKind.PIN, plan.pin_key), (KeyKind.MAC, plan.mac_key))
    )
    for index, (issuer_id, name_zh, name_en) in enumerate(ISSUERS):
        port = plan.issuer_ports[index % len(plan.issuer_ports)]
        await connection.execute(
            *_SQL["issuer"](
                issuer=issuer_id,
                name_zh=name_zh,
                name_en=name_en,
                host=plan.issuer_host,
                port=port,
                timeout_ms=plan.timeout_ms,
                pin_key=pin_key,
                mac_key=mac_key,
            )
        )
    for prefix, issuer, backup, card_type, scheme in _BINS:
        first, second = ISSUERS[issuer][0], None if backup is None else ISSUERS[backup][0]
        row = _SQL["bin"](
            prefix=prefix, issuer=first, backup=second, card_type=card_type, scheme=scheme
        )
        await connection.execute(*row)
