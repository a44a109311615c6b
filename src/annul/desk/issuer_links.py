"""How an issuer is reached and spoken with: shown, and changed as a whole."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from annul.domain.link_profile import USUAL
from annul.domain.records import Issuer
from annul.issuers import dialects, directory
from annul.issuers.link_profiles import ProfileError, document_of
from annul.issuers.link_settings import Setting, changed, settings_of
from annul.issuers.profile import IssuerProfileError, check_profile
from annul.store.sql import load

from .audit import audit
from .desk import NothingThere
from .issuer_keys import Keeper
from .permission import NotValid, permit
from .roles import Scope, Visitor

_SQL: Final = load("annul.desk", "issuer_links.sql", columns=directory.ISSUER_COLUMNS)


async def issuer(keeper: Keeper, issuer_id: str) -> Issuer:
    """Give an issuer as its link is made of it; raises `NothingThere`, `ProfileError`."""
    return _issuer(await keeper.pool.fetchrow(*_SQL["find"](issuer=issuer_id)), issuer_id)


_DECIDES: Final = frozenset({"host", "port", "codes", "compared", "identified_by"})


async def settings(keeper: Keeper, issuer_id: str) -> list[Setting]:
    """Give every setting of an issuer's link."""
    return settings_of(await issuer(keeper, issuer_id))


async def set_link(
    keeper: Keeper,
    visitor: Visitor,
    issuer_id: str,
    reason: str,
    given: Mapping[str, str],
    unset: Collection[str] = (),
) -> list[Setting]:
    """Change settings of an issuer's link; gives those that are otherwise now. Hosts take it up.

    What decides over money (whom annul believes, what counts as approved) is for administrators.
    Raises `NotValid` that names what is wrong, also when MAC, PIN and dialect do not go together.
    """
    decides = {name.partition(".")[0] for name in (*given, *unset)} & _DECIDES
    scope = Scope.ADMIN if decides else Scope.ISSUERS_WRITE
    async with keeper.pool.acquire() as connection, connection.transaction():
        await permit(connection, visitor, scope, reason)
        row = await connection.fetchrow(*_SQL["hold"](issuer=issuer_id))
        known = await dialects.read(connection)
        try:
            before = _stored(row, issuer_id)
            after = changed(before, given, unset, row["profile"] if row else None)
            check_profile(after, known)
        except (ProfileError, IssuerProfileError) as error:
            raise NotValid(str(error)) from error
        was = {one.name: one.value for one in settings_of(before)}
        now = settings_of(after)
        differs = [one for one in now if was.pop(one.name, None) != one.value]
        gone = sorted(was)
        if not differs and not gone:
            return []
        await connection.execute(
            *_SQL["set"](
                issuer=issuer_id,
                host=after.host,
                port=after.port,
                dialect=after.dialect,
                framing=after.framing,
                timeout_ms=after.timeout_ms,
                profile=document_of(after.profile),
            )
        )
        await connection.execute(*_SQL["changed"]())
        detail: dict[str, Any] = {
            "before": {one.name: one.value for one in settings_of(before)},
            "after": {one.name: one.value for one in differs} | dict.fromkeys(gone, ""),
        }
        at = keeper.clock.now()
        await audit(connection, visitor, at, "set-link", f"issuer {issuer_id}", reason, detail)
    return differs


def _issuer(row: Any, issuer_id: str) -> Issuer:
    if row is None:
        message = f"there is no issuer {issuer_id}"
        raise NothingThere(message)
    return directory.issuer_of(row)


def _stored(row: Any, issuer_id: str) -> Issuer:
    """Give an issuer that is to be changed, also one whose profile makes no sense as it is."""
    try:
        return _issuer(row, issuer_id)
    except ProfileError:
        return Issuer(**{**row, "profile": USUAL})
