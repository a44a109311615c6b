"""Test cards that lie beside the device: made-up numbers of the demo's issuers."""

from typing import Final

from annul.security.vault import Vault

from .values import Card

# name, number; the prefixes are those of `annul.sim.demo`
_DEMO: Final = (
    ("Example Bank, debit", "6200010000000012"),
    ("Sample Bank, credit", "6200020000000003"),
)


def cards(own: str, *, demo: bool) -> list[Card]:
    """Give the cards to choose from, the terminal's own first."""
    named = [("Demo card", own)] if own else []
    if demo:
        named += _DEMO
    return [Card(name, Vault.mask(number), number) for name, number in named]
