"""One handler per kind of transaction, named in one table."""

from collections.abc import Mapping
from typing import Final

from annul.domain.kinds import KINDS, Family, Kind, Role
from annul.host.financial import take
from annul.host.host import Handler

from .batch import batch_upload, batch_upload_end, settlement
from .network import echo, parameters, parameters_taken, sign_in, sign_off, status
from .reversal import reverse
from .undo import advise, refund, undo

_BY_ROLE: Final[Mapping[Role | None, Handler]] = {
    None: take,
    Role.VOID: undo,
    Role.REFUND: refund,
    Role.COMPLETION: undo,
}


def _financial(kind: Kind) -> Handler:
    return advise if kind.family is Family.ADVICE else _BY_ROLE[kind.role]


HANDLERS: Final[Mapping[str, Handler]] = {
    **{kind.name: _financial(kind) for kind in KINDS.values() if kind.processing_code},
    "reversal": reverse,
    "sign_in": sign_in,
    "sign_off": sign_off,
    "echo": echo,
    "parameters": parameters,
    "parameters_taken": parameters_taken,
    "status": status,
    "settlement": settlement,
    "batch_upload": batch_upload,
    "batch_upload_end": batch_upload_end,
}
