"""The printable proof has a word for everything, and one for where the money is."""

import pytest

from annul.domain import ledger
from annul.domain.kinds import CASED, KINDS, VOIDS, Money
from annul.domain.ledger import PostingKind
from annul.domain.states import State
from annul.domain.text import Text
from annul.resolve.case import ENDS
from annul.resolve.proof_words import ACCOUNTS, POSTINGS, STATES, spoken, where, who

_STANDS = Text("原交易仍有效", "It stands")


def test_every_state_account_and_posting_has_its_words() -> None:
    assert set(STATES) == set(State)
    assert set(POSTINGS) == set(PostingKind)
    named = {
        value for name, value in vars(ledger).items() if name.isupper() and isinstance(value, str)
    }
    assert set(ACCOUNTS) == named
    assert spoken(STATES, "new") == Text("new", "new")


@pytest.mark.parametrize("kind", CASED)
@pytest.mark.parametrize("ended", ["", *ENDS])
def test_where_the_money_is_fits_the_end(kind: str, ended: str) -> None:
    said = where({"kind": kind, "ended": ended, "step": ""}, _STANDS).en
    back = ended in {"voided", "refunded"} and KINDS[kind].money is not Money.RELEASE
    assert ("goes back" in said) is back
    if ended == "refused" and kind in VOIDS and KINDS[kind].money is Money.BACK:
        assert said == "It stands"


def test_a_bank_reads_no_names_of_who_works_here() -> None:
    assert who("mei", names=False).en == "the acquirer"
    assert who("mei", names=True).en == "mei"
    assert who("annul", names=False).en == "annul"
