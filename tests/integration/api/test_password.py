"""The forms on which a password is chosen, over a real socket."""

import asyncpg
import pytest

from annul.desk import reset_links
from annul.desk.access import Access, SignInVerdict
from annul.desk.roles import ROLES, Visitor
from annul.security.vault import Vault
from tests.support.clock import HeldClock
from tests.support.desks import make_desk
from tests.support.door import Caller, served_door

_PASSWORD = "correct horse battery staple"
_NEW = "quite another password"


@pytest.fixture
async def access(pool: asyncpg.Pool) -> Access:
    made = Access(pool, HeldClock(), Vault(bytes(32)))
    assert await made.add("somebody", _PASSWORD, "support")
    return made


async def _link(access: Access) -> str:
    await access.add("boss", _PASSWORD, "administrator")
    boss = Visitor("boss", "administrator", ROLES["administrator"])
    desk = make_desk(access.pool, access=access, clock=access.clock)
    return await reset_links.make(desk, boss, "somebody", "has forgotten it")


async def test_who_wants_another_password_stays_in_with_it_alone(access: Access) -> None:
    async with served_door(access) as port, Caller(port) as here, Caller(port) as there:
        for browser in (here, there):
            await browser.post("/login", name="somebody", password=_PASSWORD)
        assert "Current password" in (await here.get("/password")).text
        for present, new, status, said in (
            ("wrong", _NEW, 401, "The password or the code is wrong"),
            (_PASSWORD, "short", 422, "at least 12"),
            (_PASSWORD, _PASSWORD, 422, "cannot be used again"),
        ):
            refused = await here.post("/password", present=present, password=new)
            assert (refused.status_code, said in refused.text) == (status, True), said
        forged = await here.post("/password", present=_PASSWORD, password=_NEW, csrf="guess")
        assert forged.status_code == 403
        done = await here.post("/password", present=_PASSWORD, password=_NEW)
        assert done.headers["location"] == "/account?said=password"
        assert (await here.get("/")).text == "somebody"
        access.forget()
        assert (await there.get("/")).headers["location"].startswith("/login")


async def test_a_one_time_password_leads_to_the_choice_and_to_nothing_else(access: Access) -> None:
    await access.add("newcomer", "handed over once", "support", one_time=True)
    async with served_door(access) as port, Caller(port) as browser:
        await browser.post("/login", name="newcomer", password="handed over once")
        assert (await browser.get("/factor")).headers["location"] == "/password"
        assert "Current password" not in (await browser.get("/password")).text
        done = await browser.post("/password", password=_NEW)
        assert done.headers["location"] == "/"
        assert (await browser.get("/")).text == "newcomer"


async def test_a_link_leads_to_a_new_password_once(access: Access) -> None:
    token = await _link(access)
    async with served_door(access) as port, Caller(port) as browser:
        page = await browser.get(f"/reset?link={token}")
        assert (page.status_code, "somebody" in page.text) == (200, True)
        assert page.headers["cache-control"] == "no-store"
        assert f"link={token}&amp;lang=zh" in page.text
        refused = await browser.post("/reset", link=token, password=_PASSWORD)
        assert (refused.status_code, "cannot be used again" in refused.text) == (422, True)
        done = await browser.post("/reset", link=token, password=_NEW)
        assert done.headers["location"] == "/login?said=kept"
        assert "Password set" in (await browser.get("/login?said=kept")).text
        assert (await browser.get(f"/reset?link={token}")).status_code == 404
        assert (await browser.post("/reset", link=token, password=f"{_NEW}!")).status_code == 404
    assert await access.check("somebody", _NEW) is SignInVerdict.ACCEPTED


async def test_a_form_of_another_site_uses_no_link(access: Access) -> None:
    token = await _link(access)
    async with served_door(access) as port, Caller(port) as browser:
        foreign = await browser.http.post(
            "/reset",
            data={"link": token, "password": _NEW},
            headers={"origin": "https://elsewhere"},
        )
        assert foreign.status_code == 403
    assert await access.check("somebody", _PASSWORD) is SignInVerdict.ACCEPTED
