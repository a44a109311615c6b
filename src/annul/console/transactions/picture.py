"""The chain of a transaction as a picture: boxes with arrows from each to what refers to it.

Pure: an SVG as text, its colours those of the page. A wide one goes from left to right, a narrow
one from top to bottom, as a phone needs it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from annul.console.frame.markup import Html, join, tag

_WIDTH, _HEIGHT = 216, 96
_GAP_X, _GAP_Y = 56, 18
_INDENT: Final = 26  # how far a narrow picture moves in by generation
_EDGE: Final = 6
_LETTERS: Final = 27  # that fit into a box
_ARROW: Final = 7


@dataclass(frozen=True, slots=True)
class Box:
    """One transaction or reversal; `parent` is the key of what it refers to.

    `tone` is its colour: good, bad, warn, info or nothing. `lines` stand below kind and state.
    """

    key: str
    parent: str
    kind: str
    state: str
    tone: str
    amount: str
    lines: tuple[str, ...] = ()
    there: str = ""
    here: bool = False  # the one that is looked at


@dataclass(frozen=True, slots=True)
class Place:
    """Where a box stands: its generation and its row."""

    column: int
    row: int


def places(boxes: Sequence[Box]) -> dict[str, Place]:
    """Give each box a place: the first child beside its parent, the others below, none on another.

    A box whose parent is not there begins a line of its own. Boxes come in the order of time.
    """
    known = {box.key for box in boxes}
    children: dict[str, list[Box]] = {}
    for box in boxes:
        parent = box.parent if box.parent in known and box.parent != box.key else ""
        children.setdefault(parent, []).append(box)
    found: dict[str, Place] = {}
    row = 0
    waiting = [(box, 0) for box in reversed(children.get("", []))]
    while waiting:
        box, column = waiting.pop()
        found[box.key] = Place(column, row)
        below = children.get(box.key, [])
        waiting += [(child, column + 1) for child in reversed(below)]
        row += not below
    return found


def picture(
    boxes: Sequence[Box], title: str, described: str, of: str = "chain", *, narrow: bool = False
) -> Html:
    """Draw boxes and arrows; `title` and `described` are what is read out, `of` names its ids."""
    found = places(boxes)
    corners = _narrow(boxes, found) if narrow else _wide(found)
    width = max((x for x, _ in corners.values()), default=0) + _WIDTH + _EDGE
    height = max((y for _, y in corners.values()), default=0) + _HEIGHT + _EDGE
    way = "narrow" if narrow else "wide"
    name = f"{of}-{way}"
    arrows = [
        _arrow(corners[box.parent], corners[box.key], narrow=narrow)
        for box in boxes
        if box.parent in corners and box.parent != box.key
    ]
    return tag(
        "svg",
        tag("title", title, id=f"{name}-title"),
        tag("desc", described, id=f"{name}-desc"),
        *arrows,
        *(_box(box, corners[box.key]) for box in boxes),
        viewBox=f"0 0 {width} {height}",
        style=f"width: {width}px; height: {height}px",
        role="group",
        aria_labelledby=f"{name}-title {name}-desc",
        cls=f"chain {way}",
    )


def _wide(found: Mapping[str, Place]) -> dict[str, tuple[int, int]]:
    return {
        key: (_EDGE + place.column * (_WIDTH + _GAP_X), _EDGE + place.row * (_HEIGHT + _GAP_Y))
        for key, place in found.items()
    }


def _narrow(boxes: Iterable[Box], found: Mapping[str, Place]) -> dict[str, tuple[int, int]]:
    """Let every box have a row of its own, moved in by its generation, parents above children."""
    order = sorted(found, key=lambda key: (found[key].row, found[key].column))
    assert len(order) == len({box.key for box in boxes}), "every box has a place"
    return {
        key: (_EDGE + found[key].column * _INDENT, _EDGE + number * (_HEIGHT + _GAP_Y))
        for number, key in enumerate(order)
    }


def _arrow(parent: tuple[int, int], child: tuple[int, int], *, narrow: bool) -> Html:
    """Draw a line with one bend from a box to what refers to it, and its head."""
    if narrow:
        x, y = parent[0] + _INDENT // 2, parent[1] + _HEIGHT
        to_x, to_y = child[0], child[1] + _HEIGHT // 2
        path = f"M{x} {y}V{to_y - 8}Q{x} {to_y} {min(x + 8, to_x)} {to_y}H{to_x - _ARROW}"
    else:
        x, y = parent[0] + _WIDTH, parent[1] + _HEIGHT // 2
        to_x, to_y = child[0], child[1] + _HEIGHT // 2
        turn = to_x - _GAP_X // 2
        path = f"M{x} {y}H{to_x - _ARROW}"
        if to_y != y:
            path = (
                f"M{x} {y}H{turn - 8}Q{turn} {y} {turn} {y + 8}V{to_y - 8}"
                f"Q{turn} {to_y} {turn + 8} {to_y}H{to_x - _ARROW}"
            )
    head = f"M{to_x} {to_y}l-{_ARROW} -{_ARROW // 2 + 1}v{_ARROW + 1}z"
    return tag("g", tag("path", d=path, cls="line"), tag("path", d=head, cls="tip"), cls="arrow")


def _box(box: Box, corner: tuple[int, int]) -> Html:
    x, y = corner
    here = " here" if box.here else ""
    texts = [
        tag("text", _short(line), x=x + 16, y=y + 62 + place * 18, cls="small")
        for place, line in enumerate(box.lines[:2])
    ]
    drawn = join(
        (
            tag("rect", x=x, y=y, width=_WIDTH, height=_HEIGHT, rx=8, cls=f"box {box.tone}{here}"),
            tag("rect", x=x, y=y + 10, width=4, height=_HEIGHT - 20, rx=2, cls=f"edge {box.tone}"),
            tag("text", _short(box.kind), x=x + 16, y=y + 23, cls="kind"),
            tag("text", box.state, x=x + 16, y=y + 42, cls=f"state {box.tone}"),
            tag("text", box.amount, x=x + _WIDTH - 12, y=y + 42, text_anchor="end", cls="amount"),
            *texts,
        )
    )
    if not box.there or box.here:
        return tag("g", drawn)
    # The list beside the picture has the same links for the keyboard.
    return tag("a", drawn, href=box.there, tabindex="-1")


def _short(text: str) -> str:
    return text if len(text) <= _LETTERS else f"{text[: _LETTERS - 1]}…"
