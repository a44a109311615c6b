"""The device key by key: what it asks, what it shows, and what it then wants done."""

from collections.abc import Sequence
from typing import Final

import pytest

from annul.console.frame.texts import Words
from annul.console.till.device import Device
from annul.console.till.values import FUNCTIONS, Card, Idle, KeyedOriginal, Result, Screen, Wish

_IDLE: Final = Idle("Example Tea House", "10000001", "000001", signed_in=True)
_CARDS: Final = (
    Card("Demo card", "620001******0007", "6200010000000007"),
    Card("Sample Bank, credit", "620002******0003", "6200020000000003"),
)
_JOURNAL: Final = {
    "000002": KeyedOriginal("000002", "sale", 10_000, "620001******0007", approved=True),
    "000003": KeyedOriginal("000003", "qr_sale", 880, "629000******0004", approved=True),
    "000004": KeyedOriginal("000004", "void", 10_000, "620001******0007", approved=True),
    "000005": KeyedOriginal("000005", "sale", 5_000, "620001******0007", approved=False),
    "000006": KeyedOriginal("000006", "preauth", 5_000, "620001******0007", approved=True),
    "000007": KeyedOriginal("000007", "completion", 5_000, "620001******0007", approved=True),
}


def device(cards: Sequence[Card] = _CARDS) -> Device:
    return Device(cards, _JOURNAL.get, lambda: "000007")


def typed(machine: Device, keys: str) -> Wish | None:
    """Press what a line names: functions and `ok` as words, anything else key by key."""
    wish = None
    for word in keys.split():
        named = word in FUNCTIONS or word in {"ok", "cancel", "clear", "00"}
        for key in [word] if named else word:
            wish = machine.press(key)
    return wish


def shown(machine: Device) -> Screen:
    return machine.screen(_IDLE, Words("en"))


def text(machine: Device) -> str:
    screen = shown(machine)
    return "\n".join([screen.title, *(f"{x.text} {x.side}" for x in screen.lines), screen.hint])


