"""What a host was told outlives it: lines that are read again, whatever cut them short."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from annul.domain.states import State, leads_to
from annul.store.witness import Told, Witness, told
from tests.support.builders import transaction

_AT = datetime(2026, 11, 26, 8, tzinfo=UTC)


def _opened(number: int) -> Told:
    one = transaction(id=UUID(int=number), state=State.SENT)
    return Told(
        one.id,
        one.merchant_id,
        one.received_at,
        State.SENT,
        one.terminal_id,
        one.batch,
        one.trace,
        one.rrn,
        one.kind,
        one.amount,
        one.currency,
        one.origin,
    )


def _open(witness: Witness, *numbers: int) -> None:
    witness.opened(transaction(id=UUID(int=one), state=State.SENT) for one in numbers)


def test_what_was_opened_and_concluded_is_read_again_after_a_kill(tmp_path: Path) -> None:
    witness = Witness(tmp_path)
    _open(witness, 1, 2)
    later = _AT + timedelta(seconds=1)
    merchant = _opened(1).merchant_id
    witness.concluded([(UUID(int=1), merchant, later, State.APPROVED)])
    witness.concluded([(UUID(int=9), merchant, later, State.DECLINED)])
    # Nothing is closed: that is the kill.
    known = told(tmp_path)
    assert known[UUID(int=1)] == _opened(1)._replace(at=later, state=State.APPROVED)
    assert known[UUID(int=2)] == _opened(2)
    assert known[UUID(int=9)] == Told(UUID(int=9), merchant, later, State.DECLINED)
    witness.close()


def test_a_line_that_was_cut_short_takes_no_other_with_it(tmp_path: Path) -> None:
    first = Witness(tmp_path)
    _open(first, 1)
    first.close()
    file = tmp_path / "told.log"
    whole = file.read_bytes()
    file.write_bytes(whole + whole[: len(whole) // 2])
    second = Witness(tmp_path)
    _open(second, 2)
    second.close()
    assert set(told(tmp_path)) == {UUID(int=1), UUID(int=2)}
    file.write_bytes(b"\xff\xfe\n" + b"a\tb\tc\td\n" + file.read_bytes() + b"\x00" * 50)
    assert set(told(tmp_path)) == {UUID(int=1), UUID(int=2)}


def test_two_files_hold_the_latest_and_no_more(tmp_path: Path) -> None:
    witness = Witness(tmp_path, size=1_000)
    for number in range(1, 100):
        _open(witness, number)
        witness.keep()
    witness.close()
    known = told(tmp_path)
    assert max(known) == UUID(int=99)
    assert len(known) < 20
    assert sum(one.stat().st_size for one in tmp_path.iterdir()) < 2_500
    assert all(one.stat().st_mode & 0o777 == 0o600 for one in tmp_path.glob("*.log"))


def test_no_card_data_is_in_a_line(tmp_path: Path) -> None:
    witness = Witness(tmp_path)
    one = transaction(card_masked="622588******1234", card_hash=b"hash", expiry="3012")
    witness.opened([one])
    witness.close()
    text = (tmp_path / "told.log").read_text()
    assert "622588" not in text
    assert "3012" not in text.replace(one.rrn, "")


def test_the_place_is_kept(tmp_path: Path) -> None:
    witness = Witness(tmp_path)
    assert witness.place == ""
    witness.place = "7 00000001"
    witness.close()
    again = Witness(tmp_path)
    assert again.place == "7 00000001"
    again.close()


def test_what_a_state_leads_to_never_leads_back_to_before_its_outcome() -> None:
    for state in State:
        if state not in {State.RECEIVED, State.SENT, State.UNKNOWN}:
            assert not leads_to(state) & {State.RECEIVED, State.SENT, State.UNKNOWN}
    assert leads_to(State.SENT) == frozenset(State) - {State.RECEIVED}
