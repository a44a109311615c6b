"""What a terminal downloads for chips; nothing of it needs a proof.

Public keys are public, and what terminals go by is no secret either: whoever asks is answered, from
memory. An end only takes back what was asked of the terminal.
"""

from annul.host.host import Host
from annul.host.recognised import bytes_of
from annul.host.reply import Reply
from annul.host.request import Request
from annul.merchants.chips import NOTHING

from .network import admit

_DATA = 62


async def ca_keys(request: Request, host: Host) -> Reply:
    """Say which public keys there are, a page at a time."""
    admit(request)
    asked = bytes_of(request.message, _DATA)
    return Reply("00", {_DATA: host.registry.chips.list_keys(asked, request.business_date)})


async def ca_key(request: Request, host: Host) -> Reply:
    """Give one public key."""
    admit(request)
    return Reply("00", {_DATA: host.registry.chips.key(bytes_of(request.message, _DATA))})


async def aids(request: Request, host: Host) -> Reply:
    """Say which applications there are, a page at a time."""
    admit(request)
    return Reply("00", {_DATA: host.registry.chips.list_aids(bytes_of(request.message, _DATA))})


async def aid(request: Request, host: Host) -> Reply:
    """Give what a terminal goes by for one application."""
    admit(request)
    return Reply("00", {_DATA: host.registry.chips.aid(bytes_of(request.message, _DATA))})


async def card_lists(request: Request, host: Host) -> Reply:
    """Say that there is nothing of it: lists of cards, parameters without contact.

    A terminal that has to ask for them goes on with what it has.
    """
    del host
    admit(request)
    return Reply("00", {_DATA: NOTHING})
