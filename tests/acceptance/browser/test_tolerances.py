"""A difference of money is accepted by a rule of two people; a file is matched anew by it."""

from collections.abc import Iterator
from typing import Final

import pytest

from . import cleared
from .house import House, Person, home_of, person

_FIELDS: Final = {"Up to (minor units)": "600", "Most for a day (minor units)": "1000"}


@pytest.fixture(scope="module")
def home() -> Iterator[House]:
    with home_of() as opened:
        for name in ("olga", "oscar"):
            opened.add(name, "operator")
        opened.pos("sale", "35.00")
        yield opened


def _does(who: Person, reason: str) -> None:
    who.fill(".q-dialog textarea", reason)
    who.press(".q-dialog .q-btn.primary")
    who.until(lambda: not who.find_all(".q-dialog"), "the dialog closed")


def test_a_difference_is_accepted_by_two_and_seen_with_who_bears_it(home: House) -> None:
    file, _ = cleared.commit(home)
    with person(home) as olga:
        olga.sign_in("olga")
        olga.open("/clearing/rules")
        olga.reads("Money has no tolerance", "main")
        olga.press_text("Accept a difference")
        for label, value in _FIELDS.items():
            olga.fill(f".q-dialog input[aria-label^='{label}']", value)
        _does(olga, "as we agreed with them")
        olga.reads("Awaiting second approval", "main")
        olga.reads("amount, any issuer: up to CNY 6.00", "table.rules")
        assert olga.complaints() == []
    with person(home, language="zh") as oscar:
        oscar.sign_in("oscar")
        oscar.open("/clearing/rules")
        oscar.press_text("作为第二人复核")
        _does(oscar, "核对无误")
        oscar.reads("清算差额", "table.tolerances")
        oscar.open(f"/clearing/{file}/again")
        oscar.reads("容差内一致", "table.changes")
        oscar.reads("清算差额", "table.changed")
        oscar.press_text("按此重新勾对")
        _does(oscar, "规则已改")
        assert "-¥5.00" in oscar.reads("清算差额", "#accepted")
        assert oscar.complaints() == []
    with person(home) as olga:
        olga.sign_in("olga")
        olga.open("/clearing/rules")
        olga.press_text("End it")
        _does(olga, "no longer agreed")
        olga.reads("Money has no tolerance", "main")  # what accepts less takes nobody else
        olga.open(f"/clearing/{file}")
        shown = olga.reads("Accepted within tolerance: 1", "#accepted")
        assert "35.00" in shown
        assert "30.00" in shown
        assert olga.complaints() == []
