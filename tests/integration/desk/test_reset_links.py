"""Links for a new password on a real PostgreSQL: good once, for half an hour, for one user."""

import asyncio

import asyncpg
import pytest
from pyotp.totp import TOTP

from annul.desk import reset_links, second_factor
from annul.desk.access import SignInVerdict
from annul.desk.desk import Desk, NothingThere
from annul.desk.passwords import PasswordRefused
from annul.desk.permission import NotAllowed, NotValid, ReasonNeeded
from annul.desk.reset_links import LinkOver
from annul.desk.roles import ROLES, Visitor
from annul.resolve.second_person import SecondPersonNeeded, second_person

from .people import PASSWORD, audited, clock_of, person

NEW = "quite another password"


async def _with_factor(desk: Desk) -> None:
    session = await desk.access.open("support")
    visitor = await desk.access.of_session(session.token)
    assert visitor is not None
    proposal = second_factor.propose(desk.access, visitor)
    code = TOTP(proposal.secret).at(desk.clock.now())
    await second_factor.enrol(desk.access, visitor, proposal, code, session.token)


async def test_a_link_is_used_once_and_ends_what_is_open(
    desk: Desk, boss: Visitor, pool: asyncpg.Pool
) -> None:
    await person(desk, "support")
    session = await desk.access.open("support")
    token = await reset_links.make(desk, boss, "support", "has forgotten it")
    assert await desk.access.of_session(session.token) is not None, "not before it is used"
    assert await reset_links.owner(desk.access, token) == "support"
    await reset_links.use(desk.access, token, NEW)
    assert await desk.access.of_session(session.token) is None
    assert await desk.access.check("support", NEW) is SignInVerdict.ACCEPTED
    assert await desk.access.check("support", PASSWORD) is SignInVerdict.REFUSED
    for again in (token, "", "never made"):
        with pytest.raises(LinkOver):
            await reset_links.use(desk.access, again, "yet another password")
    made, used, refused = await audited(pool)
    assert (refused["who"], refused["action"]) == ("support", "sign-in-refused")
    with pytest.raises(SecondPersonNeeded):  # who gave the password may know it
        await second_person(pool, "support", "administrator")
    assert (made["who"], made["action"], made["object"], made["reason"]) == (
        "administrator", "new-reset-link", "user support", "has forgotten it",
    )  # fmt: skip
    assert (used["who"], used["action"]) == ("support", "use-reset-link")
    assert used["detail"] == {"made_by": "administrator"}
    assert token not in str(await audited(pool))


async def test_of_two_uses_at_once_one_is_taken(desk: Desk, boss: Visitor) -> None:
    await person(desk, "support")
    token = await reset_links.make(desk, boss, "support", "has forgotten it")
    tried = await asyncio.gather(
        *(reset_links.use(desk.access, token, f"{NEW} {n}") for n in range(2)),
        return_exceptions=True,
    )
    assert sorted(map(type, tried), key=str) == [type(None), LinkOver] or sorted(
        map(str, tried)
    ) == sorted(["None", str(LinkOver())])


async def test_a_link_is_over_after_half_an_hour_and_when_another_is_made(
    desk: Desk, boss: Visitor
) -> None:
    await person(desk, "support")
    first = await reset_links.make(desk, boss, "support", "has forgotten it")
    second = await reset_links.make(desk, boss, "support", "lost the first")
    with pytest.raises(LinkOver):
        await reset_links.use(desk.access, first, NEW)
    clock_of(desk).forward(minutes=30)
    with pytest.raises(LinkOver):
        await reset_links.use(desk.access, second, NEW)
    assert await desk.access.check("support", PASSWORD) is SignInVerdict.ACCEPTED


async def test_a_password_that_is_refused_does_not_use_the_link_up(
    desk: Desk, boss: Visitor
) -> None:
    await person(desk, "support")
    token = await reset_links.make(desk, boss, "support", "has forgotten it")
    for refused in ("short", PASSWORD):
        with pytest.raises(PasswordRefused):
            await reset_links.use(desk.access, token, refused)
    await reset_links.use(desk.access, token, NEW)
    assert await desk.access.check("support", NEW) is SignInVerdict.ACCEPTED


@pytest.mark.parametrize(
    ("factor_too", "verdict"), [(False, SignInVerdict.NEEDS_CODE), (True, SignInVerdict.ACCEPTED)]
)
async def test_the_second_factor_stays_unless_the_administrator_says_so(
    desk: Desk, boss: Visitor, pool: asyncpg.Pool, factor_too: bool, verdict: SignInVerdict
) -> None:
    await person(desk, "support")
    await _with_factor(desk)
    token = await reset_links.make(desk, boss, "support", "why", factor_too=factor_too)
    assert await desk.access.check("support", PASSWORD) is SignInVerdict.NEEDS_CODE
    await reset_links.use(desk.access, token, NEW)
    assert await desk.access.check("support", NEW) is verdict
    removed = [row for row in await audited(pool) if row["action"] == "remove-factor"]
    assert len(removed) == factor_too


async def test_it_lets_in_whoever_was_locked_out(desk: Desk, boss: Visitor) -> None:
    await person(desk, "support")
    for _ in range(5):
        await desk.access.check("support", "wrong", "192.0.2.1")
    assert await desk.access.check("support", PASSWORD, "192.0.2.1") is SignInVerdict.REFUSED
    token = await reset_links.make(desk, boss, "support", "locked out")
    await reset_links.use(desk.access, token, NEW)
    assert await desk.access.check("support", NEW, "192.0.2.1") is SignInVerdict.ACCEPTED


async def test_who_was_stopped_uses_no_link(desk: Desk, boss: Visitor) -> None:
    await person(desk, "support")
    token = await reset_links.make(desk, boss, "support", "has forgotten it")
    await desk.access.set_active("support", active=False)
    with pytest.raises(LinkOver):
        await reset_links.use(desk.access, token, NEW)
    for nobody in ("support", "nobody"):
        with pytest.raises(NothingThere):
            await reset_links.make(desk, boss, nobody, "has forgotten it")


async def test_only_administrators_make_links_for_others_and_say_why(
    desk: Desk, boss: Visitor, pool: asyncpg.Pool
) -> None:
    operator = await person(desk, "operator")
    with pytest.raises(NotAllowed):
        await reset_links.make(desk, operator, "administrator", "because")
    with pytest.raises(ReasonNeeded):
        await reset_links.make(desk, boss, "operator", " ")
    with pytest.raises(NotValid):
        await reset_links.make(desk, boss, "administrator", "my own")
    former = Visitor("operator", "administrator", ROLES["administrator"])
    with pytest.raises(NotAllowed):
        await reset_links.make(desk, former, "administrator", "no longer")
    assert await audited(pool) == []
    assert await pool.fetchval("SELECT count(*) FROM reset_links") == 0
