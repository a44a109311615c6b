"""Signing in: cookies that stay where they belong, TLS, lock-out, and no way out of the site."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from annul.api import login
from annul.api.gate import Gate
from annul.api.login import inside
from annul.desk.access import Access, SignInVerdict
from annul.desk.hashing import Hasher
from annul.serving import serve_http
from tests.support.certificates import Authority
from tests.support.clock import HeldClock

_PASSWORD = "correct horse battery staple"


@asynccontextmanager
async def _served(
    access: Access, certificate: Path | None = None, key: Path | None = None
) -> AsyncIterator[int]:
    application = FastAPI()
    application.include_router(login.build(access, secure=certificate is not None))
    application.add_middleware(Gate, access=access)
    async with serve_http(application, "127.0.0.1", 0, certificate=certificate, key=key) as port:
        yield port


@pytest.fixture
async def access(pool: asyncpg.Pool) -> Access:
    made = Access(pool, HeldClock())
    assert await made.add("somebody", _PASSWORD, "support")
    return made


def _form(password: str = _PASSWORD, there: str = "/") -> dict[str, str]:
    return {"name": "somebody", "password": password, "there": there}


async def test_over_tls_the_cookie_stays_there(access: Access, tmp_path: Path) -> None:
    ours = Authority(tmp_path)
    certificate, key = ours.issue("console")
    trust = ssl.create_default_context(cafile=str(ours.file))
    async with _served(access, certificate, key) as port:
        async with httpx.AsyncClient(base_url=f"https://localhost:{port}", verify=trust) as client:
            answer = await client.post("/login", data=_form())
            cookie = answer.headers["set-cookie"]
            assert answer.status_code == 303
            assert {"HttpOnly", "Secure", "SameSite=strict"} <= {
                p.strip() for p in cookie.split(";")
            }
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as plain:
            with pytest.raises(httpx.HTTPError):
                await plain.get("/login")


async def test_a_name_is_locked_after_wrong_passwords_for_longer_each_time(access: Access) -> None:
    clock = access._clock
    assert isinstance(clock, HeldClock)
    for _ in range(5):
        assert await access.check("somebody", "wrong") is SignInVerdict.REFUSED
    assert await access.check("somebody", _PASSWORD) is SignInVerdict.REFUSED
    clock.at += timedelta(seconds=31)
    assert await access.check("somebody", "wrong") is SignInVerdict.REFUSED
    clock.at += timedelta(seconds=31)
    assert await access.check("somebody", _PASSWORD) is SignInVerdict.REFUSED  # twice as long
    clock.at += timedelta(seconds=31)
    assert await access.check("somebody", _PASSWORD) is SignInVerdict.ACCEPTED
    assert await access.check("somebody", "wrong") is SignInVerdict.REFUSED
    assert await access.check("somebody", _PASSWORD) is SignInVerdict.ACCEPTED  # counted anew


@pytest.fixture
def looked_at(access: Access, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Name the passwords that were compared with the one of somebody who is there."""
    passwords: list[str] = []
    real = Hasher.matches

    async def matches(self: Hasher, hashed: str, password: str) -> bool:
        if hashed != access._nobody:
            passwords.append(password)
        return await real(self, hashed, password)

    monkeypatch.setattr(Hasher, "matches", matches)
    monkeypatch.setattr(Hasher, "busy", False)
    return passwords


async def test_of_300_guesses_at_once_no_more_are_looked_at_than_may_be(
    access: Access, looked_at: list[str]
) -> None:
    guesses = [f"guess {number}" for number in range(299)] + [_PASSWORD]
    verdicts = await asyncio.gather(
        *(access.check("somebody", guess, "192.0.2.1") for guess in guesses)
    )
    assert set(verdicts) == {SignInVerdict.REFUSED}
    assert len(looked_at) == 5
    assert await access.check("somebody", _PASSWORD, "192.0.2.2") is SignInVerdict.ACCEPTED


async def test_guesses_from_everywhere_lock_a_name_for_strangers_only(
    access: Access, looked_at: list[str]
) -> None:
    clock = access._clock
    assert isinstance(clock, HeldClock)
    assert await access.check("somebody", _PASSWORD, "198.51.100.7") is SignInVerdict.ACCEPTED
    looked_at.clear()
    places = [f"192.0.2.{number}" for number in range(100)]
    verdicts = await asyncio.gather(
        *(access.check("somebody", f"from {place}", place) for place in places)
    )
    assert set(verdicts) == {SignInVerdict.REFUSED}
    assert len(looked_at) == 50
    assert await access.check("somebody", _PASSWORD, "203.0.113.9") is SignInVerdict.REFUSED
    assert await access.check("somebody", _PASSWORD, "198.51.100.7") is SignInVerdict.ACCEPTED
    assert await access.check("somebody", _PASSWORD, "203.0.113.9") is SignInVerdict.ACCEPTED


async def test_a_name_that_was_locked_for_strangers_is_free_after_an_hour(access: Access) -> None:
    clock = access._clock
    assert isinstance(clock, HeldClock)
    await access._pool.execute("UPDATE users SET failures = 49")
    assert await access.check("somebody", "wrong", "192.0.2.1") is SignInVerdict.REFUSED
    assert await access.check("somebody", _PASSWORD, "192.0.2.2") is SignInVerdict.REFUSED
    clock.forward(minutes=61)
    assert await access.check("somebody", "wrong", "192.0.2.3") is SignInVerdict.REFUSED
    assert await access.check("somebody", _PASSWORD, "192.0.2.2") is SignInVerdict.ACCEPTED


