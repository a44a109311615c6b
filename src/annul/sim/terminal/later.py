"""What the soft terminal says later of a transaction: scripts that its chip ran, its signature."""

from typing import Final

from annul.domain.kinds import KINDS
from annul.wire.subfields import Field61

from . import chip
from .errors import NotPossible
from .journal import Fields, Record
from .messages import TerminalAnswer
from .terminal import SoftTerminal

_PART: Final = 500  # bytes of a picture that one message takes
_OF_CARD: Final = (2, 3, 4, 22, 23, 49)  # as in the transaction


async def tell_scripts(terminal: SoftTerminal, record: Record, *, done: bool) -> TerminalAnswer:
    """Say what became of the scripts in the issuer's answer; again as often as it takes."""
    asked = record.fields.get(55)
    if not isinstance(asked, bytes):
        message = f"voucher {record.trace} had no chip"
        raise NotPossible(message)
    fields: Fields = {
        number: record.fields[number] for number in _OF_CARD if number in record.fields
    }
    fields |= {
        37: f"{record.rrn:<12}",
        55: chip.carried_out(asked, done=done),
        61: Field61(record.batch, record.trace, record.date).build(),
    }
    return await terminal.manage("script_result", network="951", extra=dict(sorted(fields.items())))


async def upload_signature(terminal: SoftTerminal, record: Record, picture: bytes) -> int:
    """Upload a signature in parts; gives how many. Raises `NotPossible` if one is refused."""
    networks = KINDS["signature"].network
    parts = [picture[at : at + _PART] for at in range(0, len(picture), _PART)]
    if not 0 < len(parts) <= len(networks):
        message = f"a signature has 1 to {len(networks) * _PART} bytes"
        raise NotPossible(message)
    for part, network in zip(parts, networks, strict=False):
        extra: Fields = {11: record.trace, 37: f"{record.rrn:<12}", 62: part}
        answer = await terminal.manage(
            "signature", network=network, batch=record.batch, extra=extra
        )
        if answer.response_code != "00":
            message = f"the host refused the signature with {answer.response_code}"
            raise NotPossible(message)
    return len(parts)
