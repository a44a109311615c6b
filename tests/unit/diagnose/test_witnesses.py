"""Whom a trouble touches, from those who asked the issuer just before and after."""

from datetime import UTC, datetime, timedelta

import pytest

from annul.diagnose.witnesses import Seen, Witness, nearest, others, turns, where

_AT = datetime(2026, 11, 27, 4, tzinfo=UTC)
_VOID = Seen(_AT, "96", "62000177", "898000000000001", "10000001", card="1f", software="4.2")
_MINE = {"prefix": "62000177", "merchant": "898000000000001", "terminal": "10000001"}
_OTHER = {"prefix": "62000133", "merchant": "898000000000002", "terminal": "20000001"}


def _at(seconds: float, code: str = "00", **more: str) -> Witness:
    return Witness(_AT + timedelta(seconds=seconds), code, **{**_OTHER, **more})  # pyright: ignore[reportArgumentType]


def test_the_answers_just_before_and_after_are_the_nearest() -> None:
    told = [_at(20.0 * step, f"{step:+d}") for step in range(-30, 30)]
    near = nearest(reversed(told), _AT, 4, 8)
    assert [one.code for one in near] == [f"{step:+d}" for step in range(-4, 8)]
    assert nearest(told[:5], _AT) == []


def test_the_void_itself_is_no_witness_and_tells_its_range() -> None:
    itself = _at(0.01, "96", role="void", **_MINE)
    stranger = _at(0.01, "96", role="void")
    seen, told = others([stranger, itself], Seen(_AT, "96", "620001", *list(_MINE.values())[1:]))
    assert told == [stranger]
    assert seen.prefix == "62000177"


def test_without_a_witness_nothing_is_known() -> None:
    assert where([], _VOID) is None


def _before_and_after(well: dict[str, str], ill: dict[str, str], count: int = 5) -> list[Witness]:
    """Give traffic that passes, and a part of it that has failed since half a minute."""
    return [
        *(_at(-100.0 - step, **ill) for step in range(count)),
        *(_at(-30.0 + step, "96", **ill) for step in range(count)),
        *(_at(-30.5 + step, **well) for step in range(count)),
        *(_at(-60.5 + step, **_OTHER) for step in range(count)),
    ]


@pytest.mark.parametrize(
    ("part", "witnesses"),
    [
        ("issuer", [*(_at(-90.0 - n) for n in range(9)), *(_at(-9.0 + n, "96") for n in range(9))]),
        ("issuer", [_at(-9.0 + n, "") for n in range(6)]),
        ("range", _before_and_after(_OTHER, {**_OTHER, "prefix": "62000177"})),
        ("range", _before_and_after(_OTHER, {**_OTHER, "prefix": "62000171"})),
        ("shop", _before_and_after(_OTHER, {**_MINE, "prefix": "62000133", "terminal": "1"})),
        ("terminal", _before_and_after({**_MINE, "prefix": "62000133", "terminal": "1"},
                                       {**_MINE, "prefix": "62000133"})),
        ("voids", _before_and_after(_OTHER, {**_OTHER, "role": "void"})),
        ("software", _before_and_after(_OTHER, {**_OTHER, "software": "4.2"})),
        ("card", _before_and_after(_MINE, {**_MINE, "card": "1f"}, 2)),
        ("", [_at(-9.0 + n) for n in range(18)]),
        ("", [*(_at(-9.0 + n) for n in range(9)), _at(-20, "96"), *(_at(n) for n in range(9))]),
        ("partly", [_at(-60.0 + n, "96" if n % 5 < 3 else "00") for n in range(60)]),
    ],
)  # fmt: skip
def test_the_smallest_part_that_explains_who_fails_is_found(
    part: str, witnesses: list[Witness]
) -> None:
    found = where(witnesses, _VOID)
    assert found is not None
    assert found.part == part
    assert found.sure > 0.5


def test_an_outage_that_has_ended_before_says_less_than_one_that_lasts() -> None:
    ill = [_at(-120.0 + n, "96") for n in range(6)]
    over = where([*ill, *(_at(-60.0 + n) for n in range(12))], _VOID)
    lasting = where([*ill, *(_at(-60.0 + n, "96") for n in range(12))], _VOID)
    assert over is not None
    assert lasting is not None
    assert (over.part, lasting.part) == ("", "issuer")


def test_that_echoes_and_reversals_are_answered_hides_no_trouble() -> None:
    ill = [_at(-9.0 + n, "96") for n in range(6)]
    alive = [_at(-9.5 + n, role=role) for n in range(9) for role in ("echo", "reversal")]
    found = where([*ill, *alive], _VOID)
    assert found is not None
    assert (found.part, found.requests) == ("issuer", 6)
    silent = where([one._replace(code="") for one in alive], _VOID)
    assert silent is not None
    assert silent.part == "issuer"


def test_few_witnesses_make_nobody_sure() -> None:
    one = where([_at(-3, "96")], _VOID)
    assert one is not None
    assert one.sure < 0.8


def test_how_often_an_issuer_came_and_went_is_counted_in_runs() -> None:
    codes = ["00"] * 4 + ["96"] * 4 + ["00", "96", "00"] + ["00"] * 3 + [""] * 5
    told = [_at(-100.0 + number, code) for number, code in enumerate(codes)]
    assert turns(told, _AT) == 3
    assert turns(told[:4], _AT) == 0
