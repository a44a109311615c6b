"""A database belongs to one local master key: whoever comes with another one goes no further.

Keys and cards that two master keys have sealed open for neither process. So the database keeps a
value by which the key is known, and which tells nothing of it.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any, Final

from annul.domain.errors import AnnulError
from annul.security.derive import check_value
from annul.security.errors import UnusableKey
from annul.security.keys import KeyKind, WrappedKey
from annul.security.software import SoftwareModule
from annul.security.vault import Vault

from .sql import load

_SQL: Final = load("annul.store", "master_key.sql")
_TRIED: Final = 16  # keys, and as many cards, when there is no value yet


class AnotherMasterKey(AnnulError):
    """The database belongs to another local master key. Nothing was written, no money has moved."""

    code = "store.master_key"
    next_step = (
        "Give the master key of this database: master.key of the data folder that it was begun "
        "with, by master_key_file in annul.toml, or ANNUL_MASTER_KEY."
    )


@dataclass(frozen=True, slots=True)
class Sealed:
    """What in a database tells its master key: the value, or what of older versions is sealed."""

    known: bool
    value: bytes | None
    keys: Sequence[WrappedKey]
    cards: Sequence[bytes]

    def __bool__(self) -> bool:
        """Whether there is anything."""
        return bool(self.value or self.keys or self.cards)

    def refuse_another(self, master: bytes) -> None:
        """Raise `AnotherMasterKey` unless all is under this one, or nothing is there yet."""
        if self.value is not None:
            if not compare_digest(self.value, check_value(master)):
                raise AnotherMasterKey
        elif self and not self._any_opens(master):
            message = "nothing that is stored opens under this local master key"
            raise AnotherMasterKey(message)

    def _any_opens(self, master: bytes) -> bool:
        module, vault = SoftwareModule(master), Vault(master)
        if any(module.opens(key) for key in self.keys):
            return True
        for card in self.cards:
            with suppress(UnusableKey):
                return bool(vault.open(card))
        return False


async def sealed_in(connection: Any) -> Sealed:
    """Look at a database of any version, also an empty one; nothing is changed."""
    tables = await connection.fetchrow(*_SQL["tables"]())
    value = await connection.fetchval(*_SQL["kept"]()) if tables["known"] else None
    if value is not None or not tables["any"]:
        return Sealed(tables["known"], value, (), ())
    keys = await connection.fetch(*_SQL["keys"](limit=_TRIED))
    cards = await connection.fetch(*_SQL["cards"](limit=_TRIED))
    return Sealed(
        tables["known"],
        None,
        [WrappedKey(KeyKind(row["kind"]), row["algorithm"], row["wrapped"]) for row in keys],
        [row["card_cipher"] for row in cards],
    )


async def keep(connection: Any, master: bytes) -> None:
    """Let the database belong to this key from now on.

    Raises `AnotherMasterKey` when it belongs to another one, also since a moment ago.
    """
    (await sealed_in(connection)).refuse_another(master)
    await connection.execute(*_SQL["keep"](check_value=check_value(master)))
    (await sealed_in(connection)).refuse_another(master)
