"""Differences of money that may be accepted, and who may bear them."""

from annul.domain import tolerances
from annul.domain.ledger import SUSPENSE
from annul.domain.tolerances import BEARERS, DIFFERENCES, OWED, Difference
from annul.resolve.proof_words import ACCOUNTS


def test_each_kind_has_accounts_that_bear_it_and_one_that_is_owed() -> None:
    for table in (BEARERS, OWED, DIFFERENCES):
        assert set(table) == set(Difference)
    for kind, accounts in BEARERS.items():
        assert accounts
        assert OWED[kind] not in accounts, "an entry has two ends"
        # What waits for people, or is a merchant's, bears nothing.
        assert not {one for one in accounts if one == SUSPENSE or one.startswith("merchant_")}
        assert {*accounts, OWED[kind]} <= ACCOUNTS.keys()


def test_its_words_are_in_both_languages() -> None:
    assert all(text.zh and text.en for text in tolerances.DIFFERENCES.values())
