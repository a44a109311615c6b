"""One handler per kind of transaction, named in one table."""

from collections.abc import Mapping
from typing import Final

from annul.domain.kinds import KINDS, Family, Kind, Role
from annul.host.financial import take
from annul.host.host import Handler

from .batch import settlement
from .chips import aid, aids, ca_key, ca_keys, card_lists
from .later import script_result, signature
from .network import echo, parameters, sign_in, sign_off, status, taken
from .reversal import reverse
from .undo import advise, refund, undo
from .uploads import batch_upload, batch_upload_end, ic_upload

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
    "parameters_taken": taken,
    "ca_keys": ca_keys,
    "ca_key": ca_key,
    "ca_keys_taken": taken,
    "aids": aids,
    "aid": aid,
    "aids_taken": taken,
    "card_lists": card_lists,
    "card_lists_taken": taken,
    "status": status,
    "script_result": script_result,
    "signature": signature,
    "settlement": settlement,
    "batch_upload": batch_upload,
    "ic_upload": ic_upload,
    "batch_upload_end": batch_upload_end,
}
