"""How what a playbook can look at is asked of the database: each gives a word, and figures."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from annul.domain.errors import AnnulError
from annul.domain.playbooks import Value
from annul.operate.trouble import Trouble, issuers_now, trouble_of
from annul.store.sql import load

_SQL: Final = load("annul.operate.playbooks", "looks.sql")
_LINKS: Final = timedelta(minutes=5)
_STATS: Final = timedelta(hours=1)
_LOAD: Final = timedelta(minutes=5)
_WRONG_MACS: Final = 3  # of one terminal in an hour: its keys are out of step
_MANY: Final = 5  # terminals: no matter of one shop
_MOST: Final = 10  # rows that a look tells
_BUSY: Final = 0.7  # of a processor, per host process
_FULL: Final = 0.9
_LAG_S: Final = 10.0
_LATE: Final = timedelta(days=1)


class NothingToLookAt(AnnulError):
    """What this step looks at is not there."""

    code = "playbooks.nothing_there"
    next_step = "Check what the run was started with."


class Seen(NamedTuple):
    """What a look gives: a word, and figures as JSON has them; amounts in minor units."""

    word: str
    facts: Mapping[str, Any]


class Looking(NamedTuple):
    """What a look is asked with: through which connection, when, about what, for which incident."""

    connection: Any
    now: datetime
    args: Mapping[str, Value]
    head: UUID | None = None

    def text(self, name: str) -> str:
        """Give an argument as a text."""
        return str(self.args[name])


async def of_issuer(look: Looking) -> Seen:
    """Look how an issuer is; raises `NothingToLookAt`."""
    rows = await issuers_now(look.connection, look.now)
    row = next((one for one in rows if one["issuer_id"] == look.text("issuer")), None)
    if row is None:
        raise NothingToLookAt
    trouble = trouble_of(row)
    words = {Trouble.LINE: "line_down", Trouble.VOIDS: "voids_fail", None: "healthy"}
    names = ("requests", "approvals", "silent", "faults", "voids", "void_approvals")
    return Seen(words.get(trouble, str(trouble)), {name: row[name] for name in names})


async def of_cases(look: Looking) -> Seen:
    """Look at the open cases of an issuer."""
    issuer = look.text("issuer")
    row = await look.connection.fetchrow(*_SQL["open_cases"](issuer=issuer, now=look.now))
    money = await look.connection.fetch(*_SQL["open_money"](issuer=issuer))
    return Seen("some" if row["cases"] else "none", {**row, "money": [dict(one) for one in money]})


async def of_links(look: Looking) -> Seen:
    """Look at the lines to an issuer."""
    asked = _SQL["links"](issuer=look.text("issuer"), since=look.now - _LINKS)
    row = dict(await look.connection.fetchrow(*asked))
    if not row["hosts"]:
        return Seen("unknown", row)
    whole = "up" if row["up"] == row["hosts"] else "part"
    return Seen(whole if row["up"] else "down", row)


async def of_policies(look: Looking) -> Seen:
    """Look at an issuer's rules that are in force."""
    asked = _SQL["policies"](issuer=look.text("issuer"), now=look.now)
    rows = [_plain(row) for row in await look.connection.fetch(*asked)]
    window = any(row["kind"] in {"maintenance", "end_of_day"} for row in rows)
    return Seen("window" if window else "no_window", {"rules": rows[:_MOST]})


async def of_learnt(look: Looking) -> Seen:
    """Look at the rules that are suspected of an issuer."""
    rows = await look.connection.fetch(*_SQL["learnt"](issuer=look.text("issuer"), most=_MOST))
    return Seen("suspected" if rows else "none", {"rules": [_plain(row) for row in rows]})


async def of_batch(look: Looking) -> Seen:
    """Look at the last batch of a terminal."""
    asked = _SQL["batch"](merchant=look.text("merchant"), terminal=look.text("terminal"))
    row = await look.connection.fetchrow(*asked)
    if row is None:
        return Seen("none", {})
    differs = "differs" if row["open"] else "resolved"
    return Seen("balanced" if row["balanced"] else differs, _plain(row))


async def of_clearing(look: Looking) -> Seen:
    """Look at clearing files and breaks."""
    row = _plain(await look.connection.fetchrow(*_SQL["clearing"]()))
    money = await look.connection.fetch(*_SQL["break_money"]())
    facts = {**row, "money": [dict(one) for one in money]}
    if row["breaks"]:
        return Seen("breaks", facts)
    oldest = str((look.now - _LATE).date())
    late = row["last_day"] is None or row["last_day"] < oldest
    return Seen("late" if late else "good", facts)


async def of_balance(look: Looking) -> Seen:
    """Look whether a merchant's balance covers its open cases; raises `NothingToLookAt`."""
    rows = await look.connection.fetch(*_SQL["balance"](merchant=look.text("merchant")))
    if not rows:
        raise NothingToLookAt
    short = any(row["available"] < row["needed"] for row in rows)
    return Seen("short" if short else "covers", {"balances": [dict(row) for row in rows]})


async def of_terminal(look: Looking) -> Seen:
    """Look at a terminal; raises `NothingToLookAt`."""
    asked = {"merchant": look.text("merchant"), "terminal": look.text("terminal")}
    row = await look.connection.fetchrow(*_SQL["terminal"](**asked, since=look.now - _STATS))
    if row is None:
        raise NothingToLookAt
    facts = _plain(row)
    if not row["active"]:
        return Seen("off", facts)
    return Seen("odd" if row["guessed"] or row["wrong_mac"] >= _WRONG_MACS else "in_use", facts)


async def of_keys(look: Looking) -> Seen:
    """Look how many terminals have keys out of step."""
    asked = _SQL["out_of_step"](since=look.now - _STATS, least=_WRONG_MACS)
    row = dict(await look.connection.fetchrow(*asked))
    few = "some" if row["terminals"] else "none"
    return Seen("many" if row["terminals"] >= _MANY else few, row)


async def of_database(look: Looking) -> Seen:
    """Look at the database and its standbys."""
    row = dict(await look.connection.fetchrow(*_SQL["database"]()))
    if row["read_only"]:
        return Seen("read_only", row)
    if row["lost"]:
        return Seen("lost", row)
    if row["wanted"] and not row["standbys"]:
        return Seen("alone", row)
    return Seen("behind" if (row["lag_s"] or 0.0) > _LAG_S else "well", row)


async def of_load(look: Looking) -> Seen:
    """Look how busy hosts and database are."""
    asked = _SQL["load"](now=look.now, since=look.now - _LOAD)
    row = dict(await look.connection.fetchrow(*asked))
    if row["cpu"] is None:
        return Seen("unknown", row)
    busy = "busy" if row["cpu"] > _BUSY else "normal"
    return Seen("over" if row["cpu"] > _FULL else busy, row)


async def of_software(look: Looking) -> Seen:
    """Look at what software terminals have."""
    rows = await look.connection.fetch(*_SQL["software"](most=_MOST))
    wrong = any(row["wrong"] for row in rows)
    return Seen("differs" if wrong else "agrees", {"versions": [dict(row) for row in rows]})


async def of_incident(look: Looking) -> Seen:
    """Look whether the incident goes on."""
    row = await look.connection.fetchrow(*_SQL["incident"](head=look.head))
    if row is None:
        return Seen("none", {})
    return Seen("quiet" if row["quiet"] else "open", dict(row))


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """Give a row of values that JSON has."""
    return {
        name: value if isinstance(value, (bool, int, float, str, type(None))) else str(value)
        for name, value in row.items()
    }
