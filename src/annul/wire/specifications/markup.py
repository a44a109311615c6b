"""XML without what makes it dangerous: nothing is fetched, and no entity is ever put in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from .imported import SpecificationError

_LARGEST: Final = 4_000_000  # bytes
_DEEPEST: Final = 16


@dataclass(slots=True)
class Element:
    """An element with its attributes and those within it; text is left out."""

    name: str
    attributes: Mapping[str, str]
    line: int
    children: list["Element"] = field(default_factory=list["Element"])


def parse(data: bytes) -> Element:
    """Read a document; raises `SpecificationError` for what is none, or declares an entity."""
    if len(data) > _LARGEST:
        message = f"the file has more than {_LARGEST} bytes"
        raise SpecificationError(message)
    root = Element("", {}, 0)
    open_: list[Element] = [root]
    parser = expat.ParserCreate()
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)

    def start(name: str, attributes: dict[str, str]) -> None:
        if len(open_) > _DEEPEST:
            message = f"line {parser.CurrentLineNumber}: elements more than {_DEEPEST} deep"
            raise SpecificationError(message)
        element = Element(name, attributes, parser.CurrentLineNumber)
        open_[-1].children.append(element)
        open_.append(element)

    def end(name: str) -> None:
        del name
        open_.pop()

    def entity(*declared: object) -> None:
        message = f"line {parser.CurrentLineNumber}: it declares the entity {declared[0]}"
        raise SpecificationError(message)

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.EntityDeclHandler = entity
    try:
        parser.Parse(data, True)  # noqa: FBT003 - expat names it no other way
    except (expat.ExpatError, ValueError, LookupError) as error:
        message = f"this is no XML: {error}"
        raise SpecificationError(message) from None
    return root.children[0]
