"""The packager file of the Java standard (GenericPackager): from XML to a dialect."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from annul.wire.dialect import Dialect
from annul.wire.errors import DialectError
from annul.wire.field import FIXED, Arranged, Coding, Content, Field, Layout, Prefix

from .imported import Imported, SpecificationError, Unsaid
from .markup import Element, parse
from .packager_classes import BITMAPS, CLASSES, EMPTY, UNSAYABLE, Written
from .sound import check, named

# What has no effect on the bytes, or is looked at elsewhere.
_ATTRIBUTES: Final = frozenset(
    {"id", "length", "name", "class", "pad", "trim", "token", "packager", "tagMapper"}
    | {"emitBitmap", "bitmapField", "firstField", "maxValidField"}
)
_OF_VALUE: Final = frozenset({"inclusive", "params"})  # the others of a field with parts are theirs
_ATTRIBUTES_UNSAYABLE: Final = {
    "inclusive": "a length that counts itself",
    "headerLength": "bytes before the parts",
    "swapTagAndLen": "tags and lengths the other way round",
}
# Settings of the whole file: what each may be.
_SETTINGS: Final[Mapping[str, frozenset[str]]] = {
    "emitBitmap": frozenset({"true"}),
    "bitmapField": frozenset({"1"}),
    "firstField": frozenset({"2"}),
    "headerLength": frozenset({"0"}),
}
_HARMLESS: Final = frozenset({"maxValidField"})
_ROWS: Final = ("isofield", "isofieldpackager")
_TRACKS: Final = (35, 36)  # the classes for numbers take their separator as a digit
_MTI, _BITMAP, _LAST = 0, 1, 128
_ONE_BITMAP: Final = 8  # bytes
_MTIS: Final[Mapping[Coding, Coding]] = {Coding.LATIN_1: Coding.ASCII}


class _CannotSay(Exception):
    """A row, or a layout, for which the model has no words."""


@dataclass(slots=True)
class _Found:
    """What is gathered on the way."""

    rows: int = 0
    unsaid: list[Unsaid] = field(default_factory=list[Unsaid])


def read_packager(data: bytes, name: str) -> Imported:
    """Read a packager file as a dialect of that name.

    Raises `SpecificationError` for what is none, `DialectError` when no message could be written by
    what is left; rows that can not be said are listed.
    """
    root = parse(data)
    if root.name != "isopackager":
        message = f"an isopackager was expected, not {root.name}"
        raise SpecificationError(message)
    found = _Found()
    for setting in root.attributes.keys() - _HARMLESS:
        value = root.attributes[setting]
        if value not in _SETTINGS.get(setting, ()):
            found.unsaid.append(Unsaid("isopackager", f"{setting}={value!r}"))
    fields: dict[int, Field] = {}
    mti, bitmap, secondary = Coding.ASCII, Coding.BYTES, False
    for element in _elements(root):
        found.rows += _rows(element)
        number = _number(element)
        try:
            if number == _MTI:
                mti = _mti(element)
            elif number == _BITMAP:
                bitmap, secondary = _bitmap(element)
            else:
                row = _row(element, number, str(number), found)
                if row is not None:
                    check(name, row)
                    fields[number] = row
        except _CannotSay as error:
            found.unsaid += _all_of(element, str(error))
        except DialectError as error:
            found.unsaid += _all_of(element, f"{error.where}: {error.expected}")
    secondary = secondary or any(number > 64 for number in fields)
    dialect = Dialect(
        name,
        dict(sorted(fields.items())),
        mti=mti,
        bitmap=bitmap,
        secondary=secondary,
        mac_field=_mac_field(fields),
    )
    once = {(each.row, each.reason if each.row == root.name else ""): each for each in found.unsaid}
    return Imported(dialect, found.rows, tuple(once.values()))


def _mac_field(fields: Mapping[int, Field]) -> int:
    """Take the last field of a bitmap that can hold a MAC."""
    fits = [n for n in (128, 64) if n in fields and fields[n].content is Content.BINARY]
    return fits[0] if fits else 64


# Rows ------------------------------------------------------------------------------------------


def _elements(parent: Element) -> Iterator[Element]:
    return (child for child in parent.children if child.name in _ROWS)


def _rows(element: Element) -> int:
    return 1 + sum(map(_rows, _elements(element)))


def _all_of(element: Element, reason: str, where: str = "") -> Iterator[Unsaid]:
    """List a row that is left out, and all of its parts with it."""
    place = f"{where}{_number(element)}"
    yield Unsaid(place, reason)
    for child in _elements(element):
        yield from _all_of(child, "its field is left out", f"{place}.")


def _number(element: Element) -> int:
    return _whole(element, "id")


def _whole(element: Element, attribute: str) -> int:
    given = element.attributes.get(attribute, "")
    if not (given.isascii() and given.isdigit() and len(given) <= 6):
        message = f"line {element.line}: {attribute} is no number"
        raise SpecificationError(message)
    return int(given)


def _class(element: Element, attribute: str = "class") -> str:
    return element.attributes.get(attribute, "").rpartition(".")[2]


def _is_true(element: Element, attribute: str) -> bool:
    return element.attributes.get(attribute, "").lower() == "true"


def _know(element: Element, attributes: Iterable[str]) -> None:
    """Refuse an attribute that may change the bytes, in a way that is not known here."""
    for attribute in sorted(set(attributes) & (element.attributes.keys() - _ATTRIBUTES)):
        value = element.attributes[attribute]
        if value.lower() not in {"false", "0"}:
            message = f"{attribute}={value!r}: {_ATTRIBUTES_UNSAYABLE.get(attribute, 'not known')}"
            raise _CannotSay(message)


def _written(element: Element) -> Written:
    _know(element, _OF_VALUE if element.name == "isofieldpackager" else element.attributes.keys())
    name = _class(element)
    if name in UNSAYABLE:
        message = f"{name}: {UNSAYABLE[name]}"
        raise _CannotSay(message)
    if name not in CLASSES:
        message = f"{name or 'no class'}: a class that annul does not know"
        raise _CannotSay(message)
    return CLASSES[name]


def _mti(element: Element) -> Coding:
    written = _written(element)
    if written.prefix.width or _whole(element, "length") != 4:
        raise _CannotSay("a message type of four digits, without a length")
    return _MTIS.get(written.coding, written.coding)


def _bitmap(element: Element) -> tuple[Coding, bool]:
    name = _class(element)
    if name not in BITMAPS:
        message = f"{name}: a bitmap that annul does not know"
        raise _CannotSay(message)
    size = _whole(element, "length")
    if size not in {_ONE_BITMAP, 2 * _ONE_BITMAP}:
        message = f"a bitmap of {size} bytes; 8, or 16 with the second one"
        raise _CannotSay(message)
    return BITMAPS[name], size > _ONE_BITMAP


def _row(element: Element, number: int, where: str, found: _Found) -> Field | None:
    """Make the row of a field; None for one that is never there."""
    if _class(element) in EMPTY:
        return None
    if number > _LAST:
        raise _CannotSay("fields go up to 128")
    written = _written(element)
    if written.tag.width:
        raise _CannotSay("a part with a tag, outside of a field")
    numbers = written.content is Content.DIGITS and written.prefix.width
    track = "." not in where and number in _TRACKS and bool(numbers)
    row = _field(element, number, written)
    return Field(
        number,
        Content.TRACK if track else row.content,
        row.size,
        row.prefix,
        row.coding,
        row.pad,
        row.fill,
        separator="=" if track and not row.packed else "D",
        layout=_layout(element, where, found),
        name=row.name,
    )


def _field(element: Element, number: int, written: Written, prefix: Prefix | None = None) -> Field:
    prefix = written.prefix if prefix is None else prefix
    return Field(
        number,
        written.content,
        _whole(element, "length"),
        prefix,
        written.coding,
        written.pad_left if _is_true(element, "pad") else written.pad,
        "" if written.tag.width else written.fill,
        name=named(element.attributes.get("name", "")),
    )


# Parts -----------------------------------------------------------------------------------------


def _layout(element: Element, where: str, found: _Found) -> Layout | None:
    """Make the layout of an `isofieldpackager`; a field whose parts can not be said has none."""
    if element.name != "isofieldpackager":
        return None
    children = sorted(_elements(element), key=_number)
    unsaid: list[Unsaid] = []
    try:
        return _arranged(element, children, where, unsaid, found)
    except (_CannotSay, DialectError) as error:
        reason = error.expected if isinstance(error, DialectError) else str(error)
        listed = {each.row: each for each in unsaid}
        for child in children:
            row = f"{where}.{_number(child)}"
            listed.setdefault(row, Unsaid(row, f"its neighbours have no layout: {reason}"))
        unsaid[:] = listed.values()
        return None
    finally:
        found.unsaid += unsaid


def _arranged(
    element: Element, children: Sequence[Element], where: str, unsaid: list[Unsaid], found: _Found
) -> Layout:
    _know(element, element.attributes.keys() - _OF_VALUE)
    packager = _class(element, "packager")
    bitmaps = [child for child in children if _class(child) in BITMAPS]
    if bitmaps and element.attributes.get("emitBitmap", "true").lower() == "true":
        parts = [child for child in children if child not in bitmaps]
        return _bitmapped(bitmaps[0], parts, where, unsaid, found)
    if any(map(_is_tagged, children)) and packager in _BEHIND_TAGS:
        if not element.attributes.get("tagMapper", "DecimalTagMapper").endswith("DecimalTagMapper"):
            raise _CannotSay("tags by a table of their own")
        return _tagged(children, where, unsaid, may_lead=packager in _LEADS)
    if packager not in _IN_TURN:
        message = f"{packager}: a packager of parts that annul does not know"
        raise _CannotSay(message)
    parts = _parts(children, where, unsaid, found)
    if unsaid:
        raise _CannotSay("one of them can not be said, and those behind it stand where it ends")
    return Layout(Arranged.IN_TURN, tuple(parts))


_IN_TURN: Final = frozenset({"GenericSubFieldPackager", "GenericPackager", "Base1SubFieldPackager"})
_LEADS: Final = frozenset({"EuroSubFieldPackager", "MasterCardEBCDICSubFieldPackager"})
_BEHIND_TAGS: Final = _IN_TURN | _LEADS | {"GICCSubFieldPackager", "GenericTaggedFieldsPackager"}


def _parts(
    children: Sequence[Element], where: str, unsaid: list[Unsaid], found: _Found
) -> list[Field]:
    def whole(child: Element) -> Field | None:
        return _row(child, _number(child), f"{where}.{_number(child)}", found)

    return _each(children, where, unsaid, whole)


def _each(
    children: Sequence[Element],
    where: str,
    unsaid: list[Unsaid],
    make: Callable[[Element], Field | None],
) -> list[Field]:
    rows: list[Field] = []
    for child in children:
        try:
            row = make(child)
            if row is not None:
                check("", row)
                rows.append(row)
        except _CannotSay as error:
            unsaid.append(Unsaid(f"{where}.{_number(child)}", str(error)))
        except DialectError as error:
            unsaid.append(Unsaid(f"{where}.{_number(child)}", error.expected))
    return rows


def _bitmapped(
    bitmap: Element,
    children: Sequence[Element],
    where: str,
    unsaid: list[Unsaid],
    found: _Found,
) -> Layout:
    size = _whole(bitmap, "length")
    if BITMAPS[_class(bitmap)] is not Coding.BYTES or size > 16:
        unsaid.append(
            Unsaid(f"{where}.{_number(bitmap)}", "a bitmap of parts in bytes, 16 at most")
        )
        raise _CannotSay("the bitmap of the parts")
    return Layout(Arranged.BITMAPPED, tuple(_parts(children, where, unsaid, found)), bitmap=size)


def _tagged(
    children: Sequence[Element], where: str, unsaid: list[Unsaid], *, may_lead: bool
) -> Layout:
    """Make a layout of parts with tags; one without a tag that stands before them is the head."""
    first = next(CLASSES[_class(c)] for c in children if _is_tagged(c))
    head: Field | None = None
    tagged = list(children)
    if not _is_tagged(tagged[0]) and _class(tagged[0]) in CLASSES:
        if not may_lead:
            raise _CannotSay("what stands before the tags, and only sometimes")
        begin = tagged.pop(0)
        head = _field(begin, 0, CLASSES[_class(begin)])
    elif _class(tagged[0]) in UNSAYABLE:
        _written(tagged[0])

    def part(child: Element) -> Field | None:
        written = _written(child)
        if not _whole(child, "length"):  # a tag that is read and never written: as an unknown one
            return None
        same = (written.tag, written.prefix, written.length_first)
        if same != (first.tag, first.prefix, first.length_first):
            raise _CannotSay("tag and length stand otherwise than those of its neighbours")
        return _field(child, _number(child), written, FIXED)

    rows = _each(tagged, where, unsaid, part)
    return Layout(
        Arranged.TAGGED,
        tuple(rows),
        tag=first.tag,
        length=first.prefix,
        length_first=first.length_first,
        head=head,
    )


def _is_tagged(element: Element) -> bool:
    name = _class(element)
    return name in CLASSES and bool(CLASSES[name].tag.width)
