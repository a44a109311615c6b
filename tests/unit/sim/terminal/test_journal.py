"""The terminal's journal and slips: durable, without a card number, in both languages."""

from pathlib import Path

import pytest

from annul.domain.response_codes import RESPONSE_CODES
from annul.domain.shown_codes import shown
from annul.domain.terminal_notes import ended, with_case
from annul.security.vault import Vault
from annul.sim.terminal.journal import Record, TerminalJournal
from annul.sim.terminal.profile import Profile
from annul.sim.terminal.receipt import heard, outcome, slip, slip_rows

PAN = "6200019876543217"
_SEALING = Vault(bytes(16))
_PROFILE = Profile(merchant="898000058120000", terminal="10000001", master_key="00" * 16)


def _record(trace: str = "000002", **changes: object) -> Record:
    values = {
        "batch": "000001",
        "trace": trace,
        "kind": "sale",
        "amount": 10_000,
        "card": "620001******3217",
        "fields": {2: PAN, 11: trace, 59: b"\x01"},
        "owed": "reversal",
        "date": "1123",
        "time": "120000",
    }
    return Record(**(values | changes))  # type: ignore[arg-type]


def test_what_was_written_is_there_after_a_power_cut(tmp_path: Path) -> None:
    file = tmp_path / "pos" / "t.db"
    journal = TerminalJournal(file, _SEALING)
    journal.signed_in("000007", b"keys")
    journal.open(_record())
    assert journal.next_trace() == "000001"
    del journal  # no close: the process is gone
    again = TerminalJournal(file, _SEALING)
    assert [record.owed for record in again.owed()] == ["reversal"]
    assert again.owed()[0].fields == {2: PAN, 11: "000002", 59: b"\x01"}
    assert (again.batch, again.keys, again.next_trace()) == ("000007", b"keys", "000002")
    again.close()
    assert PAN.encode() not in file.read_bytes()


def test_a_journal_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    file = tmp_path / "t.db"
    TerminalJournal(file, _SEALING).close()
    file.chmod(0o644)
    TerminalJournal(file, _SEALING).close()
    assert file.stat().st_mode & 0o777 == 0o600


def test_traces_go_round_after_999999() -> None:
    journal = TerminalJournal(":memory:", _SEALING)
    journal._base.execute("UPDATE terminal SET next_trace = 999999")
    assert [journal.next_trace() for _ in range(2)] == ["999999", "000001"]
    journal.close()


def test_only_what_was_approved_is_counted() -> None:
    journal = TerminalJournal(":memory:", _SEALING)
    for number, (kind, state) in enumerate(
        [("sale", "approved"), ("sale", "declined"), ("void", "approved"), ("sale", "reversed")]
    ):
        journal.open(_record(f"{number:06d}", kind=kind, state=state, owed=""))
    totals, records = journal.counted("000001")
    assert (totals.debit_count, totals.credit_count, len(records)) == (1, 1, 2)
    journal.close()


@pytest.mark.parametrize(
    ("language", "words"), [("zh", ("签购单", "消费", "成功")), ("en", ("SALES SLIP", "approved"))]
)
def test_a_slip_in_both_languages(language, words: tuple[str, ...]) -> None:
    text = slip(_record(state="approved", response_code="00"), _PROFILE, language)
    assert all(word in text for word in (*words, "620001******3217", "CNY 100.00"))
    assert PAN not in text


@pytest.mark.parametrize("code", RESPONSE_CODES)
def test_every_refusal_says_what_and_what_next(code: str) -> None:
    record = _record(state="declined", response_code=code)
    assert code in outcome(record, "zh")
    said = shown(code).customer
    assert ("提示", said.zh) in slip_rows(record, _PROFILE, "zh")
    assert ("NEXT", said.en) in slip_rows(record, _PROFILE, "en")


# What has become a case ------------------------------------------------------------------------


def _void(note: str) -> Record:
    return _record(
        "000003", kind="void", original="000002", state="declined", response_code="59", note=note
    )


def test_the_slip_of_a_void_that_failed_says_what_is_true_then() -> None:
    note = with_case("原消费暂有效,结果随后告知,勿重复", "300000000001", "400 800 0000")
    text = slip(_void(note[3:]), _PROFILE, "en")
    assert "RESULT      in progress (59)" in text
    assert "NOTE        The sale stands for now. The" in text
    assert "            outcome follows; do not" in text
    assert all(len(line) <= 40 for line in text.splitlines())
    assert "CASE        300000000001" in text
    assert "HELP LINE   400 800 0000" in text
    assert text.isascii()
    assert "fraud" not in text.lower()
    text = slip(_void(note[3:]), _PROFILE, "zh")
    assert "案件号      300000000001" in text
    assert "客服电话    400 800 0000" in text
    assert "欺诈" not in text


def test_whom_to_call_without_a_number_is_the_acquirer() -> None:
    note = with_case("原消费暂有效,结果随后告知,勿重复", "300000000001")
    rows = slip_rows(_void(note[3:]), _PROFILE, "en")
    assert ("NEXT", "Questions: call the acquirer.") in rows


def test_a_slip_printed_again_says_the_end() -> None:
    note = ended("000002", "stands", "发卡行未受理")
    text = slip(_void(note), _PROFILE, "en")
    assert "RESULT      Not voided; the sale stands" in text
    assert "in progress" not in text
    assert "未撤销" not in text
    said = heard(note, "en")
    assert said.startswith("Voucher 000002: not voided;")
    assert said.endswith(": not accepted by the bank")


def test_the_slip_of_one_sale_says_nothing_of_another() -> None:
    told = _record("000009", state="approved", response_code="00", note=ended("000002", "voided"))
    assert "000002" not in slip(told, _PROFILE, "en")


def test_an_end_stands_with_what_failed() -> None:
    journal = TerminalJournal(":memory:", _SEALING)
    rows = [
        ("000002", "sale", "", "approved"),
        ("000003", "void", "000002", "declined"),
        ("000004", "void", "000002", "approved"),
        ("000005", "void", "000002", "sent"),
    ]
    for trace, kind, original, state in rows:
        journal.open(_record(trace, kind=kind, original=original, state=state, owed=""))
    found = journal.request_of("000002")
    assert found is not None
    assert found.trace == "000003"
    assert journal.request_of("000009") is None
    journal.close()
