"""The printable proof has a word for everything, and reads where the money is from its rows."""

from annul.domain import ledger
from annul.domain.ledger import PostingKind
from annul.domain.standing import Standing
from annul.domain.states import State
from annul.domain.text import Text
from annul.resolve.proof_words import ACCOUNTS, POSTINGS, STATES, spoken, standing_in, who


def test_every_state_account_and_posting_has_its_words() -> None:
    assert set(STATES) == set(State)
    assert set(POSTINGS) == set(PostingKind)
    named = {
        value for name, value in vars(ledger).items() if name.isupper() and isinstance(value, str)
    }
    assert set(ACCOUNTS) == named
    assert spoken(STATES, "new") == Text("new", "new")


def _whole(original: str | None, *rows: tuple[str, str]) -> dict[str, object]:
    return {
        "case": {"original_id": original},
        "transactions": [{"id": name, "state": state} for name, state in rows],
    }


def test_where_the_money_is_comes_from_the_rows_beside_the_case() -> None:
    sale, void, other = ("1", "approved"), ("2", "declined"), ("3", "sent")
    assert standing_in(_whole("1", sale, void)) is Standing.STANDS
    assert standing_in(_whole("1", sale, void, other)) is Standing.OPEN
    assert standing_in(_whole("1", ("1", "voided"), ("2", "approved"))) is Standing.BACK
    assert standing_in(_whole(None, void)) is Standing.NOTHING_NAMED


def test_a_bank_reads_no_names_of_who_works_here() -> None:
    assert who("mei", names=False).en == "the acquirer"
    assert who("mei", names=True).en == "mei"
    assert who("annul", names=False).en == "annul"
