"""Second factors on a real PostgreSQL: a code is good once, and wrong ones count like passwords."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest
from pyotp.totp import TOTP

from annul.desk import account, second_factor
from annul.desk.access import Access, Session, SignInVerdict
from annul.desk.account import NotProved
from annul.desk.desk import Desk
from annul.desk.roles import Step, Visitor
from annul.desk.second_factor import CodeVerdict, FactorNeeded, NoMasterKey, SetUpAnew, WrongCode

from .people import PASSWORD, audited, clock_of, person

HERE = "192.0.2.7"
REFUSED, ACCEPTED, RECOVERED = CodeVerdict


async def _signed_in(desk: Desk, name: str) -> tuple[Session, Visitor]:
    session = await desk.access.open(name)
    visitor = await desk.access.of_session(session.token)
    assert visitor is not None
    return session, visitor


async def _enrolled(desk: Desk, name: str = "support") -> tuple[TOTP, tuple[str, ...]]:
    """Give somebody a second factor; the step of its first code is over afterwards."""
    session, visitor = await _signed_in(desk, name)
    proposal = second_factor.propose(desk.access, visitor)
    device = TOTP(proposal.secret)
    codes = await second_factor.enrol(
        desk.access, visitor, proposal, device.at(desk.clock.now()), session.token
    )
    clock_of(desk).forward(seconds=30)
    return device, codes


async def _say(desk: Desk, code: str, name: str = "support", address: str = HERE) -> CodeVerdict:
    return await second_factor.check(desk.access, name, code, address)


# Enrolment ----------------------------------------------------------------------------------


async def test_a_factor_counts_once_a_code_of_its_device_has_come(
    desk: Desk, pool: asyncpg.Pool
) -> None:
    await person(desk, "support")
    other = await desk.access.open("support")
    session, visitor = await _signed_in(desk, "support")
    proposal = second_factor.propose(desk.access, visitor)
    again = second_factor.proposed(desk.access, visitor, proposal.sealed)
    with pytest.raises(WrongCode):
        await second_factor.enrol(desk.access, visitor, again, "000000", session.token)
    assert await desk.access.check("support", PASSWORD) is SignInVerdict.ACCEPTED
    code = TOTP(proposal.secret).at(desk.clock.now())
    codes = await second_factor.enrol(desk.access, visitor, again, code, session.token)
    assert await desk.access.check("support", PASSWORD) is SignInVerdict.NEEDS_CODE
    assert await second_factor.standing(desk.access, "support") == (desk.clock.now(), 10)
    assert await desk.access.of_session(session.token) is not None
    assert await desk.access.of_session(other.token) is None, "it had shown a password only"
    assert len(set(codes)) == 10
    (row,) = await audited(pool)
    assert (row["who"], row["action"]) == ("support", "enrol-factor")
    dump = str([dict(one) for one in await pool.fetch("SELECT * FROM users")]) + str(row)
    assert proposal.secret not in dump
    assert not [one for one in codes if one in dump or one.replace("-", "") in dump]


async def test_the_code_that_enrolled_lets_nobody_in(desk: Desk) -> None:
    await person(desk, "support")
    device, _ = await _enrolled(desk)
    assert await _say(desk, device.at(desk.clock.now(), counter_offset=-1)) is REFUSED
    assert await _say(desk, device.at(desk.clock.now())) is ACCEPTED


async def test_what_was_proposed_is_taken_in_its_own_session_only(desk: Desk) -> None:
    await person(desk, "support")
    await person(desk, "operator")
    _, visitor = await _signed_in(desk, "support")
    sealed = second_factor.propose(desk.access, visitor).sealed
    for name in ("support", "operator"):
        _, elsewhere = await _signed_in(desk, name)
        with pytest.raises(SetUpAnew):
            second_factor.proposed(desk.access, elsewhere, sealed)
    for broken in ("", "AAAA", sealed[:-4], "no base64!"):
        with pytest.raises(SetUpAnew):
            second_factor.proposed(desk.access, visitor, broken)


async def test_of_two_rows_neither_secret_opens_as_the_other(
    desk: Desk, pool: asyncpg.Pool
) -> None:
    """Who can write to the database can not give somebody the device of another."""
    for name in ("support", "operator"):
        await person(desk, name)
    device, _ = await _enrolled(desk)
    await _enrolled(desk, "operator")
    await pool.execute(
        "UPDATE users SET factor_secret = (SELECT factor_secret FROM users WHERE name = 'support') "
        "WHERE name = 'operator'"
    )
    with pytest.raises(Exception, match="does not open"):
        await _say(desk, device.at(desk.clock.now()), "operator")


# Codes --------------------------------------------------------------------------------------


async def test_of_two_uses_of_one_code_at_once_one_gets_in(desk: Desk) -> None:
    await person(desk, "support")
    device, codes = await _enrolled(desk)
    for code in (device.at(desk.clock.now()), codes[0]):
        verdicts = await asyncio.gather(
            *(_say(desk, code, address=f"192.0.2.{n}") for n in range(8))
        )
        assert sorted(verdicts).count(REFUSED) == 7, verdicts


async def test_an_older_code_than_the_last_is_over_and_the_next_one_is_good(desk: Desk) -> None:
    await person(desk, "support")
    device, _ = await _enrolled(desk)
    clock_of(desk).forward(minutes=5)
    now = desk.clock.now()
    assert await _say(desk, device.at(now, counter_offset=2)) is REFUSED
    assert await _say(desk, device.at(now, counter_offset=-2)) is REFUSED
    assert await _say(desk, device.at(now, counter_offset=1)) is ACCEPTED, "its clock is fast"
    assert await _say(desk, device.at(now)) is REFUSED
    assert await _say(desk, device.at(now, counter_offset=-1)) is REFUSED
    clock_of(desk).forward(minutes=1)
    assert await _say(desk, device.at(desk.clock.now())) is ACCEPTED


async def test_wrong_codes_lock_like_wrong_passwords_and_a_right_password_frees_nothing(
    desk: Desk,
) -> None:
    await person(desk, "support")
    device, _ = await _enrolled(desk)
    access = desk.access

    async def password() -> SignInVerdict:
        return await access.check("support", PASSWORD, HERE)

    for _ in range(4):
        assert await password() is SignInVerdict.NEEDS_CODE
        assert await _say(desk, "000000") is REFUSED
    for _ in range(3):
        assert await password() is SignInVerdict.NEEDS_CODE, "a right password is not counted"
    assert await _say(desk, "000000") is REFUSED  # the fifth
    assert await password() is SignInVerdict.REFUSED
    assert await _say(desk, device.at(desk.clock.now())) is REFUSED
    clock_of(desk).forward(seconds=31)
    assert await password() is SignInVerdict.NEEDS_CODE
    assert await _say(desk, "000000") is REFUSED  # the sixth: for a minute now
    clock_of(desk).forward(seconds=31)
    assert await password() is SignInVerdict.REFUSED
    clock_of(desk).forward(seconds=31)
    assert await _say(desk, device.at(desk.clock.now())) is ACCEPTED
    for _ in range(4):
        assert await _say(desk, "000000") is REFUSED
    clock_of(desk).forward(minutes=1)
    assert await _say(desk, device.at(desk.clock.now())) is ACCEPTED, "counted anew"


async def test_right_passwords_under_way_free_nothing_that_wrong_codes_have_locked(
    desk: Desk,
) -> None:
    await person(desk, "support")
    await _enrolled(desk)
    access = desk.access
    under_way = [await access.tries.begin("support", HERE) for _ in range(3)]
    for _ in range(2):
        assert await _say(desk, "000000") is REFUSED
    for tried in under_way:
        assert tried is not None
        await access.tries.take_back("support", HERE, tried["lock"])
    assert await access.check("support", PASSWORD, HERE) is SignInVerdict.REFUSED


async def test_50_wrong_codes_from_everywhere_lock_the_name_for_strangers(
    desk: Desk, pool: asyncpg.Pool
) -> None:
    await person(desk, "support")
    device, _ = await _enrolled(desk)
    assert await _say(desk, device.at(desk.clock.now()), address="198.51.100.7") is ACCEPTED
    for number in range(50):
        assert await _say(desk, "000000", address=f"192.0.2.{number}") is REFUSED
    assert await pool.fetchval("SELECT locked_until FROM users WHERE name = 'support'") is not None
    clock_of(desk).forward(seconds=30)
    code = device.at(desk.clock.now())
    assert await _say(desk, code, address="203.0.113.9") is REFUSED
    assert await _say(desk, code, address="198.51.100.7") is ACCEPTED


async def test_a_right_password_is_not_what_locks_the_name_for_strangers(
    desk: Desk, pool: asyncpg.Pool
) -> None:
    await person(desk, "support")
    device, _ = await _enrolled(desk)
    await pool.execute("UPDATE users SET failures = 49 WHERE name = 'support'")
    assert await desk.access.check("support", PASSWORD, HERE) is SignInVerdict.NEEDS_CODE
    assert await _say(desk, device.at(desk.clock.now())) is ACCEPTED


async def test_who_is_stopped_or_has_no_factor_comes_in_with_no_code(desk: Desk) -> None:
    await person(desk, "support")
    assert await _say(desk, "000000") is REFUSED
    device, codes = await _enrolled(desk)
    await desk.access.set_active("support", active=False)
    assert await _say(desk, device.at(desk.clock.now())) is REFUSED
    assert await _say(desk, codes[0]) is REFUSED


async def test_without_a_master_key_no_code_is_judged_and_none_is_used_up(desk: Desk) -> None:
    await person(desk, "support")
    device, _ = await _enrolled(desk)
    blind = Access(desk.pool, desk.clock)
    assert await blind.check("support", PASSWORD) is SignInVerdict.NEEDS_CODE
    with pytest.raises(NoMasterKey):
        await second_factor.check(blind, "support", device.at(desk.clock.now()), HERE)
    assert await _say(desk, device.at(desk.clock.now())) is ACCEPTED


# Recovery codes -----------------------------------------------------------------------------


async def test_a_recovery_code_is_good_once_however_it_is_written(
    desk: Desk, pool: asyncpg.Pool
) -> None:
    await person(desk, "support")
    _, codes = await _enrolled(desk)
    assert await _say(desk, f" {codes[3].lower().replace('-', ' ')} ") is RECOVERED
    assert await _say(desk, codes[3]) is REFUSED
    assert await _say(desk, codes[4]) is RECOVERED
    assert (await second_factor.standing(desk.access, "support"))[1] == 8
    used = [row for row in await audited(pool) if row["action"] == "use-recovery-code"]
    assert [row["detail"] for row in used] == [{"left": 9}, {"left": 8}]
    assert {row["who"] for row in used} == {"support"}


async def test_new_codes_end_the_old_ones(desk: Desk) -> None:
    await person(desk, "support")
    old_device, old = await _enrolled(desk)
    device, new = await _enrolled(desk)
    assert await _say(desk, old[0]) is REFUSED
    assert await _say(desk, old_device.at(desk.clock.now())) is REFUSED
    assert await _say(desk, new[0]) is RECOVERED
    assert await _say(desk, device.at(desk.clock.now())) is ACCEPTED


# Proof, removal, roles ----------------------------------------------------------------------


async def test_who_has_a_factor_proves_themselves_by_password_and_code(desk: Desk) -> None:
    await person(desk, "support")
    device, _ = await _enrolled(desk)
    _, visitor = await _signed_in(desk, "support")
    code = device.at(desk.clock.now())
    for password, said in (("wrong", code), (PASSWORD, "000000"), (PASSWORD, "")):
        with pytest.raises(NotProved):
            await account.prove(desk.access, visitor, password, HERE, said)
    await account.prove(desk.access, visitor, PASSWORD, HERE, code)


async def test_a_factor_is_removed_where_the_role_takes_none(
    desk: Desk, pool: asyncpg.Pool
) -> None:
    await person(desk, "support")
    await _enrolled(desk)
    _, visitor = await _signed_in(desk, "support")
    strict = Access(desk.pool, desk.clock, desk.vault, ["support"])
    with pytest.raises(FactorNeeded):
        await second_factor.remove(strict, visitor)
    await second_factor.remove(desk.access, visitor)
    assert await desk.access.check("support", PASSWORD) is SignInVerdict.ACCEPTED
    assert await second_factor.standing(desk.access, "support") == (None, 0)
    assert [row["action"] for row in await audited(pool)] == ["enrol-factor", "remove-factor"]


async def test_who_must_have_a_factor_and_has_none_does_that_first(desk: Desk) -> None:
    await person(desk, "support")
    await person(desk, "auditor")
    strict = Access(desk.pool, desk.clock, desk.vault, ["support"])
    free = await strict.of_session((await strict.open("auditor")).token)
    assert free is not None
    assert free.step is Step.NOTHING
    session = await strict.open("support")
    bound = await strict.of_session(session.token)
    assert bound is not None
    assert bound.step is Step.FACTOR
    assert not [scope for scope in bound.scopes if bound.may(scope)]
    await _enrolled(desk)
    after = await strict.of_session((await strict.open("support")).token, fresh=True)
    assert after is not None
    assert after.step is Step.NOTHING


async def test_a_sign_in_that_awaits_its_code_is_none_and_ends_soon(desk: Desk) -> None:
    await person(desk, "support")
    await _enrolled(desk)
    half = await desk.access.open("support", awaits_code=True)
    visitor = await desk.access.of_session(half.token)
    assert visitor is not None
    assert visitor.step is Step.CODE
    assert not [scope for scope in visitor.scopes if visitor.may(scope)]
    assert all(row["id"] for row in await desk.access.sessions("support"))
    assert half.ends_at - desk.clock.now() <= timedelta(minutes=5)
    clock_of(desk).forward(minutes=5)
    assert await desk.access.of_session(half.token, fresh=True) is None
