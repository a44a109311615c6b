"""Signing in: cookies that stay where they belong, TLS, lock-out, and no way out of the site."""

import asyncio
import ssl
from datetime import timedelta
from pathlib import Path

import asyncpg
import httpx
import pytest

from annul.api.login import inside
from annul.desk.access import Access, SignInVerdict
from annul.desk.hashing import Hasher
from annul.security.vault import Vault
from tests.support.certificates import Authority
from tests.support.clock import HeldClock
from tests.support.door import Caller, enrolled, served_door

_PASSWORD = "correct horse battery staple"


@pytest.fixture
async def access(pool: asyncpg.Pool) -> Access:
    made = Access(pool, HeldClock(), Vault(bytes(32)))
    assert await made.add("somebody", _PASSWORD, "support")
    return made


def _form(password: str = _PASSWORD, there: str = "/") -> dict[str, str]:
    return {"name": "somebody", "password": password, "there": there}


async def test_over_tls_the_cookie_stays_there(access: Access, tmp_path: Path) -> None:
    ours = Authority(tmp_path)
    certificate, key = ours.issue("console")
    trust = ssl.create_default_context(cafile=str(ours.file))
    async with served_door(access, certificate, key) as port:
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
    clock = access.clock
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
    clock = access.clock
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
    clock = access.clock
    assert isinstance(clock, HeldClock)
    await access.pool.execute("UPDATE users SET failures = 49")
    assert await access.check("somebody", "wrong", "192.0.2.1") is SignInVerdict.REFUSED
    assert await access.check("somebody", _PASSWORD, "192.0.2.2") is SignInVerdict.REFUSED
    clock.forward(minutes=61)
    assert await access.check("somebody", "wrong", "192.0.2.3") is SignInVerdict.REFUSED
    assert await access.check("somebody", _PASSWORD, "192.0.2.2") is SignInVerdict.ACCEPTED


async def test_behind_a_proxy_on_this_machine_the_browsers_address_counts(access: Access) -> None:
    async with (
        served_door(access) as port,
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
    assert await access.pool.fetchval("SELECT count(*) FROM sign_in_tries") == 0


async def test_when_too_many_wait_no_try_is_counted(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Hasher, "busy", True)
    assert await access.check("somebody", _PASSWORD) is SignInVerdict.BUSY
    assert await access.pool.fetchval("SELECT count(*) FROM sign_in_tries") == 0


async def test_a_session_ends_with_its_time_its_password_and_its_user(access: Access) -> None:
    clock = access.clock
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
        served_door(access) as port,
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
        served_door(access) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        for path in ("/passwordx", "/logout/more"):
            known = {"cookie": f"annul_session={session.token}"}
            answer = await client.get(path, headers=known)
            assert (answer.status_code, answer.headers["location"]) == (303, "/password")


# The second step ------------------------------------------------------------------------------


async def test_with_a_second_factor_one_comes_in_by_two_steps(access: Access) -> None:
    device, _ = await enrolled(access, "somebody")
    async with served_door(access) as port, Caller(port) as browser:
        first = await browser.post("/login", name="somebody", password=_PASSWORD, there="/cases")
        assert first.headers["location"] == "/login/code?next=%2Fcases"
        half = browser.token
        for path in ("/", "/account", "/factor", "/password", "/language"):
            assert (await browser.get(path)).headers["location"] == "/login/code", path
        refused = await browser.get("/api/v1/cases")
        assert (refused.status_code, refused.json()["code"]) == (403, "access.code")
        page = await browser.get("/login/code?next=/cases")
        assert "six digits" in page.text
        assert page.headers["cache-control"] == "no-store"
        wrong = await browser.post("/login/code", code="000000", there="/cases")
        assert (wrong.status_code, "The code is wrong" in wrong.text) == (401, True)
        code = device.at(access.clock.now())
        done = await browser.post("/login/code", code=code, there="/cases")
        assert (done.status_code, done.headers["location"]) == (303, "/cases")
        assert browser.token != half
        assert (await browser.get("/")).text == "somebody"
        assert await access.of_session(half, fresh=True) is None


async def test_the_second_step_is_for_the_browser_of_the_first(access: Access) -> None:
    device, _ = await enrolled(access, "somebody")
    async with served_door(access) as port, Caller(port) as browser, Caller(port) as thief:
        await browser.post("/login", name="somebody", password=_PASSWORD)
        code = device.at(access.clock.now())
        stranger = await thief.post("/login/code", code=code)
        assert stranger.headers["location"].startswith("/login?next=")
        assert not thief.token
        forged = await browser.post("/login/code", code=code, csrf="guess")
        assert forged.status_code == 403
        assert (await browser.post("/login/code", code=code)).headers["location"] == "/"


async def test_the_second_step_has_five_minutes(access: Access) -> None:
    clock = access.clock
    assert isinstance(clock, HeldClock)
    device, _ = await enrolled(access, "somebody")
    async with served_door(access) as port, Caller(port) as browser:
        await browser.post("/login", name="somebody", password=_PASSWORD)
        clock.forward(minutes=5)
        late = await browser.post("/login/code", code=device.at(clock.now()))
        assert late.headers["location"].startswith("/login?next=")


async def test_with_a_recovery_code_one_is_led_to_ones_account(access: Access) -> None:
    _, codes = await enrolled(access, "somebody")
    async with served_door(access) as port, Caller(port) as browser:
        await browser.post("/login", name="somebody", password=_PASSWORD, there="/cases")
        done = await browser.post("/login/code", code=codes[0], there="/cases")
        assert done.headers["location"] == "/account?said=recovered"


async def test_a_session_knows_where_it_was_opened(access: Access) -> None:
    firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
    async with served_door(access) as port, Caller(port) as browser:
        await browser.post("/login", name="somebody", password=_PASSWORD, agent=firefox)
        (row,) = await access.sessions("somebody")
        assert (row["address"], row["browser"]) == ("127.0.0.1", "Firefox, Linux")


async def test_the_language_that_was_chosen_holds_for_the_next_step(access: Access) -> None:
    await enrolled(access, "somebody")
    async with served_door(access) as port, Caller(port) as browser:
        assert "用户名" in (await browser.get("/login?lang=zh")).text
        assert "用户名或口令不正确" in (await browser.post("/login", name="x")).text
        await browser.post("/login", name="somebody", password=_PASSWORD)
        assert "恢复码" in (await browser.get("/login/code")).text


# Forms ----------------------------------------------------------------------------------------


async def test_a_form_of_another_site_is_not_taken(access: Access) -> None:
    async with (
        served_door(access) as port,
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


async def test_each_field_of_the_form_says_what_it_takes(access: Access) -> None:
    async with (
        served_door(access) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        for language, name, password in (("en", "Name", "Password"), ("zh", "用户名", "口令")):
            page = (await client.get("/login", params={"lang": language})).text
            assert f'<label>{name}<input name="name"' in page
            assert f'<label>{password}<input name="password"' in page