@pytest.mark.parametrize(
    ("keys", "wish"),
    [
        ("sale 100 ok ok ok", Wish("sale", "sale", 10_000, _CARDS[0].number)),
        ("100 ok ok ok", Wish("sale", "sale", 10_000, _CARDS[0].number)),
        ("sale 0.5 ok 2 ok", Wish("sale", "sale", 50, _CARDS[1].number)),
        ("sale . 5 ok 2 ok", Wish("sale", "sale", 50, _CARDS[1].number)),
        ("sale 12. ok ok ok", Wish("sale", "sale", 1_200, _CARDS[0].number)),
        ("sale 1 00 ok ok ok", Wish("sale", "sale", 10_000, _CARDS[0].number)),
        ("sale 12.345 ok ok ok", Wish("sale", "sale", 1_234, _CARDS[0].number)),
        ("sale 99 clear 5 ok ok ok", Wish("sale", "sale", 9_500, _CARDS[0].number)),
        ("sale 12.5 clear 75 ok ok ok", Wish("sale", "sale", 1_275, _CARDS[0].number)),
        ("sale 1 ok ok 123456 ok", Wish("sale", "sale", 100, _CARDS[0].number, "123456")),
        (
            "sale 1 ok 3 6200010000000012 ok ok",
            Wish("sale", "sale", 100, "6200010000000012", keyed=True),
        ),
        ("qr_sale 8.8 ok ok", Wish("qr_sale", "qr_sale", 880)),
        ("balance 2 ok", Wish("balance", "balance", card=_CARDS[1].number)),
        ("void 2 ok ok", Wish("void", "void", 10_000, voucher="000002")),
        ("void 000003 ok ok", Wish("void", "qr_void", 880, voucher="000003")),
        ("void 6 ok ok", Wish("void", "preauth_void", 5_000, voucher="000006")),
        ("void 7 ok ok", Wish("void", "completion_void", 5_000, voucher="000007")),
        ("refund 2 ok ok ok", Wish("refund", "refund", 10_000, voucher="000002")),
        ("refund 2 ok 30 ok ok", Wish("refund", "refund", 3_000, voucher="000002")),
        ("refund 2 ok clear 40 ok ok", Wish("refund", "refund", 4_000, voucher="000002")),
        ("refund 3 ok ok ok", Wish("refund", "qr_refund", 880, voucher="000003")),
        ("sign_in", Wish("sign_in")),
        ("settle ok", Wish("settle")),
        ("reprint 4 ok", Wish("reprint", voucher="000004")),
        ("reprint ok", Wish("reprint", voucher="000007")),
        ("void 2 cancel sale 1 ok ok ok", Wish("sale", "sale", 100, _CARDS[0].number)),
        ("sale 77 void 2 ok ok", Wish("void", "void", 10_000, voucher="000002")),
    ],
)
def test_keys_become_a_wish(keys: str, wish: Wish) -> None:
    machine = device()
    assert typed(machine, keys) == wish
    assert machine.busy


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("sale ok", "Key in an amount above zero"),
        ("sale 0.00 ok", "Key in an amount above zero"),
        ("void ok", "This terminal has no such voucher"),
        ("void 999 ok", "This terminal has no such voucher"),
        ("void 4 ok", "That voucher is not one of a sale"),
        ("refund 6 ok", "That voucher is not one of a sale"),
        ("refund 2 ok 100.01 ok", "That is more than the sale"),
        ("sale 1 ok 3 62000 ok", "A card number has 12 to 19 digits"),
        ("sale 1 ok 1 123 ok", "A PIN has 4 to 12 digits"),
        ("reprint 999 ok", "This terminal has no such voucher"),
        ("void 5 ok", "This terminal does not know it as approved"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_wanted(keys: str, said: str) -> None:
    machine = device()
    assert typed(machine, keys) is None
    assert said in text(machine)
    assert not machine.busy


def test_what_is_wrong_goes_with_the_next_key() -> None:
    machine = device()
    typed(machine, "void 999 ok clear")
    assert "no such voucher" not in text(machine)


def test_the_amount_stands_on_the_screen_while_it_is_typed() -> None:
    machine = device()
    seen = [text(machine).split("\n")[2] for key in "128.50" if machine.press(key) is None]
    assert [one.strip() for one in seen] == [
        "¥ 1",
        "¥ 12",
        "¥ 128",
        "¥ 128.",
        "¥ 128.5",
        "¥ 128.50",
    ]


@pytest.mark.parametrize("keys", ["1.2.3", "1..5", "1234567890", "9.999"])
def test_an_amount_takes_no_more_than_nine_digits_a_point_and_two(keys: str) -> None:
    machine = device()
    typed(machine, f"sale {keys}")
    entry = next(line.text for line in shown(machine).lines if line.look == "entry")
    whole, _, rest = entry.removeprefix("¥ ").partition(".")
    assert len(whole) <= 9
    assert len(rest) <= 2
    assert "." not in rest


def test_cards_and_pins_are_hidden() -> None:
    machine = device()
    typed(machine, "sale 1 ok 3 6200010000000012")
    assert "••••••••••••0012" in text(machine)
    typed(machine, "ok 123456")
    assert "••••••" in text(machine)
    assert not {"6200010000000012", "123456"} & set(text(machine).split())
    wish = machine.press("ok")
    assert "6200010000000012" not in repr(wish)
    assert "123456" not in repr(wish)
    assert "6200010000000007" not in repr(_CARDS)


def test_before_a_void_goes_out_the_sale_is_shown() -> None:
    machine = device()
    typed(machine, "void 2 ok")
    assert {"¥ 100.00", "Voucher 000002", "620001******0007"} <= {
        line.text for line in shown(machine).lines
    }


def test_while_it_communicates_no_key_does_anything() -> None:
    machine = device()
    typed(machine, "void 2 ok ok")
    assert shown(machine).busy
    assert [machine.press(key) for key in ("ok", "cancel", "sale", "1")] == [None] * 4
    assert machine.busy


@pytest.mark.parametrize("key", ["ok", "cancel", "clear", "."])
def test_any_key_leaves_a_result(key: str) -> None:
    machine = device()
    typed(machine, "sign_in")
    machine.show(Result("good", "Signed in", code="00", lines=("Batch 000002",)))
    assert shown(machine).tone == "good"
    assert "Batch 000002" in text(machine)
    assert machine.press(key) is None
    assert "Example Tea House" in text(machine)


def test_a_digit_after_a_result_begins_the_next_sale() -> None:
    machine = device()
    typed(machine, "sign_in")
    machine.show(Result("good", "Signed in"))
    assert typed(machine, "5 ok ok ok") == Wish("sale", "sale", 500, _CARDS[0].number)


def test_what_is_owed_is_struck_out_only_by_nine_and_ok() -> None:
    machine = device()
    owing = Result("open", "Reversal pending", strike="000002")
    typed(machine, "sign_in")
    machine.show(owing)
    assert typed(machine, "ok ok") is None
    typed(machine, "sign_in")
    machine.show(owing)
    assert typed(machine, "9 cancel ok") is None
    typed(machine, "sign_in")
    machine.show(owing)
    assert typed(machine, "9 ok") == Wish("strike", voucher="000002")


def test_without_cards_the_number_is_keyed_in() -> None:
    machine = device([])
    wish = typed(machine, "sale 1 ok ok 6200010000000012 ok ok")
    assert wish == Wish("sale", "sale", 100, "6200010000000012", keyed=True)


@pytest.mark.parametrize("key", ["", "12", "x", "0" * 50, "constructor", "-1"])
def test_keys_that_it_does_not_have_do_nothing(key: str) -> None:
    machine = device()
    assert machine.press(key) is None
    assert "Example Tea House" in text(machine)
    typed(machine, "sale 1 ok")
    before = text(machine)
    assert machine.press(key) is None
    assert text(machine) == before


def test_idle_it_says_who_and_how() -> None:
    idle = Idle("示例茶馆", "10000001", "000007", signed_in=False, owed=2)
    screen = device().screen(idle, Words("zh"))
    assert [line.text for line in screen.lines] == [
        "示例茶馆",
        "终端 10000001",
        "批次 000007 · 未签到",
        "有2笔待冲正",
    ]
