"""What the soft terminal downloads: its parameters, public keys, what it goes by for chips.

What comes takes the place of what was there only once all of it has come and holds.
"""

from collections.abc import Iterator, Sequence
from typing import Final, Protocol

from annul.domain.kinds import KINDS
from annul.merchants import chips
from annul.merchants.parameters import Parameters
from annul.wire.errors import DecodeError
from annul.wire.framing import REQUIREMENTS
from annul.wire.tlv import Tlv, build, parse

from .errors import NotPossible
from .journal import Fields, TerminalJournal
from .messages import TerminalAnswer

_DATA: Final = 62
_PAGES: Final = 100  # a list that goes on for longer has no end


class Manages(Protocol):
    """A terminal, as far as downloads need it."""

    @property
    def journal(self) -> TerminalJournal:
        """What it keeps."""
        ...

    async def manage(
        self, name: str, *, network: str, extra: Fields | None = None
    ) -> TerminalAnswer:
        """Send a message that moves no money."""
        ...


async def parameters(terminal: Manages) -> Parameters:
    """Download the parameters and say that they came."""
    said = await _asked(terminal, "parameters")
    found = Parameters.parse(said)
    terminal.journal.configured(said)
    await _taken(terminal, "parameters_taken")
    return found


async def ca_keys(terminal: Manages) -> int:
    """Download every public key and say that they came; gives how many.

    Raises `NotPossible` for one whose parts are not held together by its checksum.
    """
    listed = await _listed(terminal, "ca_keys")
    found: dict[bytes, bytes] = {}
    for entry in listed:
        named = build(entry[:2])
        found[named] = _held(await _one(terminal, "ca_key", named))
    terminal.journal.load_chips("key", found)
    await _taken(terminal, "ca_keys_taken")
    return len(found)


async def aids(terminal: Manages) -> int:
    """Download what there is for every application and say that it came; gives how many."""
    found = {
        build(entry): await _one(terminal, "aid", build(entry))
        for entry in await _listed(terminal, "aids")
    }
    terminal.journal.load_chips("aid", found)
    await _taken(terminal, "aids_taken")
    return len(found)


async def card_lists(terminal: Manages) -> None:
    """Ask for every list of cards; a host may have none."""
    for network, end in zip(
        KINDS["card_lists"].network, KINDS["card_lists_taken"].network, strict=True
    ):
        await _asked(terminal, "card_lists", network=network)
        await _taken(terminal, "card_lists_taken", network=end)


async def everything(terminal: Manages) -> None:
    """Download all that a terminal begins its day with."""
    await parameters(terminal)
    await ca_keys(terminal)
    await aids(terminal)
    await card_lists(terminal)


async def meet(terminal: Manages, requirement: int) -> None:
    """Download what the header of an answer asks for, if it is something to download."""
    if requirement == REQUIREMENTS["parameters"]:
        await parameters(terminal)
    elif requirement == REQUIREMENTS["ca_keys"]:
        await ca_keys(terminal)
    elif requirement == REQUIREMENTS["aids"]:
        await aids(terminal)


# Inside ------------------------------------------------------------------------------------------


async def _asked(
    terminal: Manages, name: str, *, asked: bytes | None = None, network: str = ""
) -> bytes:
    extra: Fields = {} if asked is None else {_DATA: asked}
    answer = await terminal.manage(name, network=network or KINDS[name].network[0], extra=extra)
    said = answer.fields.get(_DATA, b"")
    if answer.response_code != "00" or not isinstance(said, bytes):
        message = f"the host refused the {KINDS[name].title.en} with {answer.response_code}"
        raise NotPossible(message)
    return said


async def _taken(terminal: Manages, name: str, *, network: str = "") -> None:
    await terminal.manage(name, network=network or KINDS[name].network[0])


async def _listed(terminal: Manages, name: str) -> list[Sequence[Tlv]]:
    """Fetch a list page by page."""
    entries: list[Sequence[Tlv]] = []
    for _ in range(_PAGES):
        said = await _asked(terminal, name, asked=chips.WHOLE + b"%02d" % len(entries))
        page = list(_entries(_parsed(said)))
        entries += page
        if said[:1] != chips.MORE or not page:
            return entries
    raise NotPossible("the host's list has no end")


def _entries(objects: Sequence[Tlv]) -> Iterator[Sequence[Tlv]]:
    """Split a page where each name begins."""
    begins = [at for at, one in enumerate(objects) if one.tag == chips.APPLICATION]
    for begin, end in zip(begins, [*begins[1:], len(objects)], strict=True):
        yield objects[begin:end]


async def _one(terminal: Manages, name: str, named: bytes) -> bytes:
    said = await _asked(terminal, name, asked=named)
    objects = _parsed(said)
    if said[:1] != chips.WHOLE or not build(objects).startswith(named):
        raise NotPossible("the host does not have what its list names")
    return said[1:]


def _parsed(said: bytes) -> tuple[Tlv, ...]:
    try:
        return parse(said[1:], _DATA)
    except DecodeError as error:
        message = f"what the host gives makes no sense: {error}"
        raise NotPossible(message) from error


def _held(key: bytes) -> bytes:
    parts = {one.tag: one.value for one in parse(key, _DATA)}
    rid, index = parts[chips.APPLICATION], parts[chips.INDEX]
    made = chips.checksum(
        rid, index[0], parts.get(chips.MODULUS, b""), parts.get(chips.EXPONENT, b"")
    )
    if made != parts.get(chips.CHECKSUM):
        message = f"public key {rid.hex()} {index.hex()} is not held together by its checksum"
        raise NotPossible(message)
    return key
