"""Answers that came when nobody awaited them, decided under the lock of their row."""

from typing import Any

import pytest

from annul.domain.answers import Verdict
from annul.domain.states import State
from annul.store.journal import Journal, Opening, Outcome
from annul.store.late import LateAnswer
from tests.support.builders import sent
from tests.support.sales import MERCHANT, NOW, sold


@pytest.mark.parametrize("ended", [State.DECLINED, State.REVERSED])
@pytest.mark.parametrize("reversible", [True, False])
async def test_an_approval_of_what_had_ended_opens_it_again(
    journal: Journal, ended: State, reversible: bool
) -> None:
    sale = await sold(journal)
    void = sent(2, kind="void", holds=10_000, original_id=sale.id)
    await journal.open(Opening(void, 0))
    if ended is State.REVERSED:
        await journal.conclude(Outcome(MERCHANT, void.id, sale.id, State.REVERSING, NOW))
    await journal.conclude(
        Outcome(MERCHANT, void.id, sale.id, ended, NOW, release=10_000, undoing=-10_000)
    )
    late = LateAnswer(void, "00", "123456", Verdict.APPROVED, reversible, "4353", NOW)
    assert await journal.late(late) == "held"
    stored = await journal.find_by_id(MERCHANT, void.id)
    original = await journal.find_by_id(MERCHANT, sale.id)
    assert stored is not None
    assert original is not None
    assert stored.state is (State.REVERSING if reversible else State.DISPUTED)
    assert (stored.holds, original.undone, original.undoing) == (10_000, 10_000, 10_000)
    assert await journal._pool.fetchval("SELECT count(*) FROM outbox") == reversible
    assert await journal._pool.fetchval("SELECT count(*) FROM incidents") == (not reversible)


async def test_a_decline_does_not_end_what_was_approved_meanwhile(journal: Journal) -> None:
    sale = sent(1)
    await journal.open(Opening(sale, 0))
    await journal.late(LateAnswer(sale, "00", "123456", Verdict.APPROVED, True, "4353", NOW))
    declined = Outcome(MERCHANT, sale.id, None, State.DECLINED, NOW, response_code="51")
    assert not await journal.conclude(declined)
    await journal.late(LateAnswer(sale, "51", "", Verdict.DECLINED, True, "4353", NOW))
    stored = await journal.find_by_id(MERCHANT, sale.id)
    assert stored is not None
    assert (stored.state, stored.late_code) == (State.SENT, "00")


@pytest.mark.parametrize("ended", [State.REVERSED, State.DECLINED])
@pytest.mark.parametrize("kind", ["sale", "void"])
async def test_a_late_word_that_proves_nothing_is_no_reason_to_believe_an_older_denial(
    journal: Journal, ended: State, kind: str
) -> None:
    """Somebody has looked at the request after all: what was reversed is reversed once more."""
    one = sent(1)
    if kind == "void":
        sale = await sold(journal, 9)
        one = sent(1, kind="void", holds=10_000, original_id=sale.id)
    await journal.open(Opening(one, 0))
    identity = (MERCHANT, one.id, one.original_id)
    if ended is State.REVERSED:
        await journal.conclude(Outcome(*identity, State.REVERSING, NOW))
    freed: dict[str, Any] = {"release": one.holds, "undoing": -one.holds}
    await journal.conclude(Outcome(*identity, ended, NOW, **freed))
    await journal.late(LateAnswer(one, "98", "", Verdict.OPEN, True, "4353", NOW))
    stored = await journal.find_by_id(MERCHANT, one.id)
    assert stored is not None
    again = ended is State.REVERSED
    assert (stored.state, stored.late_code) == (State.REVERSING if again else ended, "98")
    assert stored.holds == (one.holds if again else 0)
    owed = await journal._pool.fetch("SELECT kind FROM outbox WHERE pending")
    assert [row["kind"] for row in owed] == (["reversal"] if again else [])
    assert not await journal._pool.fetch("SELECT FROM incidents")


@pytest.mark.parametrize(
    ("code", "auth_code", "kind"),
    [("51", "", "answers_contradict"), ("00", "999999", "approved_twice"), ("00", "", "")],
)
async def test_a_second_answer_that_denies_the_first_is_told(
    journal: Journal, code: str, auth_code: str, kind: str
) -> None:
    sale = await sold(journal)
    verdict = Verdict.APPROVED if code == "00" else Verdict.DECLINED
    await journal.late(LateAnswer(sale, code, auth_code, verdict, True, "4353", NOW))
    rows = await journal._pool.fetch("SELECT kind FROM incidents")
    assert [row["kind"] for row in rows] == ([kind] if kind else [])
