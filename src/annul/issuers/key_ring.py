"""The keys of one issuer at one moment: what messages are sent under, and what they are held to."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from annul.security.keys import KeyKind, WrappedKey

# How long messages under the key before are taken while none has held under the new one, and from
# then on: so long an answer may be on its way, as no time-out of an issuer is longer.
GRACE: Final = timedelta(minutes=5)
ON_THE_WAY: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class IssuerKey:
    """A key of an issuer as it stands in the database; without `id` it is agreed, of no message.

    `in_force_since` None: it came, and the answer to its message may not have left. `proved_at` is
    when the first message of the issuer held under it.
    """

    id: UUID | None
    key: WrappedKey = field(repr=False)
    in_force_since: datetime | None = None
    proved_at: datetime | None = None
    ended_at: datetime | None = None


class KeyRing:
    """Keys by kind; replaced as a whole when the database says otherwise.

    `on_proved` is called when a message holds under a key that none has held under; it must not
    block.
    """

    __slots__ = ("_before", "_force", "_waiting", "on_proved", "refused", "renew")

    def __init__(self, *keys: IssuerKey) -> None:
        self.refused = 0  # key messages in a row that were not taken
        self.renew: Callable[[], Awaitable[None]] | None = None  # reads what others have taken
        self.on_proved: Callable[[IssuerKey], None] = lambda _: None
        self.adopt(keys)

    def adopt(self, keys: tuple[IssuerKey, ...]) -> None:
        """Use keys as they stand in the database, and behind them those of no message.

        Of two in force the second is the one before.
        """
        self._force: dict[KeyKind, IssuerKey] = {}
        self._waiting: dict[KeyKind, IssuerKey] = {}
        self._before: dict[KeyKind, IssuerKey] = {}
        for one in keys:
            if one.ended_at is not None or one.key.kind in self._force:
                self._before.setdefault(one.key.kind, one)
            elif one.in_force_since is None and one.id is not None:
                self._waiting.setdefault(one.key.kind, one)
            else:
                self._force.setdefault(one.key.kind, one)

    def key(self, kind: KeyKind) -> WrappedKey | None:
        """Give what is sent under, or None."""
        found = self._force.get(kind)
        return found.key if found else None

    def in_force(self, kind: KeyKind) -> IssuerKey | None:
        """Give the same with what is known of it."""
        return self._force.get(kind)

    def waiting(self, kind: KeyKind) -> IssuerKey | None:
        """Give a key whose message came, while the answer may not have left."""
        return self._waiting.get(kind)

    @property
    def waits(self) -> tuple[KeyKind, ...]:
        """Kinds of which a key waits."""
        return tuple(self._waiting)

    def taken(self, now: datetime) -> tuple[IssuerKey, ...]:
        """Give the MAC keys that a message may hold under, the likeliest first."""
        force = self._force.get(KeyKind.MAC)
        if force is None or force.in_force_since is None:  # agreed: nothing was before it
            return self._candidates(force, before=False)
        until = force.in_force_since + GRACE
        if force.proved_at is not None:
            until = min(until, force.proved_at + ON_THE_WAY)
        return self._candidates(force, before=now < until)

    def of_key_messages(self) -> tuple[IssuerKey, ...]:
        """Give those that a key message may hold under.

        Who has not heard our answer goes on under the key before, and sends the message again, or
        another one: while the new one is not proved, that is no replay however late it comes.
        """
        force = self._force.get(KeyKind.MAC)
        unproved = force is not None and force.id is not None and force.proved_at is None
        return self._candidates(force, before=unproved)

    def _candidates(self, force: IssuerKey | None, *, before: bool) -> tuple[IssuerKey, ...]:
        if force is None:
            return ()
        others = (self._waiting.get(KeyKind.MAC), self._before.get(KeyKind.MAC) if before else None)
        return (force, *(one for one in others if one is not None))

    def heard(self, one: IssuerKey) -> None:
        """Take note that a message of the issuer held under a key."""
        if one.proved_at is None and one.ended_at is None and one.id is not None:
            self.on_proved(one)