async def test_behind_a_proxy_on_this_machine_the_browsers_address_counts(access: Access) -> None:
    async with (
        _served(access) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        for _ in range(6):
            guess = await client.post(
                "/login", data=_form("wrong"), headers={"x-forwarded-for": "192.0.2.1"}
            )
            assert guess.status_code == 401
        honest = {"x-forwarded-for": "192.0.2.2"}
        assert (await client.post("/login", data=_form(), headers=honest)).status_code == 303


async def test_one_address_guesses_the_names_of_many_for_a_while_only(
    access: Access, looked_at: list[str]
) -> None:
    for number in range(40):
        await access.add(f"user{number}", _PASSWORD, "support")
    for number in range(40):
        await access.check(f"user{number}", "Spring2026!", "2001:db8::1")
    assert len(looked_at) == 30
    assert await access.check("user1", _PASSWORD, "2001:db8::2") is SignInVerdict.REFUSED, (
        "the same"
    )
    assert await access.check("user1", _PASSWORD, "2001:db8:1::2") is SignInVerdict.ACCEPTED


async def test_who_is_not_there_takes_as_much_work_and_leaves_nothing(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[str] = []
    real = Hasher.matches

    async def matches(self: Hasher, hashed: str, password: str) -> bool:
        compared.append(hashed)
        return await real(self, hashed, password)

    monkeypatch.setattr(Hasher, "matches", matches)
    assert await access.check("nobody", "wrong") is SignInVerdict.REFUSED
    assert compared == [access._nobody]
    assert await access._pool.fetchval("SELECT count(*) FROM sign_in_tries") == 0


async def test_when_too_many_wait_no_try_is_counted(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Hasher, "busy", True)
    assert await access.check("somebody", _PASSWORD) is SignInVerdict.BUSY
    assert await access._pool.fetchval("SELECT count(*) FROM sign_in_tries") == 0


async def test_a_session_ends_with_its_time_its_password_and_its_user(access: Access) -> None:
    clock = access._clock
    assert isinstance(clock, HeldClock)
    first, second = await access.open("somebody"), await access.open("somebody")
    visitor = await access.of_session(first.token)
    assert visitor is not None
    assert (visitor.name, visitor.csrf) == ("somebody", first.csrf)
    await access.close(first.token)
    assert await access.of_session(first.token) is None
    await access.change("somebody", "another password of mine")
    assert await access.of_session(second.token) is None
    third = await access.open("somebody")
    await access.set_active("somebody", active=False)
    assert await access.of_session(third.token) is None
    await access.set_active("somebody", active=True)
    fourth = await access.open("somebody")
    clock.at = fourth.ends_at
    assert await access.of_session(fourth.token) is None


@pytest.mark.parametrize(
    "path",
    ["/loginx", "/login/more", "/healthy", "/api/v1/healthx", "/favicon.ico.txt", "/assetsx/a"],
)
async def test_what_only_begins_like_an_open_address_is_not_open(access: Access, path: str) -> None:
    session = await access.open("somebody")
    async with (
        _served(access) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        assert (await client.get(path)).status_code in {303, 401}
        known = {"cookie": f"annul_session={session.token}"}
        assert (await client.get(path, headers=known)).status_code == 404


async def test_a_one_time_password_opens_no_address_that_begins_like_its_own(
    access: Access,
) -> None:
    assert await access.add("newcomer", _PASSWORD, "support", one_time=True)
    session = await access.open("newcomer")
    async with (
        _served(access) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        for path in ("/passwordx", "/logout/more"):
            known = {"cookie": f"annul_session={session.token}"}
            answer = await client.get(path, headers=known)
            assert (answer.status_code, answer.headers["location"]) == (303, "/password")


async def test_a_form_of_another_site_is_not_taken(access: Access) -> None:
    async with (
        _served(access) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        foreign = await client.post("/login", data=_form(), headers={"origin": "https://elsewhere"})
        assert foreign.status_code == 403
        assert "annul_session" not in foreign.headers.get("set-cookie", "")
        session = await access.open("somebody")
        cookie = {"cookie": f"annul_session={session.token}"}
        forged = await client.post("/logout", data={"csrf": "guess"}, headers=cookie)
        assert forged.status_code == 303
        assert await access.of_session(session.token) is not None


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("/cases?state=open", "/cases?state=open"),
        ("//elsewhere/cases", "/"),
        ("/\\elsewhere", "/"),
        ("https://elsewhere/", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_after_signing_in_one_stays_on_the_site(asked: str, given: str) -> None:
    assert inside(asked) == given


async def test_a_key_is_known_by_its_hash_alone(access: Access, pool: asyncpg.Pool) -> None:
    from annul.desk.roles import Scope

    identity, key = await access.new_key("reports", [Scope.CASES_READ], "", "somebody")
    visitor = await access.of_key(key)
    assert visitor is not None
    assert visitor.scopes == {Scope.CASES_READ}
    stored = await pool.fetchrow("SELECT * FROM api_keys WHERE id = $1", identity)
    assert stored is not None
    assert key not in str(dict(stored))
    assert await access.end_key(identity)
    assert await access.of_key(key) is None
    assert not await access.end_key(identity)
