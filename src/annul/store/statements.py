"""A script of SQL, statement by statement: servers that are many at once refuse several in one."""

import re
from typing import Final

# What a semicolon may stand in without ending anything, and a semicolon.
_PIECES: Final = re.compile(
    r"""
    --[^\n]* | /\*.*?\*/                 # comments; those within others are not used here
    | \b[eE]'(?:[^'\\]|\\.|'')*'         # strings with escapes
    | '(?:[^']|'')*' | "(?:[^"]|"")*"
    | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$    # bodies of functions
    | ;
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT: Final = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)


def statements(script: str) -> list[str]:
    """Give the statements of a script without what ends them; comments stay with what follows."""
    found: list[str] = []
    begun = 0
    for piece in _PIECES.finditer(script):
        if piece.group() == ";":
            found.append(script[begun : piece.start()].strip())
            begun = piece.end()
    found.append(script[begun:].strip())
    return [one for one in found if _COMMENT.sub("", one).strip()]
