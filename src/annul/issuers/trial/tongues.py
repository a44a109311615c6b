"""Which dialect a message is in: one that is known, or one of them with a part changed.

A message about the line has few fields, so several may read it; what is nearest to what is set
comes first.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from annul.issuers.editions import EDITIONS
from annul.issuers.speech import is_answer, is_network
from annul.wire.codec import Codec, Message
from annul.wire.dialect import Dialect
from annul.wire.errors import DecodeError, DialectError
from annul.wire.field import Coding, Content
from annul.wire.specifications.written import to_toml

_CODE: Final = 39
_MAC: Final = 128
_KNOWN, _CHANGED = 2, 5  # costs


def _ebcdic(dialect: Dialect) -> Dialect:
    """Write every character of a dialect in EBCDIC."""
    into = {Coding.ASCII: Coding.EBCDIC, Coding.HEX: Coding.HEX_EBCDIC}
    rows = [
        replace(
            row,
            coding=into.get(row.coded, row.coded),
            prefix=replace(row.prefix, coding=into.get(row.prefix.coding, row.prefix.coding)),
        )
        for row in dialect.fields.values()
        if row.content is not Content.BINARY or row.in_hex or not row.fixed
    ]
    changed = dialect.override(rows)
    return replace(
        changed,
        mti=into.get(changed.mti, changed.mti),
        bitmap=into.get(changed.bitmap, changed.bitmap),
    )


def _three_digits(dialect: Dialect) -> Dialect:
    return dialect.override([replace(dialect.fields[_CODE], size=3)])


# What is tried on each dialect that is known, the likeliest first; the name goes into that of the
# dialect that is proposed.
_CHANGES: Final[Mapping[str, tuple[Callable[[Dialect], Dialect], ...]]] = {
    "code_3": (_three_digits,),
    "bitmap_bytes": (lambda one: replace(one, bitmap=Coding.BYTES),),
    "bitmap_hex": (lambda one: replace(one, bitmap=Coding.HEX),),
    "mti_ascii": (lambda one: replace(one, mti=Coding.ASCII),),
    "mti_packed": (lambda one: replace(one, mti=Coding.PACKED),),
    "ebcdic": (_ebcdic,),
    "ebcdic_bitmap_bytes": (_ebcdic, lambda one: replace(one, bitmap=Coding.BYTES)),
    "bitmap_bytes_code_3": (lambda one: replace(one, bitmap=Coding.BYTES), _three_digits),
    "bitmap_hex_code_3": (lambda one: replace(one, bitmap=Coding.HEX), _three_digits),
    "ebcdic_code_3": (_ebcdic, _three_digits),
}


@dataclass(frozen=True, slots=True)
class Tongue:
    """A dialect that may be spoken; one that nobody has registered yet has its document."""

    dialect: Dialect
    base: Dialect | None = None
    cost: int = 0  # how far it is from what is set: what is nearer is tried first

    @property
    def document(self) -> str:
        """The dialect as `annul dialect import` takes it, empty for one that is there."""
        return to_toml(self.dialect, self.base) if self.base else ""


def tongues(known: Mapping[str, Dialect], first: str) -> list[Tongue]:
    """Give all that are tried: the one that is set, the known ones, then those with changes."""
    every = [known[first], *(one for name, one in known.items() if name != first)]
    # Between banks the MAC is in field 128; what terminals speak comes last.
    ordered = sorted(filter(_speaks, every), key=lambda one: one.mac_field != _MAC)
    found = [Tongue(one, cost=0 if one.name == first else _KNOWN) for one in ordered]
    found.sort(key=lambda one: one.cost)
    for name, changes in _CHANGES.items():
        for base in ordered:
            changed = base
            try:
                for change in changes:
                    changed = change(changed)
            except (DialectError, KeyError):
                continue
            if changed != base:
                cost = _KNOWN if "ebcdic" in name else _CHANGED
                named = replace(changed, name=f"{base.name}_{name}"[:40])
                found.append(Tongue(named, base, cost))
    return found


def _speaks(dialect: Dialect) -> bool:
    """Say whether messages about the line can be said in it at all."""
    if dialect.version in EDITIONS:
        return {7, 11, 24, _CODE} <= dialect.fields.keys()
    return dialect.version == "0" and {7, 11, _CODE, 70} <= dialect.fields.keys()


def reads(tongue: Tongue, bodies: Iterable[bytes]) -> list[Message] | None:
    """Read messages about the line whole, or give None: nothing is left over, all makes sense."""
    codec, found = Codec(tongue.dialect, trusting=False), list[Message]()
    for body in bodies:
        try:
            message = codec.decode(body)
            message.check()
        except DecodeError:
            return None
        if not is_network(message.mti) or (is_answer(message.mti) and _CODE not in message):
            return None
        found.append(message)
    return found


def readers(all_of_them: Iterable[Tongue], bodies: tuple[bytes, ...]) -> Iterator[Tongue]:
    """Give those that read messages whole, in their order."""
    return (one for one in all_of_them if reads(one, bodies))
