"""The file in which an operator has public keys and chip parameters: read, checked, put in.

TOML or JSON; values in hexadecimal. What a scheme publishes has the key's checksum beside it, by
which a wrong digit is found before any terminal has it.
"""

import json
import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from annul.domain.errors import AnnulError
from annul.store.sql import load
from annul.wire.errors import DecodeError
from annul.wire.tlv import parse

from .chips import APPLICATION, Aid, CaKey, checksum

_SQL: Final = load("annul.merchants", "chips_file.sql")
_LARGEST: Final = 500  # bytes that one of them may take in field 62

Hex = Annotated[str, Field(pattern=r"^([0-9A-Fa-f]{2})+$")]


class NotLoadable(AnnulError):
    """The file can not be taken; nothing was changed."""

    code = "merchants.not_loadable"
    next_step = "Compare what is named with what the card scheme publishes, and load it again."


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    active: bool = True


class _Key(_Entry):
    rid: Hex
    index: Hex
    expires: date
    modulus: Hex
    exponent: Hex
    hash: Hex


class _Aid(_Entry):
    aid: Hex
    tlv: Hex


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    ca_public_keys: tuple[_Key, ...] = ()
    aids: tuple[_Aid, ...] = ()


@dataclass(frozen=True, slots=True)
class Loadable:
    """What a file holds; each with whether terminals are to have it."""

    keys: tuple[tuple[CaKey, bool], ...]
    aids: tuple[tuple[Aid, bool], ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many of each: to be had, and to be had no more."""
        sides = {"keys": self.keys, "aids": self.aids}
        return {
            f"{name}{'' if wanted else '_ended'}": sum(active is wanted for _, active in rows)
            for name, rows in sides.items()
            for wanted in (True, False)
        }


def read(file: Path) -> Loadable:
    """Read and check a file; raises `NotLoadable` that names what is wrong, and `OSError`."""
    text = file.read_text(encoding="utf-8")
    try:
        found = tomllib.loads(text) if file.suffix == ".toml" else json.loads(text)
        said = _File.model_validate(found)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        message = f"{where}: {first['msg']}"
        raise NotLoadable(message) from None
    except ValueError as error:
        message = f"{file.name} can not be read: {error}"
        raise NotLoadable(message) from None
    loadable = Loadable(
        tuple((_key(one), one.active) for one in said.ca_public_keys),
        tuple((_aid(one), one.active) for one in said.aids),
    )
    _once([(one.rid, one.key_index) for one, _ in loadable.keys], "public key")
    _once([one.aid for one, _ in loadable.aids], "application")
    return loadable


async def put(connection: Any, loadable: Loadable) -> None:
    """Put it in, in the transaction of `connection`; running hosts take it up at once.

    What is there under the same name is replaced; what the file does not name stays.
    """
    for key, active in loadable.keys:
        await connection.execute(
            *_SQL["key"](
                rid=key.rid,
                key_index=key.key_index,
                expires=key.expires,
                tlv=key.tlv,
                active=active,
            )
        )
    for aid, active in loadable.aids:
        await connection.execute(*_SQL["aid"](aid=aid.aid, tlv=aid.tlv, active=active))
    await connection.execute(*_SQL["changed"]())


def _key(said: _Key) -> CaKey:
    rid, index = bytes.fromhex(said.rid), bytes.fromhex(said.index)
    modulus, exponent = bytes.fromhex(said.modulus), bytes.fromhex(said.exponent)
    name = f"public key {said.rid} {said.index}"
    _check(len(rid) == 5, f"{name}: a RID has five bytes")
    _check(len(index) == 1, f"{name}: an index has one byte")
    # Source: EMV Book 2, annex B2.1: up to 248 bytes, exponents 3 and 65537.
    _check(64 <= len(modulus) <= 248, f"{name}: a modulus has 64 to 248 bytes")
    _check(
        modulus[0] > 0 and modulus[-1] % 2 == 1, f"{name}: a modulus is odd and begins with no 0"
    )
    _check(exponent in {b"\x03", b"\x01\x00\x01"}, f"{name}: an exponent is 03 or 010001")
    kept = checksum(rid, index[0], modulus, exponent)
    _check(kept == bytes.fromhex(said.hash), f"{name}: its hash is not that of its parts")
    key = CaKey.of(rid, index[0], said.expires, modulus, exponent)
    _check(len(key.tlv) <= _LARGEST, f"{name}: it is too long to be downloaded")
    return key


def _aid(said: _Aid) -> Aid:
    aid, name = bytes.fromhex(said.aid), f"application {said.aid}"
    _check(5 <= len(aid) <= 16, f"{name}: an AID has 5 to 16 bytes")
    try:
        parameters = parse(bytes.fromhex(said.tlv))
    except DecodeError as error:
        message = f"{name}: its parameters are no TLV ({error})"
        raise NotLoadable(message) from None
    tags = [one.tag for one in parameters]
    _check(bool(tags), f"{name}: it has no parameters")
    _check(APPLICATION not in tags, f"{name}: its AID stands by itself, not in the parameters")
    _check(len(set(tags)) == len(tags), f"{name}: a parameter is there twice")
    found = Aid.of(aid, parameters)
    _check(len(found.tlv) <= _LARGEST, f"{name}: it is too long to be downloaded")
    return found


def _once(names: list[Any], what: str) -> None:
    _check(len(set(names)) == len(names), f"a {what} is in the file twice")


def _check(holds: bool, message: str) -> None:
    if not holds:
        raise NotLoadable(message)
