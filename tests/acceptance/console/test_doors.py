"""A walk of all doors, by everybody: each opens to whom its table says, and to nobody else."""

import asyncio
import itertools
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from typer.testing import CliRunner

from annul.cli import application
from annul.desk.roles import ROLES, Scope
from annul.store.database import connect
from annul.store.embedded import EmbeddedPostgres
from tests.support.rows import put
from tests.support.shops import NOW

from .doors import ACTS, CALLS, FILES, HIDDEN, OWN, PAGES, SHOPS
from .walk import (
    CARD_TYPE,
    COURSE,
    DIALECT,
    LENGTH,
    PASSWORD,
    PLAYBOOK,
    Headers,
    Place,
    database_of,
    filled,
    served,
    things,
)

_traces = itertools.count(700, 10)
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(
    postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Place]:
    """Serve one for all: of what a walk has done the next ones see that it was done."""
    async with database_of(postgres) as database:
        pool = await connect(database)
        async with served(pool, database, tmp_path_factory.mktemp("doors")) as opened:
            yield opened
        await pool.close()


# Everybody ----------------------------------------------------------------------------------------

_READ: Final = "settle.clearing_unreadable"
_LET_IN: Final = {200, 201, 202, 204, 409, 503}  # as things stand; a console sends to no issuer


async def _calls(place: Place, headers: Headers, shop: int = 0) -> dict[str, tuple[int, str]]:
    return {
        call: await place.called(call, body, headers, shop) for call, (_, body) in CALLS.items()
    }


async def _pages(place: Place, headers: Headers, shop: int = 0) -> dict[str, httpx.Response]:
    return {
        path: await place.http.get(filled(path, place.objects[shop]), headers=headers)
        for path in (*PAGES, *FILES)
    }


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_opens_what_its_tables_say(place: Place, role: str) -> None:
    headers = await place.person(role)
    for path, answer in (await _pages(place, headers)).items():
        allowed = role in (PAGES | FILES)[path]
        home = path == "/" and not allowed  # leads to the first page of the role
        assert answer.status_code == (200 if allowed else 303 if home else 403), path
    wrong: dict[str, tuple[int, str]] = {}
    for call, (status, said) in (await _calls(place, headers)).items():
        allowed = role in CALLS[call][0]
        nothing = call in HIDDEN and role in SHOPS
        # By a call before, or as such.
        gone = {404} if nothing or not call.startswith("GET") else set[int]()
        looked_at = {422} if _READ in said else set[int]()  # and found to be no clearing file
        if status not in (_LET_IN | gone | looked_at if allowed else {403}):
            wrong[call] = (status, said[:200])
    assert wrong == {}


@dataclass(frozen=True, slots=True)
class Stranger:
    """Somebody to whom nothing opens: how a page and a call refuse them."""

    page: int
    call: int


_STRANGERS: Final = {
    "signed out": Stranger(303, 401),
    "deactivated": Stranger(303, 401),
    "with a wrong key": Stranger(303, 401),
    "with an ended key": Stranger(303, 401),
    "with a one-time password": Stranger(303, 403),
    "with a key without scopes": Stranger(403, 403),
}


async def _stranger(place: Place, who: str) -> Headers:
    if who == "deactivated":
        headers = await place.person("administrator", name="leaver")
        assert (await place.http.get("/admin", headers=headers)).status_code == 200
        await place.access.set_active("leaver", active=False)
        return headers
    if who == "with a wrong key":
        return {"authorization": "Bearer annul_wrong"}
    if who == "with an ended key":
        headers = await place.key(*Scope)
        await place.pool.execute("UPDATE api_keys SET ended_at = now()")
        return headers
    if who == "with a one-time password":
        headers = await place.person("administrator", name="newcomer")
        await place.pool.execute("UPDATE users SET one_time = true WHERE name = 'newcomer'")
        return headers
    return await place.key() if who == "with a key without scopes" else {}


@pytest.mark.parametrize("who", _STRANGERS)
async def test_to_a_stranger_nothing_opens_and_nothing_changes(place: Place, who: str) -> None:
    headers = await _stranger(place, who)
    before = await place.rows()
    expected = _STRANGERS[who]
    if who != "deactivated":  # what a process has just looked up it may show for five seconds
        pages_seen = {p: a.status_code for p, a in (await _pages(place, headers)).items()}
        assert pages_seen == dict.fromkeys((*PAGES, *FILES), expected.page)
    seen = {
        call: status
        for call, (status, _) in (await _calls(place, headers)).items()
        if who != "deactivated" or not call.startswith("GET")
    }
    assert seen == dict.fromkeys(seen, expected.call)
    assert await place.rows() == before


async def test_who_has_another_role_by_now_acts_by_that_one_at_once(place: Place) -> None:
    headers = await place.person("administrator", name="moved")
    assert (await place.http.get("/admin", headers=headers)).status_code == 200
    await place.pool.execute(
        "UPDATE users SET role = 'cashier', merchant_id = $1 WHERE name = 'moved'",
        place.shops[0].merchant,
    )
    before = await place.rows()
    for call, (roles, body) in CALLS.items():
        if not call.startswith("GET") and "cashier" not in roles:
            status, _ = await place.called(call, body, headers)
            assert status == 403, call
    assert await place.rows() == before


@pytest.mark.parametrize("door", OWN)
async def test_what_is_one_s_own_is_for_people_and_no_fault_for_programs(
    place: Place, door: str
) -> None:
    method, path = door.split(" ")
    assert (await place.http.request(method, path)).status_code in {303, 403}
    for headers in (await place.person("auditor"), await place.key(*Scope)):
        before = await place.rows()
        given = {"password": PASSWORD} if method == "POST" else None
        answer = await place.http.request(method, path, headers=headers, data=given)
        assert answer.status_code in {200, 303, 403}, answer.text
        assert await place.rows() == before


