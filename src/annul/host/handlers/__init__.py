"""One handler per kind of transaction, named in one table."""

from collections.abc import Mapping
from typing import Final

from annul.host.financial import take
from annul.host.host import Handler

from .batch import batch_upload, batch_upload_end, settlement
from .network import echo, parameters, parameters_taken, sign_in, sign_off, status
from .reversal import reverse
from .undo import advise, refund, undo

HANDLERS: Final[Mapping[str, Handler]] = {
    "balance": take,
    "sale": take,
    "qr_sale": take,
    "preauth": take,
    "void": undo,
    "qr_void": undo,
    "preauth_void": undo,
    "completion": undo,
    "completion_void": undo,
    "completion_advice": advise,
    "refund": refund,
    "qr_refund": refund,
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
