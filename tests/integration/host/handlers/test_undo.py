"""Voids, refunds and completions: how the original is found, held, and given back once."""

import asyncio

import asyncpg
import pytest

from annul.domain.records import Transaction
from annul.domain.states import State
from tests.support.hosts import Inside, Till


async def _hold(inside: Inside, till: Till, amount: int = 10_000) -> Transaction:
    """Set an amount aside on a card."""
    assert (await till.ask("preauth", till.fields("preauth", amount))).code == "00"
    return await inside.the("preauth")


# Found -----------------------------------------------------------------------------------------


async def test_a_void_finds_its_sale_by_voucher_and_by_number(inside: Inside, till: Till) -> None:
    first, second = await inside.sold(till), await inside.sold(till)
    assert (await till.ask("void", till.undoing("void", first, f37=" " * 12))).code == "00"
    void = till.undoing("void", second, f61="000009000009")
    assert (await till.ask("void", void)).code == "00"
    assert [(await inside.again(one)).state for one in (first, second)] == ["voided", "voided"]
    assert (inside.rogue.net, await inside.entries()) == (0, {})


@pytest.mark.parametrize("kind", ["void", "refund"])
async def test_what_names_nothing_that_is_there_is_refused_and_kept(
    inside: Inside, till: Till, kind: str
) -> None:
    sold = await inside.sold(till)
    fields = till.undoing(kind, sold, f37="999999999999", f61="000009000009")
    answer = await till.ask(kind, fields)
    assert answer.code == "25"
    assert "案件号" in answer.text, "it has become a case"
    row = await inside.the(kind)
    assert (row.state, row.original_id, row.why) == ("declined", None, "original_not_found")
    assert inside.rogue.of(kind) == []


async def test_a_refund_goes_by_the_reference_number_alone(inside: Inside, till: Till) -> None:
    """Vouchers count from one in each batch: days later another sale has this one."""
    first, second = await inside.sold(till), await inside.sold(till, 4_000)
    fields = till.undoing("refund", first, 1_000, f61=second.batch + second.trace)
    assert (await till.ask("refund", fields)).code == "00"
    assert (await inside.the("refund")).original_id == first.id


async def test_a_completion_finds_its_hold_by_card_and_code(inside: Inside, till: Till) -> None:
    hold = await _hold(inside, till)
    fields = till.undoing("completion", hold, f61="000009000009", f37=None)
    assert (await till.ask("completion", fields)).code == "00"
    assert (await inside.again(hold)).state is State.COMPLETED
    assert (await inside.balance())[0] == 9_950


async def test_without_its_code_a_hold_is_found_by_its_voucher(inside: Inside, till: Till) -> None:
    hold = await _hold(inside, till)
    fields = till.undoing("preauth_void", hold, f38="      ")
    assert (await till.ask("preauth_void", fields)).code == "00"
    assert (await inside.again(hold)).state is State.VOIDED


async def test_an_original_of_another_shop_is_not_there(inside: Inside, till: Till) -> None:
    sold = await inside.sold(till)
    await inside.pool.execute(
        "INSERT INTO merchants (merchant_id, name_zh, name_en, category)"
        " VALUES ('898000000000009', '别的店', 'Other', '5411')"
    )
    await inside.pool.execute(
        "UPDATE transactions SET merchant_id = '898000000000009', rrn = '611111111111'"
        " WHERE id = $1",
        sold.id,
    )
    answer = await till.ask("refund", till.undoing("refund", sold, f37="611111111111"))
    assert answer.code == "25"


# Held ------------------------------------------------------------------------------------------


async def test_while_a_void_is_on_its_way_nothing_else_is_given_back(
    inside: Inside, till: Till
) -> None:
    sold = await inside.sold(till)
    inside.rogue.hold("void")
    asking = asyncio.create_task(till.ask("void", till.undoing("void", sold)))
    asked = await inside.rogue.next("void")
    for kind in ("void", "refund"):
        refused = await till.ask(kind, till.undoing(kind, sold))
        assert (refused.code, "正在撤销" in refused.text) == ("22", True)
    asked.approve()
    assert (await asking).code == "00"
    assert inside.rogue.net == 0


async def test_of_two_voids_at_once_one_is_sent(inside: Inside, till: Till) -> None:
    sold = await inside.sold(till)
    bodies = [till.keyed.signed("0200", till.undoing("void", sold)) for _ in range(2)]
    answers = await asyncio.gather(*(till.line.told(body) for body in bodies))
    assert sorted(answer.code for answer in answers) == ["00", "22"]
    assert len(inside.rogue.of("void")) == 1


