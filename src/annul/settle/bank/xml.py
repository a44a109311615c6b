"""XML of a bank, element by element: no document type, nothing fetched, nothing kept."""

from collections.abc import Collection, Iterator, Sequence
from html import escape
from io import BytesIO
from typing import Any, TypeAlias

import lxml.etree

from .rows import FileUnreadable

# An element: its name, with attributes after it if it has any, and its text or its elements.
Part: TypeAlias = "tuple[str, str | Sequence[Part]]"


def kind(content: bytes) -> str:
    """Give the message that a file holds by its namespace, as camt.053.001.08; none: nothing.

    A bank may put an envelope around it: what counts is the first element called Document.
    """
    for _, document in _parsed(content, ["Document"], "start"):
        return (lxml.etree.QName(document).namespace or "").rpartition(":")[2]
    return ""


def elements(content: bytes, names: Collection[str]) -> Iterator[tuple[str, Any]]:
    """Give the elements of these names as they end; raises `FileUnreadable`.

    The caller forgets what it has read, or it stays in memory.
    """
    for _, element in _parsed(content, names, "end"):
        yield lxml.etree.QName(element).localname, element


def text_at(element: Any, *paths: str) -> str:
    """Give the text at the first path that has one: names with / between, of any version."""
    for path in paths:
        names = "/".join(f"{{*}}{name}" for name in path.split("/"))
        if found := (element.findtext(names) or "").strip():
            return found
    return ""


def place(element: Any) -> str:
    """Say where an element stands."""
    return f"line {element.sourceline}"


def forget(element: Any) -> None:
    """Free what has been read: an element's content, and those of its name right before it."""
    element.clear()
    while (before := element.getprevious()) is not None and before.tag == element.tag:
        element.getparent().remove(before)


def written(part: Part) -> str:
    """Write an element."""
    name, content = part
    inner = escape(content) if isinstance(content, str) else "".join(map(written, content))
    return f"<{name}>{inner}</{name.partition(' ')[0]}>"


def _parsed(content: bytes, names: Collection[str], event: str) -> Iterator[tuple[str, Any]]:
    parser = lxml.etree.iterparse(
        BytesIO(content),
        events=(event,),
        tag=[f"{{*}}{name}" for name in names],
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        for found, element in parser:
            if element.getroottree().docinfo.doctype:
                message = "line 1: it has a document type, which no message of a bank has"
                raise FileUnreadable(message)
            yield found, element
    except lxml.etree.XMLSyntaxError as error:  # its words may tell what the file holds
        message = f"line {error.lineno}: not well-formed XML, or cut off"
        raise FileUnreadable(message) from None
