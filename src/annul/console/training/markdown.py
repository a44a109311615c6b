"""Short Markdown as markup: paragraphs, lists, bold, code. Whatever else stands there is text."""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from annul.console.frame.markup import Html, join, tag

_INLINE: Final = re.compile(r"\*\*(?P<b>.+?)\*\*|`(?P<code>.+?)`")
_ITEM: Final = re.compile(r"(?P<mark>-|\d+\.) (?P<text>.*)")


def markdown(text: str) -> Html:
    """Build it; everything is escaped."""
    blocks = re.split(r"\n\s*\n", text.strip())
    return join(part for block in blocks for part in _block(block.splitlines()))


def _block(lines: list[str]) -> Iterator[Html]:
    """Build the paragraphs and lists of a block."""
    for kind, group in groupby(lines, _kind):
        if kind == "p":
            yield tag("p", _broken(group))
        else:
            yield tag(kind, *(tag("li", _inline(_said(line))) for line in group))


def _kind(line: str) -> str:
    found = _ITEM.fullmatch(line.strip())
    if found is None:
        return "p"
    return "ul" if found["mark"] == "-" else "ol"


def _said(line: str) -> str:
    found = _ITEM.fullmatch(line.strip())
    return found["text"] if found else line


def _broken(lines: Iterable[str]) -> Html:
    """Put lines beneath each other where they are code, else behind each other."""
    shown: list[object] = []
    for line in map(str.strip, lines):
        if shown:
            shown.append(tag("br") if line.startswith("`") else " ")
        shown.append(_inline(line))
    return join(shown)


def _inline(text: str) -> Html:
    parts: list[object] = []
    at = 0
    for found in _INLINE.finditer(text):
        kind = "b" if found["b"] else "code"
        parts += [text[at : found.start()], tag(kind, found[kind])]
        at = found.end()
    return join([*parts, text[at:]])
