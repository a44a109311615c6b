"""First six and last four, and nothing else."""

import pytest

from annul.wire.masking import (
    holds_card,
    is_card,
    mask_pan,
    mask_track,
    opens_with_card,
    scan,
)


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


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("卡号6200010000000007。", "卡号620001******0007。"),
        ("6200 0100 0000 0007", "6200 01** **** 0007"),
        ("6200-0100-0000-0007", "6200-01**-****-0007"),
        ("6 2 0 0 0 1 0 0 0 0 0 0 0 0 0 7", "6 2 0 0 0 1 * * * * * * 0 0 0 7"),
        ("00006200010000000007", "0000620001******0007"),
        ("卡６２２８４８００００００００１７", "卡６２２８４８******００１７"),
        ("4222222222222", "422222***2222"),
        ("6200010000000008", "620001******0008"),  # fails Luhn, as some of UnionPay's do
        ("4222222222223", "4222222222223"),  # fails Luhn
        ("编号123456789012", "编号123456789012"),  # too short
        ("6200  0100  0000  0007", "6200  0100  0000  0007"),  # columns, not groups
        ("03050001   03050001      ", "03050001   03050001      "),
        ("0000000000000000", "0000000000000000"),
        ("", ""),
    ],
)
def test_scan(text: str, shown: str) -> None:
    assert scan(text) == shown
    assert scan(shown) == shown


@pytest.mark.parametrize("around", ["16{}", "{}3012", "99{}30122010000012300000", "{0} {0}"])
def test_scan_within_other_digits(around: str) -> None:
    pan = "6200010000000007"
    shown = scan(around.format(pan))
    assert "*" * 6 in shown
    assert pan not in shown
    assert len(shown) == len(around.format(pan))


def test_bytes_hold_a_card_packed_or_as_characters() -> None:
    for raw in ("6200010000000007", "06200010000000007F", b"6200010000000007".hex()):
        assert holds_card(bytes.fromhex(raw))
    assert not holds_card(bytes.fromhex("FD62985CAAE7589F"))
    assert not holds_card(bytes(16))


def test_a_card_number_is_told_from_a_batch_and_a_trace() -> None:
    assert opens_with_card("62000100000000073012")
    assert not opens_with_card("0000133872030128")
    assert not opens_with_card("")


@pytest.mark.parametrize(
    ("digits", "is_one"),
    [
        ("6200010000000007", True),
        ("6212345678901234", True),  # UnionPay's own pass no check
        ("4111111111111111", True),
        ("378282246310005", True),
        ("898000058120000", False),
        ("898000058120002", False),  # passes the check, but no 15 digits of a scheme begin so
        ("4111111111111112", False),
        ("0111111111111110", False),
        ("123456789012", False),
        ("", False),
    ],
)
def test_digits_as_a_whole_pass_as_a_card(digits: str, is_one: bool) -> None:
    assert is_card(digits) is is_one
