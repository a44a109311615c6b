"""Which issuer a card belongs to: the longest prefix wins, and a backup stands in."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from annul.domain.records import Bin, Issuer, Scheme
from annul.security.keys import WrappedKey
from annul.security.pin import PinFormat


@dataclass(frozen=True, slots=True)
class Route:
    """Where a request goes. `issuer` is None for an id that is not in the table (any more).

    `backup` is the other issuer of the same row, which the router took or might have taken.
    """

    issuer_id: str
    issuer: Issuer | None
    backup: Issuer | None
    card_type: str
    scheme: str = Scheme.DOMESTIC
    pin_key: WrappedKey | None = field(default=None, repr=False)

    @property
    def pin_format(self) -> PinFormat:
        """How the issuer takes PINs."""
        return PinFormat(self.issuer.pin_format) if self.issuer else PinFormat.ISO_0


@dataclass(frozen=True, slots=True)
class _Pair:
    primary: Route
    backup: Route | None


class Router:
    """The BIN table, ready to be asked for every request.

    `usable` says whether an issuer's link is up and its health is not `down`; `pin_key` gives the
    key for PIN blocks towards an issuer. The table never changes: a new one is a new router.
    """

    def __init__(
        self,
        bins: Iterable[Bin],
        issuers: Iterable[Issuer],
        usable: Callable[[str], bool],
        pin_key: Callable[[Issuer], WrappedKey | None] = lambda _: None,
    ) -> None:
        known: Final = {issuer.issuer_id: issuer for issuer in issuers}
        keys = {issuer_id: pin_key(issuer) for issuer_id, issuer in known.items()}
        by_length: dict[int, dict[str, _Pair]] = {}
        for row in bins:
            pair = _pair(row, known, keys)
            if pair is not None:
                by_length.setdefault(len(row.prefix), {})[row.prefix] = pair
        self._tables: Final = tuple(sorted(by_length.items(), reverse=True))
        self._usable: Final = usable
        self._direct: Final = {
            issuer_id: Route(issuer_id, issuer, None, "debit", pin_key=keys[issuer_id])
            for issuer_id, issuer in known.items()
        }

    def route(self, pan: str) -> Route | None:
        """Give the way of a card: the primary issuer, or the backup while only that is usable.

        None when no prefix fits. When neither is usable it is the primary.
        """
        for length, table in self._tables:
            pair = table.get(pan[:length])
            if pair is not None:
                primary, backup = pair.primary, pair.backup
                if (
                    backup is not None
                    and not self._usable(primary.issuer_id)
                    and self._usable(backup.issuer_id)
                ):
                    return backup
                return primary
        return None

    def route_to(self, issuer_id: str) -> Route:
        """Give the way to one issuer, for what must go where its original went."""
        return self._direct.get(issuer_id) or Route(issuer_id, None, None, "debit")


def _pair(
    row: Bin, known: Mapping[str, Issuer], keys: Mapping[str, WrappedKey | None]
) -> _Pair | None:
    """Build both ways of a row; an issuer that is missing leaves its place to the other."""
    primary = known.get(row.issuer_id)
    backup = known.get(row.backup_issuer_id or "")
    ways = [
        Route(issuer.issuer_id, issuer, other, row.card_type, row.scheme, keys[issuer.issuer_id])
        for issuer, other in ((primary, backup), (backup, primary))
        if issuer is not None
    ]
    return _Pair(ways[0], ways[1] if len(ways) > 1 else None) if ways else None
