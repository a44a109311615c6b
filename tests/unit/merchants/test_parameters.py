"""Parameters as a terminal downloads them: what is written is what it reads."""

import pytest

from annul.merchants.parameters import NAME_BYTES, Parameters

_WRITTEN = b"1260" + b"132" + b"14" + b" " * 14 + b"261" + b"270" + b"22"


def test_what_is_not_said_is_the_careful_default() -> None:
    """A void is swiped again; a reversal is sent twice more; an answer has a minute."""
    assert Parameters(name="示例茶馆").build() == _WRITTEN + "示例茶馆".encode("gbk") + b" " * 32


@pytest.mark.parametrize(
    "parameters",
    [
        Parameters(),
        Parameters(timeout_s=5, resends=0, name="Shop 1"),
        Parameters(phone="95516"),
        Parameters(phone="021-38784988"),
        Parameters(void_needs_swipe=False, void_needs_pin=True),
    ],
)
def test_a_terminal_reads_what_was_written(parameters: Parameters) -> None:
    assert Parameters.parse(parameters.build()) == parameters


def test_tags_may_come_in_any_order_and_be_left_out() -> None:
    assert Parameters.parse(b"") == Parameters()
    read = Parameters.parse(b"270" + b"1245")
    assert read == Parameters(timeout_s=45, void_needs_pin=False)
    assert type(read.void_needs_pin) is bool


@pytest.mark.parametrize("length", [19, 20, 21, 40])
def test_a_long_name_is_cut_between_characters(length: int) -> None:
    built = Parameters(name="店" * length).build()
    assert len(built) == len(_WRITTEN) + NAME_BYTES
    assert Parameters.parse(built).name == "店" * min(length, 20)


def test_half_a_character_is_left_out() -> None:
    name = "a" + "店" * 20
    assert Parameters.parse(Parameters(name=name).build()).name == "a" + "店" * 19


@pytest.mark.parametrize(("name", "shown"), [("𠮷野家", "?野家"), ("Café ☕", "Café ?")])
def test_a_sign_that_terminals_do_not_have_keeps_no_shop_from_its_parameters(
    name: str, shown: str
) -> None:
    assert Parameters.parse(Parameters(name=name).build()).name == shown


@pytest.mark.parametrize(
    ("data", "what"),
    [(b"9912", "parameter 99 at byte 0"), (b"1260126", "parameter 12 at byte 4"), (b"2", "byte 0")],
)
def test_what_is_unknown_or_cut_short_is_named(data: bytes, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        Parameters.parse(data)
