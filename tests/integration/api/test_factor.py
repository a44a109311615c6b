"""Setting up a second factor by its forms, over a real socket: what a browser is shown."""

import html
import re

import asyncpg
import pytest
from pyotp.totp import TOTP

from annul.desk.access import Access, SignInVerdict
from annul.security.vault import Vault
from tests.support.clock import HeldClock
from tests.support.door import Caller, enrolled, served_door

_PASSWORD = "correct horse battery staple"


@pytest.fixture
async def access(pool: asyncpg.Pool) -> Access:
    made = Access(pool, HeldClock(), Vault(bytes(32)), ["operator"])
    for name in ("support", "operator"):
        assert await made.add(name, _PASSWORD, name)
    return made


def _shown(page: str) -> dict[str, str]:
    """Read what a device takes from the page, and what its form brings back."""
    secret = re.search(r'class="secret">([A-Z2-7 ]+)<', page)
    sealed = re.search(r'name="sealed" value="([^"]+)"', page)
    assert secret
    assert sealed
    return {"secret": secret[1].replace(" ", ""), "sealed": html.unescape(sealed[1])}


def _code(access: Access, secret: str) -> str:
    return TOTP(secret).at(access.clock.now())


async def test_who_must_have_one_sets_it_up_before_anything_else(access: Access) -> None:
    async with served_door(access) as port, Caller(port) as browser:
        await browser.post("/login", name="operator", password=_PASSWORD)
        for path in ("/", "/account", "/password", "/factor/remove"):
            assert (await browser.get(path)).headers["location"] == "/factor", path
        refused = await browser.get("/api/v1/cases")
        assert (refused.status_code, refused.json()["code"]) == (403, "access.factor")
        page = await browser.get("/factor")
        assert "Your role must use a second factor" in page.text
        assert "<svg" in page.text
        assert page.headers["cache-control"] == "no-store"
        shown = _shown(page.text)
        done = await browser.post(
            "/factor",
            sealed=shown["sealed"],
            password=_PASSWORD,
            code=_code(access, shown["secret"]),
        )
        codes = re.findall(r"<code>([A-Z2-7]{4}(?:-[A-Z2-7]{4}){3})</code>", done.text)
        assert len(codes) == 10
        assert shown["secret"] not in done.text.replace(" ", "")
        access.forget()
        assert (await browser.get("/")).text == "operator"
        assert not [one for one in codes if one in (await browser.get("/factor")).text]
    assert await access.check("operator", _PASSWORD) is SignInVerdict.NEEDS_CODE


async def test_a_slip_shows_the_same_picture_again_and_another_session_a_new_one(
    access: Access,
) -> None:
    async with served_door(access) as port, Caller(port) as browser, Caller(port) as other:
        for one in (browser, other):
            await one.post("/login", name="support", password=_PASSWORD)
        shown = _shown((await browser.get("/factor")).text)
        code = _code(access, shown["secret"])
        for slip, status, said in (
            ({"password": _PASSWORD, "code": "000000"}, 422, "The code is wrong"),
            ({"password": "wrong", "code": code}, 401, "The password or the code is wrong"),
        ):
            again = await browser.post("/factor", sealed=shown["sealed"], **slip)
            assert (again.status_code, said in again.text) == (status, True), said
            assert _shown(again.text) == shown
        stolen = await other.post("/factor", sealed=shown["sealed"], password=_PASSWORD, code=code)
        assert stolen.status_code == 409
        assert _shown(stolen.text) != shown
        forged = await browser.post("/factor", **shown, password=_PASSWORD, code=code, csrf="x")
        assert forged.status_code == 403
    assert await access.check("support", _PASSWORD) is SignInVerdict.ACCEPTED


async def test_another_device_takes_the_code_of_the_present_one(access: Access) -> None:
    clock = access.clock
    assert isinstance(clock, HeldClock)
    device, _ = await enrolled(access, "support")
    async with served_door(access) as port, Caller(port) as browser:
        await browser.post("/login", name="support", password=_PASSWORD)
        await browser.post("/login/code", code=device.at(clock.now()))
        clock.forward(seconds=30)
        shown = _shown((await browser.get("/factor")).text)
        given = {"sealed": shown["sealed"], "password": _PASSWORD}
        for present in ("", "000000", _code(access, shown["secret"])):
            refused = await browser.post(
                "/factor", **given, present=present, code=_code(access, shown["secret"])
            )
            assert refused.status_code == 401, present
        present = device.at(clock.now())
        slip = await browser.post("/factor", **given, present=present, code="000000")
        assert slip.status_code == 422
        done = await browser.post(
            "/factor", **given, present=present, code=_code(access, shown["secret"])
        )
        assert (done.status_code, "recovery codes" in done.text) == (200, True)


async def test_it_is_removed_by_password_and_code_where_the_role_takes_none(
    access: Access,
) -> None:
    for name, status in (("support", 303), ("operator", 409)):
        device, codes = await enrolled(access, name)
        async with served_door(access) as port, Caller(port) as browser:
            await browser.post("/login", name=name, password=_PASSWORD)
            await browser.post("/login/code", code=device.at(access.clock.now()))
            wrong = await browser.post("/factor/remove", password=_PASSWORD, present="000000")
            assert wrong.status_code == 401
            done = await browser.post("/factor/remove", password=_PASSWORD, present=codes[0])
            assert done.status_code == status
    assert await access.check("support", _PASSWORD) is SignInVerdict.ACCEPTED
    assert await access.check("operator", _PASSWORD) is SignInVerdict.NEEDS_CODE


async def test_without_a_master_key_the_page_says_so(pool: asyncpg.Pool, access: Access) -> None:
    blind = Access(pool, access.clock)
    async with served_door(blind) as port, Caller(port) as browser:
        await browser.post("/login", name="support", password=_PASSWORD)
        page = await browser.get("/factor")
        assert (page.status_code, "no master key" in page.text) == (503, True)