async def test_refunds_stop_at_what_was_taken(inside: Inside, till: Till) -> None:
    sold = await inside.sold(till)
    codes = [
        (await till.ask("refund", till.undoing("refund", sold, amount))).code
        for amount in (6_000, 4_001, 4_000, 1)
    ]
    assert codes == ["00", "61", "00", "61"]
    assert (inside.rogue.net, (await inside.balance())[0]) == (0, 0)
    assert (await inside.again(sold)).state is State.REFUNDED


async def test_cover_is_set_aside_while_a_void_is_on_its_way(inside: Inside, till: Till) -> None:
    await inside.set_merchant(void_needs_balance=True)
    first, second = await inside.sold(till), await inside.sold(till)
    inside.rogue.hold("void")
    asking = asyncio.create_task(till.ask("void", till.undoing("void", first)))
    asked = await inside.rogue.next("void")
    assert await inside.balance() == (19_900, 0, 9_950)
    refund = await till.ask("refund", till.undoing("refund", second, 9_951))
    assert (refund.code, "余额不足" in refund.text) == ("51", True)
    asked.answer("51")
    assert (await asking).code == "51"
    assert await inside.balance() == (19_900, 0, 0)


async def test_a_void_goes_where_its_sale_went(
    inside: Inside, till: Till, table_owner: asyncpg.Pool
) -> None:
    sold = await inside.sold(till)
    await table_owner.execute("UPDATE bins SET issuer_id = '00000303', backup_issuer_id = NULL")
    await till.ask("void", till.undoing("void", sold))
    (asked,) = inside.rogue.of("void")
    assert asked.issuer_id == sold.issuer_id
    assert asked[38] == sold.auth_code
    assert sold.rrn not in asked[37], "it has a number of its own"


# The same once more ----------------------------------------------------------------------------


async def test_an_equal_refund_is_held_back_while_its_terminal_holds_the_first_for_open(
    inside: Inside, till: Till
) -> None:
    """It was told 98, then approved: sent again under a new number it would be paid twice."""
    sold = await inside.sold(till)
    answer, asked = await inside.unanswered(till, "refund", till.undoing("refund", sold, 3_000))
    assert answer.code == "98"
    asked.approve()
    async with asyncio.timeout(5):
        while (await inside.the("refund")).state is not State.APPROVED:
            await asyncio.sleep(0.01)
    again = await till.ask("refund", till.undoing("refund", sold, 3_000))
    assert (again.code, "同额退货" in again.text) == ("94", True)
    assert (await till.ask("refund", till.undoing("refund", sold, 2_000))).code == "00"
    assert inside.rogue.net == 5_000


# Advices ---------------------------------------------------------------------------------------


async def test_an_advice_is_owned_at_once_and_sent_by_the_forwarder(
    inside: Inside, till: Till
) -> None:
    hold = await _hold(inside, till)
    fields = till.undoing("completion_advice", hold, 9_000, f37=None)
    answer = await till.ask("completion_advice", fields)
    assert (answer.code, answer.message[38]) == ("00", hold.auth_code)
    row = await inside.the("completion_advice")
    assert (row.state, row.sent, row.holds) == ("received", "not_sent", 10_000)
    assert inside.rogue.of("completion_advice") == []
    assert await inside.owed() == [("advice", "")]
    assert inside.host.issuers.owed.is_set()
    repeat = await till.ask("completion_advice", fields)
    assert (repeat.code, repeat.message[37]) == ("00", row.rrn)
    assert len(await inside.owed()) == 1


async def test_of_two_advices_for_one_hold_one_is_taken(inside: Inside, till: Till) -> None:
    hold = await _hold(inside, till)
    codes = [
        (await till.ask(kind, till.undoing(kind, hold, f37=None))).code
        for kind in ("completion_advice", "completion_advice", "completion")
    ]
    assert codes == ["00", "22", "22"]


async def test_an_advice_for_too_much_is_refused(inside: Inside, till: Till) -> None:
    hold = await _hold(inside, till)
    too_much = till.undoing("completion_advice", hold, 11_501, f37=None)
    answer = await till.ask("completion_advice", too_much)
    assert (answer.code, await inside.owed()) == ("64", [])
