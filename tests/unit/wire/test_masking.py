"""First six and last four, and nothing else."""

import pytest

from annul.wire.masking import mask_pan, mask_track


@pytest.mark.parametrize(
    ("pan", "shown"),
    [
        ("6200010000000007", "620001******0007"),
        ("6200010000000000019", "620001*********0019"),
        ("62000100001", "620001*0001"),
        ("6200010000", "******0000"),
        ("123", "***"),
        ("", ""),
    ],
)
def test_card_number(pan: str, shown: str) -> None:
    assert mask_pan(pan) == shown


def test_track_shows_nothing_after_the_card_number() -> None:
    assert mask_track("6200010000000007D30122010") == "620001******0007D********"
    assert mask_track("no track at all") == "*" * 15
