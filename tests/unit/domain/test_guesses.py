"""When wrong voucher numbers are an alarm, and when a cashier only errs."""

import pytest

from annul.domain.guesses import GUESSES, WAYS, Guesses, alarm
from annul.domain.incidents import INCIDENTS
from annul.domain.void_rules import NOT_FOUND, RULES


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        (Guesses(2, 2, 2, 0, told=False), None),
        (Guesses(4, 7, 7, 0, told=False), None),
        (Guesses(5, 5, 5, 9, told=False), ("in_row", 5)),
        (Guesses(1, 8, 8, 9, told=False), ("often", 8)),
        (Guesses(1, 1, 8, 7, told=False), ("of_shop", 8)),
        (Guesses(1, 1, 8, 8, told=False), None),  # a large shop: as many were right
        (Guesses(1, 1, 8, 7, told=True), None),  # one for the shop
        (Guesses(5, 5, 5, 0, told=True), ("in_row", 5)),  # and one for each that stands out
    ],
)
def test_alarm(seen: Guesses, told: tuple[str, int] | None) -> None:
    assert alarm(seen) == told


def test_guesses_are_rules_and_each_way_is_told() -> None:
    assert {ruling.name for _, ruling in RULES} | {NOT_FOUND.name} >= GUESSES
    assert set(WAYS) == set(INCIDENTS["vouchers_guessed"].ways)
