"""The picture of a chain: every box once, none on another, an arrow to each that refers to one."""

import re
from collections.abc import Iterator
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annul.console.transactions.picture import Box, picture, places

_SVG = "{http://www.w3.org/2000/svg}"


def box(key: str, parent: str = "", **changes: object) -> Box:
    values = {
        "kind": "sale",
        "state": "approved",
        "tone": "good",
        "amount": "CNY 100.00",
        "lines": ("RRN 405728049495", "11-25 12:00:00 · 00"),
        "there": f"/transactions/{key}",
    }
    return Box(key, parent, **(values | changes))  # pyright: ignore[reportArgumentType]


# A sale, a void that was reversed, a void that went through.
CHAIN = [
    box("sale"),
    box("void", "sale"),
    box("reversal", "void", there=""),
    box("again", "sale"),
]


def parsed(svg: str) -> ET.Element:
    return ET.fromstring(svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" '))


def rectangles(svg: str) -> Iterator[tuple[float, float, float, float]]:
    for one in parsed(svg).iter(f"{_SVG}rect"):
        if one.get("class", "").startswith("box"):
            x, y, width, height = (
                float(one.get(name, "")) for name in ("x", "y", "width", "height")
            )
            yield x, y, x + width, y + height


def test_a_line_goes_straight_on_and_what_else_refers_to_it_stands_below() -> None:
    found = places(CHAIN)
    assert {key: (one.column, one.row) for key, one in found.items()} == {
        "sale": (0, 0),
        "void": (1, 0),
        "reversal": (2, 0),
        "again": (1, 1),
    }


def test_what_refers_to_nothing_known_or_to_itself_begins_a_line() -> None:
    found = places([box("a", "gone"), box("b", "b"), box("c", "b")])
    assert {key: (one.column, one.row) for key, one in found.items()} == {
        "a": (0, 0),
        "b": (0, 1),
        "c": (1, 1),
    }


@pytest.mark.parametrize("narrow", [False, True])
def test_a_picture_has_a_title_a_description_and_an_arrow_for_each_reference(narrow: bool) -> None:
    svg = picture(CHAIN, "The chain", "1: sale. 2: void", narrow=narrow)
    root = parsed(svg)
    name = "narrow" if narrow else "wide"
    assert root.get("role") == "group", "its boxes are links"
    assert root.get("aria-labelledby") == f"chain-{name}-title chain-{name}-desc"
    assert [(one.get("id"), one.text) for one in root[:2]] == [
        (f"chain-{name}-title", "The chain"),
        (f"chain-{name}-desc", "1: sale. 2: void"),
    ]
    arrows = [one for one in root.iter(f"{_SVG}g") if one.get("class") == "arrow"]
    assert len(arrows) == 3
    assert len(list(rectangles(svg))) == 4


def test_the_one_that_is_looked_at_stands_out_and_leads_nowhere() -> None:
    svg = picture([box("sale"), box("void", "sale", here=True)], "t", "d")
    root = parsed(svg)
    here = [one for one in root.iter(f"{_SVG}rect") if one.get("class", "").endswith(" here")]
    assert len(here) == 1
    links = list(root.iter(f"{_SVG}a"))
    assert [one.get("href") for one in links] == ["/transactions/sale"]
    assert all(one.get("tabindex") == "-1" for one in links), "the list has them for the keyboard"


def test_colours_go_by_tone_not_by_words() -> None:
    svg = picture([box("sale", tone="bad", state="已拒绝")], "t", "d")
    assert re.findall(r'class="(box|edge|state) bad"', svg) == ["box", "edge", "state"]


def test_texts_are_escaped_and_long_ones_cut() -> None:
    svg = picture([box("x", kind="<b>&" + "k" * 60, lines=("'\"<i>",))], "a <t>", "d & d")
    root = parsed(svg)
    texts = [one.text or "" for one in root.iter(f"{_SVG}text")]
    assert texts[0].startswith("<b>&k")
    assert texts[0].endswith("…")
    assert len(texts[0]) <= 27
    assert texts[-1] == "'\"<i>"
    assert root[0].text == "a <t>"


def test_nothing_is_drawn_of_nothing() -> None:
    assert not list(rectangles(picture([], "t", "d")))


@st.composite
def chains(draw: st.DrawFn) -> list[Box]:
    """Give boxes in the order of time, each referring to an earlier one, to nothing or wildly."""
    size = draw(st.integers(0, 12))
    return [
        box(str(n), draw(st.sampled_from(["", "gone", *map(str, range(n))]))) for n in range(size)
    ]


@given(chains(), st.booleans())
def test_no_box_lies_on_another_and_all_lie_within(made: list[Box], narrow: bool) -> None:
    svg = picture(made, "t", "d", narrow=narrow)
    found = list(rectangles(svg))
    assert len(found) == len(made)
    _, _, width, height = map(float, parsed(svg).get("viewBox", "").split())
    for place, (left, top, right, bottom) in enumerate(found):
        assert left >= 0
        assert top >= 0
        assert right <= width
        assert bottom <= height
        for other in found[place + 1 :]:
            apart = right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top
            assert apart
