"""What people do about themselves, on a real PostgreSQL: passwords and sessions."""

import asyncpg
import pytest

from annul.desk import account
from annul.desk.access import SignInVerdict, hash_of
from annul.desk.account import NotProved
from annul.desk.desk import Desk
from annul.desk.passwords import PasswordRefused, Why
from annul.desk.roles import ROLES, Step, Visitor

from .people import PASSWORD, audited, clock_of, person

HERE = "192.0.2.7"


async def test_who_changes_the_password_says_the_present_one(
    desk: Desk, pool: asyncpg.Pool
) -> None:
    visitor = await person(desk, "support")
    session = await desk.access.open("support")
    with pytest.raises(NotProved):
        await account.change_password(desk.access, visitor, "wrong", "a new one of theirs", HERE)
    assert await desk.access.of_session(session.token) is not None
    await account.change_password(desk.access, visitor, PASSWORD, "a new one of theirs", HERE)
    assert await desk.access.of_session(session.token) is None
    assert await desk.access.check("support", "a new one of theirs") is SignInVerdict.ACCEPTED
    assert [(row["who"], row["action"], row["object"]) for row in await audited(pool)] == [
        ("support", "sign-in-refused", "user support"),
        ("support", "change-password", "user support"),
    ]


async def test_wrong_present_passwords_lock_as_at_the_sign_in(desk: Desk) -> None:
    visitor = await person(desk, "support")
    for _ in range(5):
        with pytest.raises(NotProved):
            await account.change_password(desk.access, visitor, "wrong", "a new one", HERE)
    with pytest.raises(NotProved):
        await account.change_password(desk.access, visitor, PASSWORD, "a new one of theirs", HERE)


async def test_a_one_time_password_is_not_asked_for_again(desk: Desk) -> None:
    await desk.access.add("li.na", "handed over once", "support", one_time=True)
    visitor = await desk.access.of_session((await desk.access.open("li.na")).token)
    assert visitor is not None
    assert visitor.step is Step.PASSWORD
    await account.change_password(desk.access, visitor, "", "one of her own", HERE)
    assert await desk.access.check("li.na", "one of her own") is SignInVerdict.ACCEPTED


async def test_the_last_five_passwords_can_not_come_again(desk: Desk) -> None:
    await desk.access.add("li.na", "password number 0", "support")
    for number in range(1, 5):
        await desk.access.change("li.na", f"password number {number}")
    for number in range(5):
        with pytest.raises(PasswordRefused) as refused:
            await desk.access.change("li.na", f"password number {number}")
        assert refused.value.why is Why.USED
    await desk.access.change("li.na", "password number 5")
    await desk.access.change("li.na", "password number 0")
    assert await desk.access.check("li.na", "password number 0") is SignInVerdict.ACCEPTED


@pytest.mark.parametrize(
    ("password", "why"), [("11 letters.", Why.SHORT), ("Administrator", Why.NAME)]
)
async def test_a_password_is_long_enough_and_not_the_name(
    desk: Desk, password: str, why: Why
) -> None:
    await person(desk, "administrator")
    with pytest.raises(PasswordRefused) as refused:
        await desk.access.change("administrator", password)
    assert refused.value.why is why
    assert await desk.access.check("administrator", PASSWORD) is SignInVerdict.ACCEPTED


async def test_one_sees_ones_own_sessions_and_ends_one(desk: Desk, pool: asyncpg.Pool) -> None:
    visitor = await person(desk, "auditor")
    await person(desk, "support")
    other = await desk.access.open("support", HERE, "Chrome, Windows")
    began = desk.clock.now()
    old = await desk.access.open("auditor", HERE, "Firefox, Linux")
    clock_of(desk).forward(minutes=10)
    young = await desk.access.open("auditor", "2001:db8::1", "Safari, iPhone")
    clock_of(desk).forward(minutes=10)
    await desk.access.of_session(old.token)
    await desk.access.open("auditor", awaits_code=True)
    seen = await account.sessions(desk.access, visitor)
    assert [(one["address"], one["browser"]) for one in seen] == [
        (HERE, "Firefox, Linux"),
        ("2001:db8::1", "Safari, iPhone"),
    ]
    assert (seen[0]["created_at"], seen[0]["seen_at"]) == (began, desk.clock.now())
    await account.end_session(desk.access, visitor, hash_of(other.token).hex())
    assert await pool.fetchval("SELECT count(*) FROM sessions WHERE name = 'support'") == 1
    await account.end_session(desk.access, visitor, seen[1]["id"])
    assert await desk.access.of_session(young.token) is None
    assert await desk.access.of_session(old.token) is not None
    assert [row["action"] for row in await audited(pool)] == ["end-session"]


async def test_a_session_that_is_over_is_not_shown(desk: Desk) -> None:
    visitor = await person(desk, "operator")  # moves money: out after 15 minutes without an act
    await desk.access.open("operator")
    clock_of(desk).forward(minutes=16)
    assert await account.sessions(desk.access, visitor) == []


async def test_sign_out_everywhere_ends_all_of_ones_own(desk: Desk, pool: asyncpg.Pool) -> None:
    visitor = await person(desk, "support")
    await person(desk, "operator")
    mine = [await desk.access.open("support") for _ in range(3)]
    other = await desk.access.open("operator")
    await account.sign_out_everywhere(desk.access, visitor)
    for session in mine:
        assert await desk.access.of_session(session.token) is None
    assert await desk.access.of_session(other.token) is not None
    (row,) = await audited(pool)
    assert (row["action"], row["detail"]) == ("end-sessions", {"sessions": 3})


async def test_a_change_and_its_audit_row_are_one(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(account, "audit", broken)
    visitor = await person(desk, "support")
    session = await desk.access.open("support")
    (row,) = await desk.access.sessions("support")
    with pytest.raises(RuntimeError):
        await account.change_password(desk.access, visitor, PASSWORD, "a new one of theirs", HERE)
    with pytest.raises(RuntimeError):
        await account.end_session(desk.access, visitor, row["id"])
    with pytest.raises(RuntimeError):
        await account.sign_out_everywhere(desk.access, visitor)
    assert await desk.access.check("support", PASSWORD) is SignInVerdict.ACCEPTED
    assert await desk.access.of_session(session.token) is not None


async def test_a_visitor_whose_step_is_not_done_may_nothing() -> None:
    for step in (Step.CODE, Step.PASSWORD, Step.FACTOR):
        visitor = Visitor("x", "administrator", ROLES["administrator"], step=step)
        assert not [scope for scope in visitor.scopes if visitor.may(scope)]
