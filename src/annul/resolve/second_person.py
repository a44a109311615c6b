"""The second person of what moves money: another human, whom the first one did not bring along."""

from typing import Any, Final

from annul.domain.errors import AnnulError
from annul.store.sql import load

_SQL: Final = load("annul.resolve", "second_person.sql")
_KEY: Final = "key "  # how programs are shown; no user's name has a space


class SecondPersonNeeded(AnnulError):
    """Dual approval takes somebody independent of who asked. Nothing was changed."""

    code = "resolve.second_person"
    next_step = (
        "Ask somebody else, signed in as themselves: not who asked for it, not an API "
        "key, and not a user whom one of the two has created."
    )


async def second_person(connection: Any, first: str, second: str) -> None:
    """Raise `SecondPersonNeeded` unless `second` may approve what `first` has asked for.

    Both as they are shown: a user's name, or `key` and how it begins. Behind a key stands who made
    it; behind a user who made this one, and so on: a key or user of one's own is no second person.
    """
    if second.startswith(_KEY):
        raise SecondPersonNeeded
    if not await connection.fetchval(*_SQL["apart"](first=first, second=second)):
        raise SecondPersonNeeded