# Another merchant's -------------------------------------------------------------------------------


def _marks(place: Place, shop: int) -> set[str]:
    """Give what tells a shop's rows from all others."""
    of = place.shops[shop]
    every = {of.terminal, *(str(sale.id) for sale in of.sales), *(sale.rrn for sale in of.sales)}
    return (
        every
        | {str(of.void.id), str(of.case.id)}
        | set(place.objects[shop].values())
        - {of.void.issuer_id, DIALECT, CARD_TYPE, COURSE, LENGTH}
    )


async def _foreign(place: Place, who: str) -> Headers:
    if who == "key":
        scopes = set(Scope) - {Scope.ADMIN, Scope.AUDIT, Scope.ISSUERS_WRITE}
        return await place.key(*scopes, merchant=place.shops[1].merchant)
    return await place.person(who, 1)


@pytest.mark.parametrize("who", ["key", "merchant", "cashier"])
async def test_of_another_merchant_nothing_is_seen_or_changed(place: Place, who: str) -> None:
    headers = await _foreign(place, who)
    marks, theirs = _marks(place, 0), await place.rows(place.shops[0].merchant)
    found: dict[str, Any] = {}
    for call, (status, said) in (await _calls(place, headers, 0)).items():
        asked = set(re.findall(r"[\w-]+", place.named(f"{call} {CALLS[call][1]}", 0)))
        told = {mark for mark in marks - asked if mark in said}
        about = "{" in call
        if told or (status >= 500 and status != 503) or (about and status < 400):
            found[call] = (status, told)
    for path, answer in (await _pages(place, headers, 0)).items():
        asked = set(re.findall(r"[\w-]+", filled(path, place.objects[0])))
        told = {mark for mark in marks - asked if mark in answer.text}
        if told or answer.status_code >= 500:
            found[path] = (answer.status_code, told)
    for open_to_all in (
        *("GET /issuers/{issuer}", "GET /issuers/{issuer}/rules"),
        *("GET /payouts/days/{day}", "GET /reports/{report}", "GET /reports/{report}/file"),
    ):
        assert found.pop(open_to_all, (200, set()))[1] == set(), "issuers and days are everybody's"
    assert found == {}
    assert await place.rows(place.shops[0].merchant) == theirs


# Commands -----------------------------------------------------------------------------------------

_REFUSED: Final = {
    "cli.not_allowed",
    "desk.not_allowed",
    "resolve.action_refused",
    "resolve.conclusion_role",
    "resolve.nothing_explained",
}


@asynccontextmanager
async def _as(role: str, place: Place) -> AsyncIterator[Any]:
    """Give what runs a command as somebody of a role; it says the code of what refused it."""
    await place.person(role)
    number = list(ROLES).index(role)
    about = await things(place, place.shops[0], next(_traces))
    await put(
        place.pool,
        "lessons",
        {
            "id": uuid4(),
            "case_id": place.shops[0].case.id,
            "cause": "timeout",
            "signal": "silent",
            "shift": 0.1,
            "taught_by": "somebody",
            "taught_at": NOW,
        },
    )
    letter = place.folder / "letter"
    letter.write_bytes(b"letter")
    document = place.folder / "document"
    document.write_text('name = "bank_x"\nextends = "cups"\n')
    chips = place.folder / "chips.toml"
    chips.write_text('[[aids]]\naid = "F000000001010101"\ntlv = "DF010100"\n')
    plan = place.folder / "plan.toml"
    plan.write_text(PLAYBOOK.format(name="plan"))
    rules = place.folder / "rules.toml"
    rules.write_text("carry_days = 2\n")
    more = {
        "rules": str(rules),
        "plan": str(plan),
        "chips": str(chips),
        "file": str(letter),
        "document": str(document),
        "saved": str(place.folder / "saved"),
        "out": str(place.folder / f"enrolled-{role}"),
        "role": role,
        "n:04d": f"{number:04d}",
    }
    environment = {"ANNUL_PASSWORD": PASSWORD, "ANNUL_NEW_PASSWORD": PASSWORD}

    async def run(words: tuple[str, ...], password: str = PASSWORD) -> str:
        objects = about | more
        filled = [re.sub(r"\{([\w:]+)\}", lambda p: objects[p[1]], word) for word in words]
        filled += ["--database", place.database, "--data", str(place.folder)]
        filled += ["--user", f"{role}-0"]
        if "--save-evidence" not in words:
            filled += ["--reason", "seen"]
        given = environment | {"ANNUL_PASSWORD": password}
        result = await asyncio.to_thread(CliRunner().invoke, application, filled, env=given)
        error = result.exception
        assert error is None or hasattr(error, "code"), result.output
        return str(getattr(error, "code", "")) if error else ""

    yield run


@pytest.mark.parametrize("role", ROLES)
async def test_a_command_acts_for_whom_its_table_says(place: Place, role: str) -> None:
    wrong: dict[str, str] = {}
    async with _as(role, place) as run:
        for name, (words, roles) in ACTS.items():
            before = {} if role in roles else await place.rows()
            said = await run(words)
            if (said in _REFUSED) == (role in roles):
                wrong[name] = said
            elif role not in roles:
                assert await place.rows() == before, name
    assert wrong == {}


async def test_with_a_wrong_password_no_command_acts(place: Place) -> None:
    async with _as("administrator", place) as run:
        before = await place.rows()
        for words, _ in ACTS.values():
            assert await run(words, "a wrong one") == "cli.not_allowed"
        assert await place.rows() == before
