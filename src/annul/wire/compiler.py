"""Turns rows of a dialect into straight-line Python: one set of functions per shape.

A shape is the list of fields that a bitmap names. For each shape three functions are generated:
`locate` finds where each field begins, `read` takes all values, `write` puts them together.
Neighbours of fixed length are converted in one go, which is where most of the speed comes from.
Generated code only says that something is wrong; `faults` finds out what.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from .field import Content, Field, FieldForm, Pad, Prefix

Locate = Callable[[bytes, int], tuple[int, ...]]
Read = Callable[[bytes, Sequence[int]], dict[int, Any]]
Write = Callable[[bytes, Mapping[int, Any]], bytes]

_WRONG: Final = -1_000_000
# Value of a packed two-digit byte; far below zero for a byte that is not two digits.
_TENS: Final = tuple(
    (byte >> 4) * 10 + (byte & 15) if byte >> 4 < 10 and byte & 15 < 10 else _WRONG
    for byte in range(256)
)
_LENGTHS: Final = {
    (FieldForm.PACKED, Prefix.LL): tuple(bytes.fromhex(f"{n:02d}") for n in range(100)),
    (FieldForm.PACKED, Prefix.LLL): tuple(bytes.fromhex(f"{n:04d}") for n in range(1000)),
    (FieldForm.CHARACTER, Prefix.LL): tuple(b"%02d" % n for n in range(100)),
    (FieldForm.CHARACTER, Prefix.LLL): tuple(b"%03d" % n for n in range(1000)),
}
_SCOPE: Final[dict[str, Any]] = {
    "tens": _TENS,
    "fromhex": bytes.fromhex,
    "lengths": _LENGTHS,
}


def _number(digits: bytes) -> int:
    return int(digits) if digits.isdigit() else _WRONG


def _build(name: str, source: list[str], **names: object) -> Any:
    scope: dict[str, Any] = {**_SCOPE, "number": _number, **names}
    exec("\n".join(source), scope)  # noqa: S102 - generated from our own tables only
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
        if field.prefix is Prefix.FIXED:
            found += [f"{base} + {ahead}" if ahead else base, str(field.size)]
            ahead += field.width(field.size)
            continue
        n = field.number
        body += [
            f" s{n} = {base} + {ahead + field.prefix_bytes}",
            f" u{n} = {_length_at(field)}",
            f" if not 0 <= u{n} <= {field.size}: raise ValueError",
            f" o{n} = s{n} + {f'(u{n} + 1 >> 1)' if field.packed else f'u{n}'}",
        ]
        found += [f"s{n}", f"u{n}"]
        base, ahead = f"o{n}", 0
    body.append(f" return ({', '.join([*found, f'{base} + {ahead}'])},)")
    return _build("locate", body)


def _length_at(field: Field) -> str:
    start = f"s{field.number}"
    if field.form is FieldForm.CHARACTER:
        return f"number(d[{start} - {field.prefix_bytes}:{start}])"
    if field.prefix is Prefix.LL:
        return f"tens[d[{start} - 1]]"
    return f"tens[d[{start} - 2]] * 100 + tens[d[{start} - 1]]"


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


def _run_of(field: Field) -> str:
    if field.prefix is not Prefix.FIXED:
        return ""
    if field.packed:
        whole = field.content is Content.DIGITS and field.pad is not Pad.RIGHT_F
        return "packed" if whole else ""
    return "text" if field.content in {Content.DIGITS, Content.TEXT} else ""


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
        if run == "packed":
            body += _read_packed(group, at_once=at_once)
        elif run == "text":
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
    body = [f" a = s[{2 * group[0][0]}]", f" t = d[a:a + {width}].decode('ascii')"]
    at = 0
    for _, field in group:
        body.append(f" v{field.number} = t[{at}:{at + field.size}]")
        at += field.size
    # Digits are looked at below.
    if any(field.content is Content.TEXT and not field.nul for _, field in group):
        body.append(" if '\\0' in t: raise ValueError")
    digits = [f"v{field.number}" for _, field in group if field.content is Content.DIGITS]
    if digits:
        body.append(f" if not ({' + '.join(digits)}).isdigit(): raise ValueError")
    return body


def _read_single(index: int, field: Field, *, at_once: bool) -> list[str]:
    v = f"v{field.number}"
    units = f"s[{2 * index + 1}]" if field.prefix is not Prefix.FIXED else f"{field.size}"
    body = [f" a = s[{2 * index}]"]
    if field.packed:
        body.append(f" u = {units}")
        whole = "x[a + a:a + a + u + (u & 1)]" if at_once else "d[a:a + (u + 1 >> 1)].hex()"
        body.append(f" {v} = {whole}")
        side, fill = field.pad.value
        body.append(" if u & 1:")
        if side == "left":
            body += [f"  if {v}[0] != '{fill}': raise ValueError", f"  {v} = {v}[1:]"]
        else:
            body += [f"  if {v}[u] != '{fill}': raise ValueError", f"  {v} = {v}[:u]"]
        if field.content is Content.TRACK:
            body.append(f" {v} = {v}.upper()")
        return [*body, _refuse_unless(field, v)]
    if field.content is Content.BINARY:
        return [*body, f" {v} = d[a:a + {units}]"]
    charset = "gbk" if field.content is Content.CHINESE else "ascii"
    body.append(f" {v} = d[a:a + {units}].decode('{charset}')")
    return [*body, _refuse_unless(field, v)]


def _refuse_unless(field: Field, v: str) -> str:
    match field.content:
        case Content.DIGITS:
            return f" if {v} and not {v}.isdigit(): raise ValueError"
        case Content.TRACK:
            return f" if not {v}.replace('D', '0').isdigit() and {v}: raise ValueError"
        case _:
            return " pass" if field.nul else f" if '\\0' in {v}: raise ValueError"


# Writing -----------------------------------------------------------------------------------


def write(fields: Sequence[Field]) -> Write:
    """Generate `write(head, values)`: the message; raises some exception for a wrong value."""
    body = ["def write(head, f):"]
    pieces = ["head"]
    names: dict[str, object] = {}
    for position, group in enumerate(_groups(fields)):
        field = group[0][1]
        run = _run_of(field)
        if run == "packed":
            body += _write_packed(position, group)
        elif run == "text":
            body += _write_text(position, group)
        else:
            names[f"l{field.number}"] = _LENGTHS.get((field.form, field.prefix))
            body += _write_single(position, field)
            if field.prefix is not Prefix.FIXED:
                pieces.append(f"l{field.number}[u{position}]")
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
    body.append(f" if {wrong} or not h.isdigit(): raise ValueError")
    return [*body, f" p{position} = fromhex(h)"]


def _write_text(position: int, group: Sequence[tuple[int, Field]]) -> list[str]:
    body, parts, wrong = _taken(group)
    digits = [f"v{field.number}" for _, field in group if field.content is Content.DIGITS]
    if digits:
        wrong += f" or not ({' + '.join(digits)}).isdigit()"
    if any(field.content is Content.TEXT and not field.nul for _, field in group):
        wrong += " or '\\0' in t"
    body += [f" t = {' + '.join(parts)}", f" if {wrong}: raise ValueError"]
    return [*body, f" p{position} = t.encode('ascii')"]


def _taken(group: Sequence[tuple[int, Field]]) -> tuple[list[str], list[str], str]:
    """Take the values of a run: the lines, the names, and the test of their lengths."""
    names = [f"v{field.number}" for _, field in group]
    body = [f" v{field.number} = f[{field.number}]" for _, field in group]
    wrong = " or ".join(f"len(v{field.number}) != {field.size}" for _, field in group)
    return body, names, wrong


def _write_single(position: int, field: Field) -> list[str]:
    v = f"f[{field.number}]"
    fits = (
        f"u{position} != {field.size}"
        if field.prefix is Prefix.FIXED
        else (f"u{position} > {field.size}")
    )
    p = f"p{position}"
    body = [f" v = {v}"]
    if field.packed:
        side, fill = field.pad.value
        padded = f"'{fill}' + v" if side == "left" else f"v + '{fill}'"
        track = field.content is Content.TRACK
        digits = "v.replace('D', '0')" if track else "v"
        check = f"not {digits}.isdigit() and v"
        return [
            *body,
            f" u{position} = len(v)",
            f" if {fits} or {check}: raise ValueError",
            f" {p} = fromhex({padded} if u{position} & 1 else v)",
        ]
    if field.content is Content.BINARY:
        # Not `bytes(v)`: of a number it makes so many zeros, or takes all memory.
        body.append(f" {p} = v if type(v) is bytes else b''.join((v,))")
    else:
        charset = "gbk" if field.content is Content.CHINESE else "ascii"
        if field.content is Content.DIGITS:
            body.append(" if v and not v.isdigit(): raise ValueError")
        elif field.content is Content.TRACK:
            body.append(" if not v.replace('D', '0').isdigit() and v: raise ValueError")
        elif not field.nul:
            body.append(" if '\\0' in v: raise ValueError")
        body.append(f" {p} = v.encode('{charset}')")
    return [*body, f" u{position} = len({p})", f" if {fits}: raise ValueError"]
