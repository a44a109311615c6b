"""What stands in a PDF of annul's own making."""

import base64
import re
import zlib
from collections.abc import Iterator


def lines_of(pdf: bytes) -> Iterator[str]:
    """Give the lines of text of a PDF, of which Chinese has two bytes per character."""
    for raw in re.findall(rb"stream\r?\n(.*?)~>\s*endstream", pdf, re.DOTALL):
        page = zlib.decompress(base64.a85decode(raw))
        for literal in re.findall(rb"\(((?:\\.|[^\\)])*)\) Tj", page, re.DOTALL):
            plain = re.sub(rb"\\(\d{3}|.)", _unescaped, literal, flags=re.DOTALL)
            wide = len(plain) % 2 == 0 and (b"\0" in plain or max(plain, default=0) > 127)
            yield plain.decode("utf-16-be" if wide else "latin-1")


def _unescaped(escape: re.Match[bytes]) -> bytes:
    named = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
    what = escape[1]
    return bytes([int(what, 8)]) if what.isdigit() else named.get(what, what)
