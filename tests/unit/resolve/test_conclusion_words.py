"""What a conclusion and an end are called, for every kind and in both languages."""

import pytest

from annul.domain.kinds import CASED, KINDS, VOIDS, Money
from annul.domain.states import BY_HAND, State
from annul.resolve.case import ENDS
from annul.resolve.conclusion import file_name
from annul.resolve.conclusion_words import follows
from annul.resolve.ends import ended
from annul.resolve.requests import COMPLETED

_FINANCIAL = [kind for kind in KINDS.values() if kind.processing_code]


@pytest.mark.parametrize("kind", [kind.name for kind in _FINANCIAL])
@pytest.mark.parametrize("state", BY_HAND)
def test_what_follows_is_said_for_every_kind(kind: str, state: State) -> None:
    done, not_done = (follows(kind, state, done=done) for done in (True, False))
    assert done.zh != not_done.zh
    assert done.en != not_done.en
    owed = state in {State.REVERSING, State.DISPUTED}
    for text in (done, not_done):
        assert ("冲正不再发送" in text.zh) == owed
        assert ("sent no more" in text.en) == owed
        assert ("不再向发卡行追问" in text.zh) != owed


def test_whose_money_moves_is_said() -> None:
    assert "记入商户账户" in follows("sale", State.UNKNOWN, done=True).zh
    assert "没有被扣款" in follows("qr_sale", State.UNKNOWN, done=False).zh
    for kind in VOIDS:
        taken = KINDS[kind].money is Money.BACK
        assert ("从商户账户扣回" in follows(kind, State.UNKNOWN, done=True).zh) == taken
        assert ("原交易仍然有效" in follows(kind, State.UNKNOWN, done=False).zh) == taken
    assert "可以重新退货" in follows("refund", State.DISPUTED, done=False).zh


@pytest.mark.parametrize("kind", CASED)
def test_every_end_has_a_name_of_its_own_for_a_kind(kind: str) -> None:
    names = [ended(how, kind) for how in ("", *ENDS)]
    assert all(name.zh and name.en for name in names)
    assert ended("unproved", kind).zh == "结果待证"
    assert len({name.en for name in names}) == len(names)


def test_an_end_is_said_in_the_words_of_what_was_asked_for() -> None:
    assert ended("refunded", "void").en == "refunded instead"
    assert ended("refunded", "qr_refund").en == "refunded"
    assert ended("refused", "refund").zh == "未退货"
    assert ended("refused", "completion").en == "not completed"
    assert ended("refused", "completion_advice", COMPLETED).en == "completed"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("letter.pdf", "letter.pdf"),
        ("/a/b/../来函.pdf", "来函.pdf"),
        ("C:\\x\\y.png", "y.png"),
        ("", "evidence"),
        ("..", "evidence"),
        ("a\x00\n\u202eb.pdf", "ab.pdf"),
        ("6200010000000007.txt", "620001******0007.txt"),
        ("x" * 300 + ".pdf", "x" * 116 + ".pdf"),
    ],
)
def test_a_file_keeps_a_name_that_may_be_shown(given: str, kept: str) -> None:
    assert file_name(given) == kept
