"""Turns rows of a dialect into straight-line Python: one set of functions per shape.

A shape is the list of fields that a bitmap names. For each shape three functions are generated:
`locate` finds where each field begins, `read` takes all values, `write` puts them together.
Neighbours of fixed length are converted in one go, which is where most of the speed comes from.
Generated code only says that something is wrong; `shape` finds out what, field by field. A run of
neighbours is exact about how odd digits are filled; a field alone takes whatever peers fill with.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final

from .field import Coding, Content, Counts, Field, Pad, Prefix

Locate = Callable[[bytes, int], tuple[int, ...]]
Read = Callable[[bytes, Sequence[int]], dict[int, Any]]
Write = Callable[[bytes, Mapping[int, Any]], bytes]

_WRONG: Final = -1_000_000
# Value of a packed two-digit byte; far below zero for a byte that is not two digits.
_TENS: Final = tuple(
    (byte >> 4) * 10 + (byte & 15) if byte >> 4 < 10 and byte & 15 < 10 else _WRONG
    for byte in range(256)
)
_TABLED: Final = 10_000  # lengths below this are looked up, not made


def _number(digits: bytes) -> int:
    return int(digits) if digits.isdigit() else _WRONG


def _number_ebcdic(digits: bytes) -> int:
    return _number(digits.decode("cp037").encode("ascii", "replace"))


_SCOPE: Final[dict[str, Any]] = {
    "tens": _TENS,
    "fromhex": bytes.fromhex,
    "frombytes": int.from_bytes,
    "number": _number,
    "number_ebcdic": _number_ebcdic,
}


def _build(name: str, source: list[str], **names: object) -> Any:
    scope: dict[str, Any] = {**_SCOPE, **names}
    exec("\n".join(source), scope)  # noqa: S102 - generated from rows of a table only
    return scope.pop(name)  # not in its own scope, so that it goes with the last shape to use it


# Locating ----------------------------------------------------------------------------------


def locate(fields: Sequence[Field]) -> Locate:
    """Generate `locate(data, offset)`: start and units of each field in turn, then the end.

    It raises `ValueError` or `IndexError` when a length is wrong; the end may lie beyond the data.
    """
    body = ["def locate(d, o):"]
    found: list[str] = []
    base, ahead = "o", 0
    for field in fields:
        if field.fixed:
            found += [f"{base} + {ahead}" if ahead else base, str(field.size)]
            ahead += field.width(field.size)
            continue
        n = field.number
        body += [
            f" s{n} = {base} + {ahead + field.prefix.bytes}",
            f" u{n} = {_length_at(field)}",
            *_as_units(field),
            f" o{n} = s{n} + {_width(field, f'u{n}')}",
        ]
        found += [f"s{n}", f"u{n}"]
        base, ahead = f"o{n}", 0
    body.append(f" return ({', '.join([*found, f'{base} + {ahead}'])},)")
    return _build("locate", body)


def _length_at(field: Field) -> str:
    start, width = f"s{field.number}", field.prefix.bytes
    match field.prefix.coding:
        case Coding.PACKED:
            at = [f"tens[d[{start} - {place}]]" for place in range(width, 0, -1)]
            return " + ".join(
                f"{one} * {100 ** (width - 1 - i)}" if i < width - 1 else one
                for i, one in enumerate(at)
            )
        case Coding.BYTES:
            return f"frombytes(d[{start} - {width}:{start}], 'big')"
        case Coding.EBCDIC:
            return f"number_ebcdic(d[{start} - {width}:{start}])"
        case _:
            return f"number(d[{start} - {width}:{start}])"


def _as_units(field: Field) -> list[str]:
    """Turn bytes on the wire into digits or bytes where the length counts them; test the size."""
    u, size = f"u{field.number}", field.size
    body: list[str] = []
    if field.prefix.counts is Counts.WIRE and field.packed:
        signed = field.content is Content.SIGNED
        body.append(f" {u} = {u} * 2{f' - 1 if {u} else 0' if signed else ''}")
        size = 2 * field.width(size) - signed
    elif field.prefix.counts is Counts.WIRE and field.in_hex:
        body += [f" if {u} & 1: raise ValueError", f" {u} >>= 1"]
    return [*body, f" if not 0 <= {u} <= {size}: raise ValueError"]


def _width(field: Field, units: str) -> str:
    if field.packed:
        if field.content is Content.SIGNED:
            return f"({units} // 2 + 1 if {units} else 0)"
        return f"({units} + 1 >> 1)"
    return f"2 * {units}" if field.in_hex else units


# Groups ------------------------------------------------------------------------------------


def _groups(fields: Sequence[Field]) -> list[list[tuple[int, Field]]]:
    """Split a shape into runs that are converted in one go; the index is that in the shape."""
    groups: list[list[tuple[int, Field]]] = []
    last = ""
    for index, field in enumerate(fields):
        kind = _run_of(field)
        if kind and kind == last:
            groups[-1].append((index, field))
        else:
            groups.append([(index, field)])
        last = kind
    return groups


_WHOLE: Final = (Pad.RIGHT_0, Pad.LEFT_0)
_SINGLE_BYTES: Final = (Coding.ASCII, Coding.LATIN_1, Coding.EBCDIC)


def _run_of(field: Field) -> str:
    if not field.fixed:
        return ""
    if field.packed:
        whole = field.content is Content.DIGITS and field.pad in _WHOLE
        return "packed" if whole else ""
    text = field.content in {Content.DIGITS, Content.TEXT} and field.coding in _SINGLE_BYTES
    return field.coded.charset if text else ""


# Reading -----------------------------------------------------------------------------------


def read(fields: Sequence[Field]) -> Read:
    """Generate `read(data, found)`: all values by number; raises `ValueError` for a wrong one."""
    groups = _groups(fields)
    body = ["def read(d, s):"]
    # One conversion of all bytes is cheaper than one for each packed field.
    at_once = sum(group[0][1].packed for group in groups) > 1
    if at_once:
        body.append(" x = d.hex()")
    for group in groups:
        index, field = group[0]
        run = _run_of(field)
        if run == "packed" and len(fields) > 1:
            body += _read_packed(group, at_once=at_once)
        elif run and run != "packed":
            body += _read_text(group)
        else:
            body += _read_single(index, field, at_once=at_once)
    values = ", ".join(f"{field.number}: v{field.number}" for field in fields)
    body.append(f" return {{{values}}}")
    return _build("read", body)


def _read_packed(group: Sequence[tuple[int, Field]], *, at_once: bool) -> list[str]:
    width = sum(field.width(field.size) for _, field in group)
    whole = f"x[a + a:a + a + {2 * width}]" if at_once else f"d[a:a + {width}].hex()"
    body = [f" a = s[{2 * group[0][0]}]", f" h = {whole}"]
    body.append(" if not h.isdigit(): raise ValueError")
    at = 0
    for _, field in group:
        size = field.size
        if size % 2:
            left = field.pad is Pad.LEFT_0
            body.append(f" if h[{at if left else at + size}] != '0': raise ValueError")
            start = at + 1 if left else at
        else:
            start = at
        body.append(f" v{field.number} = h[{start}:{start + size}]")
        at += 2 * field.width(size)
    return body


def _read_text(group: Sequence[tuple[int, Field]]) -> list[str]:
    width = sum(field.size for _, field in group)
    charset = group[0][1].coded.charset
    body = [f" a = s[{2 * group[0][0]}]", f" t = d[a:a + {width}].decode('{charset}')"]
    at = 0
    for _, field in group:
        body.append(f" v{field.number} = t[{at}:{at + field.size}]")
        at += field.size
    # Digits are looked at below.
    if any(field.content is Content.TEXT and not field.nul for _, field in group):
        body.append(" if '\\0' in t: raise ValueError")
    digits = [f"v{field.number}" for _, field in group if field.content is Content.DIGITS]
    if digits:
        body.append(f" if not ({' + '.join(digits)}).isdecimal(): raise ValueError")
    return body


def _read_single(index: int, field: Field, *, at_once: bool) -> list[str]:
    v = f"v{field.number}"
    u = f"{field.size}" if field.fixed else f"s[{2 * index + 1}]"
    body = [f" a = s[{2 * index}]"]
    if field.packed:
        body += [f" u = {u}", *_read_digits(field, v, at_once=at_once)]
        return [*body, *_refuse_unless(field, v)]
    charset = field.coded.charset
    if field.in_hex:
        body.append(f" {v} = fromhex(d[a:a + 2 * {u}].decode('{charset}'))")
        return [*body, f" if len({v}) != {u}: raise ValueError"]
    if field.content is Content.BINARY:
        return [*body, f" {v} = d[a:a + {u}]"]
    body.append(f" {v} = d[a:a + {u}].decode('{charset}')")
    if field.content is Content.TRACK:
        body.append(f" {v} = {v}.upper().replace('=', 'D')")
    return [*body, *_refuse_unless(field, v)]


def _read_digits(field: Field, v: str, *, at_once: bool) -> list[str]:
    """Take packed digits without what fills their last byte; a sign goes before them."""
    signed = field.content is Content.SIGNED
    body: list[str] = []
    if signed:
        body += [" g = d[a:a + 1].decode('ascii') if u else ''", " a += 1", " u -= 1 if u else 0"]
    body.append(
        f" {v} = x[a + a:a + a + u + (u & 1)]" if at_once else f" {v} = d[a:a + (u + 1 >> 1)].hex()"
    )
    left = field.pad.value[0] == "left"
    if field.prefix.counts is Counts.WIRE and not field.fixed:
        odd = f"{v}[:1] == 'f'" if left else f"{v}[-1:] == 'f'"
        body.append(f" if {odd}: {v} = {v}[1:]" if left else f" if {odd}: {v} = {v}[:-1]")
    else:
        filled, rest = ("0", f"{v}[1:]") if left else ("u", f"{v}[:u]")
        body += [
            " if u & 1:",
            f"  if {v}[{filled}] not in '0f': raise ValueError",
            f"  {v} = {rest}",
        ]
    if field.content is Content.TRACK:
        body.append(f" {v} = {v}.upper()")
    return [*body, f" {v} = g + {v}"] if signed else body


def _refuse_unless(field: Field, v: str) -> list[str]:
    """Give the test of what a value of this content must be."""
    match field.content:
        case Content.DIGITS:
            return [f" if {v} and not {v}.isdecimal(): raise ValueError"]
        case Content.TRACK:
            return [f" if not {v}.replace('D', '0').isdecimal() and {v}: raise ValueError"]
        case Content.SIGNED:
            wrong = f"{v}[0] not in 'CD+-' or not {v}[1:].isdecimal()"
            return [f" if {v} and ({wrong}): raise ValueError"]
        case _:
            return [] if field.nul else [f" if '\\0' in {v}: raise ValueError"]


# Writing -----------------------------------------------------------------------------------


@cache
def _lengths(prefix: Prefix, most: int) -> Sequence[bytes]:
    """Give every length up to `most`, as it is written."""
    return tuple(_length(prefix, units) for units in range(min(prefix.largest, most) + 1))


def _length(prefix: Prefix, units: int) -> bytes:
    match prefix.coding:
        case Coding.PACKED:
            return bytes.fromhex(f"{units:0{2 * prefix.bytes}d}")
        case Coding.BYTES:
            return units.to_bytes(prefix.width, "big")
        case _:
            return f"{units:0{prefix.width}d}".encode(prefix.coding.charset)


def write(fields: Sequence[Field]) -> Write:
    """Generate `write(head, values)`: the message; raises some exception for a wrong value."""
    body = ["def write(head, f):"]
    pieces = ["head"]
    names: dict[str, object] = {"length": _length}
    for position, group in enumerate(_groups(fields)):
        field = group[0][1]
        run = _run_of(field)
        if run == "packed":
            body += _write_packed(position, group)
        elif run:
            body += _write_text(position, group)
        else:
            body += _write_single(position, field)
            if not field.fixed:
                n = field.number
                most = max(field.size, field.width(field.size))
                tabled = min(field.prefix.largest, most) < _TABLED
                shared = (1 << most.bit_length()) - 1  # by fields of like size
                names[f"l{n}"] = _lengths(field.prefix, shared) if tabled else field.prefix
                u = f"u{position}"
                pieces.append(f"l{n}[{u}]" if tabled else f"length(l{n}, {u})")
        pieces.append(f"p{position}")
    body.append(f" return b''.join(({', '.join(pieces)},))")
    return _build("write", body, **names)


def _write_packed(position: int, group: Sequence[tuple[int, Field]]) -> list[str]:
    body, parts, wrong = _taken(group)
    for index, (_, field) in enumerate(group):
        if field.size % 2:
            left = field.pad is Pad.LEFT_0
            parts[index] = f"'0' + {parts[index]}" if left else f"{parts[index]} + '0'"
    body.append(f" h = {' + '.join(parts)}")
    body.append(f" if {wrong} or not h.isdecimal(): raise ValueError")
    return [*body, f" p{position} = fromhex(h)"]


def _write_text(position: int, group: Sequence[tuple[int, Field]]) -> list[str]:
    body, parts, wrong = _taken(group)
    digits = [f"v{field.number}" for _, field in group if field.content is Content.DIGITS]
    if digits:
        wrong += f" or not ({' + '.join(digits)}).isdecimal()"
    if any(field.content is Content.TEXT and not field.nul for _, field in group):
        wrong += " or '\\0' in t"
    body += [f" t = {' + '.join(parts)}", f" if {wrong}: raise ValueError"]
    return [*body, f" p{position} = t.encode('{group[0][1].coded.charset}')"]


def _taken(group: Sequence[tuple[int, Field]]) -> tuple[list[str], list[str], str]:
    """Take the values of a run: the lines, the names, and the test of their lengths."""
    names = [f"v{field.number}" for _, field in group]
    body = [f" v{field.number} = {_filled(field)}" for _, field in group]
    wrong = " or ".join(f"len(v{field.number}) != {field.size}" for _, field in group)
    return body, names, wrong


def _filled(field: Field) -> str:
    """Give a value as long as its field, where the row says what fills it up."""
    value = f"f[{field.number}]"
    if not field.fill or not field.fixed:
        return value
    if field.content is Content.SIGNED:
        return f"{value}[:1] + {value}[1:].rjust({field.size - 1}, {field.fill!r})"
    side = "ljust" if field.content is Content.TEXT else "rjust"
    return f"{value}.{side}({field.size}, {field.fill!r})"


def _write_single(position: int, field: Field) -> list[str]:
    p, u = f"p{position}", f"u{position}"
    fits = f"{u} != {field.size}" if field.fixed else f"{u} > {field.size}"
    gbk = field.coding is Coding.GBK  # its size is in bytes, so it is filled once it is encoded
    body = [f" v = f[{field.number}]" if gbk else f" v = {_filled(field)}"]
    if field.content is Content.BINARY:
        # Not `bytes(v)`: of a number it makes so many zeros, or takes all memory.
        body += [f" {p} = v if type(v) is bytes else b''.join((v,))", f" {u} = len({p})"]
        body.append(f" if {fits}: raise ValueError")
        if field.in_hex:
            body.append(f" {p} = {p}.hex().upper().encode('{field.coded.charset}')")
    elif field.packed:
        body += [f" {u} = len(v)", *_refuse_unless(field, "v"), f" if {fits}: raise ValueError"]
        body += _write_digits(field, p)
    else:
        body += _refuse_unless(field, "v")
        if field.content is Content.TRACK and field.separator != "D":
            body.append(f" v = v.replace('D', {field.separator!r})")
        body.append(f" {p} = v.encode('{field.coded.charset}')")
        if gbk and field.fill and field.fixed:
            body.append(f" {p} = {p}.ljust({field.size})")
        body += [f" {u} = len({p})", f" if {fits}: raise ValueError"]
    if field.prefix.counts is Counts.WIRE and not field.fixed:
        body.append(f" {u} = len({p})")
    return body


def _write_digits(field: Field, p: str) -> list[str]:
    side, fill = field.pad.value
    if field.content is Content.SIGNED:
        whole = f"'{fill}' + v[1:]" if side == "left" else f"v[1:] + '{fill}'"
        digits = f"{whole} if len(v) & 1 == 0 else v[1:]"
        return [f" {p} = v[:1].encode('ascii') + fromhex({digits}) if v else b''"]
    padded = f"'{fill}' + v" if side == "left" else f"v + '{fill}'"
    return [f" {p} = fromhex({padded} if len(v) & 1 else v)"]
