"""What a terminal is told is short, true at the moment, and read again in both languages."""

import re

import pytest

from annul.domain import terminal_notes as notes
from annul.domain.kinds import CASED
from annul.domain.response_codes import Effect
from annul.domain.text import Text
from annul.resolve.words import REASONS

_CHINESE = re.compile("[\u4e00-\u9fff]")
_PROMISES = re.compile("系统继续|goes on")  # nobody knows that at the moment of the answer


@pytest.mark.parametrize("kind", CASED)
@pytest.mark.parametrize("effect", [Effect.NOT_DONE, Effect.UNKNOWN])
def test_a_note_fits_a_display_and_is_read_again(kind: str, effect: Effect) -> None:
    first = notes.first(kind, effect)
    note = notes.with_case(first.zh, "300000000001")
    assert len(note.encode("gbk")) <= 60
    read = notes.read(note[3:])
    assert (read.text, read.case, read.voucher) == (first, "300000000001", "")
    assert notes.pending(read)
    assert not _PROMISES.search(f"{first.zh}{first.en}")
    assert not _CHINESE.search(first.en)


def test_a_note_names_whom_to_call() -> None:
    note = notes.with_case("原交易正在撤销,请等待结果", "300000000001", "400 800 0000")
    read = notes.read(note[3:])
    assert (read.phone, read.case) == ("400 800 0000", "300000000001")
    assert read.text.en.endswith("; wait for its outcome")
    assert not notes.pending(read)


@pytest.mark.parametrize("end", notes.ENDS)
def test_an_end_is_read_again_with_its_reason(end: str) -> None:
    text = notes.ended("000002", end, "发卡行单笔超时")
    read = notes.read(text, REASONS)
    assert (read.voucher, read.text) == ("000002", notes.ENDS[end])
    assert read.why == Text("发卡行单笔超时", "The issuer did not answer this one in time")


def test_an_advice_that_was_declined_is_read_again() -> None:
    read = notes.read(f"凭证000002{notes.advice_declined('51')}")
    assert read.text.en == "the completion was declined (51); this money was not taken"


def test_what_nobody_knows_is_no_chinese_for_others() -> None:
    assert notes.read("别的话").text == Text("别的话", "")
    assert notes.read("48域 count").text.en == ""
    assert notes.read("NEW HOST").text.en == "NEW HOST"


def test_no_reason_at_a_till_is_one_of_risk() -> None:
    said = " ".join(f"{zh} {en}" for zh, en in REASONS.items())
    assert not re.search("风险|欺诈|资金被冻|risk|fraud|frozen|blocked", said, re.IGNORECASE)
