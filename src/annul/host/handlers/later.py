"""What a terminal says later of a transaction of its own: of an issuer's scripts, and a signature.

Nothing of it moves money; it is kept with the transaction as evidence. Script results are not sent
on to the issuer. Source: UnionPay-style POS. A script result (0620, 60.3 = 951) names its
transaction in fields 61 and 37, a signature (0820, 60.1 = 07) in 11 and 37. The picture comes in
field 62, mostly as JBIG, in parts of 60.3 = 800, 801 and so on; hosts of some acquirers know it as
60.3 = 301, or in an MTI of its own.
"""

from hashlib import sha256
from typing import Final

from annul.domain.kinds import KINDS
from annul.domain.records import Transaction
from annul.host.host import Host
from annul.host.recognised import bytes_of, text_of
from annul.host.reply import Reply
from annul.host.request import Refusal, Request
from annul.store.sql import load
from annul.wire.shown import show
from annul.wire.subfields import Field61

_SQL: Final = load("annul.host.handlers", "later.sql")
_CHIP: Final = 55
_PICTURE: Final = 62
_PARTS: Final = {network: part for part, network in enumerate(KINDS["signature"].network)}
_LARGEST: Final = 2_048  # bytes of a part: a picture has 32 kB at most


async def script_result(request: Request, host: Host) -> Reply:
    """Keep what became of the scripts of an issuer's answer; a repeat changes nothing.

    Field 55 has room to make a MAC fit that was seen elsewhere, and nobody checks what it says:
    where that is possible the line has to be proven. Raises `Refusal` 98, on which it comes again.
    """
    if not request.certain:
        raise Refusal("98", "请先做一笔联机交易再试", rule="line_not_bound")
    named = Field61.parse(text_of(request.message, 61))
    transaction = await _own(request, host, named.batch, named.trace)
    await host.pool.execute(
        *_SQL["script_result"](
            merchant=transaction.merchant_id,
            transaction=transaction.id,
            batch=request.field60.batch,
            trace=request.trace,
            chip=show(_CHIP, bytes_of(request.message, _CHIP)),
            now=request.received_at,
        )
    )
    return Reply("00", {37: transaction.rrn})


async def signature(request: Request, host: Host) -> Reply:
    """Keep a part of a cardholder's signature, sealed; a repeat changes nothing.

    Raises `Refusal` 30 for a part without a picture or too large, 94 for another one in its place.
    """
    picture = bytes_of(request.message, _PICTURE)
    if not 0 < len(picture) <= _LARGEST:
        raise Refusal("30", "签名数据长度错误", rule="signature_size")
    transaction = await _own(request, host, request.field60.batch, request.trace)
    part = _PARTS[request.field60.network]
    which = {"merchant": transaction.merchant_id, "transaction": transaction.id, "part": part}
    digest = sha256(picture).digest()
    about = transaction.id.bytes + bytes((part,))
    await host.pool.execute(
        *_SQL["signature"](
            **which,
            size=len(picture),
            digest=digest,
            sealed=host.vault.seal_file(picture, about),
            now=request.received_at,
        )
    )
    if await host.pool.fetchval(*_SQL["signed"](**which)) != digest:
        raise Refusal("94", "签名已上送", rule="signature_differs")
    return Reply("00", {37: transaction.rrn})


async def _own(request: Request, host: Host, batch: str, trace: str) -> Transaction:
    """Find the transaction by its reference number, else by its own; raises `Refusal` (25, 14)."""
    merchant_id, terminal_id = request.station.identity
    rrn = text_of(request.message, 37).strip()
    found = await host.journal.find_by_rrn(merchant_id, rrn) if rrn else None
    if found is None:
        found = await host.journal.find((merchant_id, terminal_id, batch, trace))
    if found is None or found.terminal_id != terminal_id:
        raise Refusal("25", "未找到原交易", rule="original_unknown")
    if request.pan and request.card_hash != found.card_hash:
        raise Refusal("14", "卡号与原交易不符", rule="card_differs")
    return found
