"""Named statements with named parameters, from `.sql` files beside the code that uses them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Final

_NAMED: Final = re.compile(r"^-- name: (\w+)\n-- description: (.+)\n", re.MULTILINE)
_PARAMETER: Final = re.compile(r"(?<!:):([a-z_]\w*)")  # not the two colons of a cast
_PART: Final = re.compile(r"\{([a-z_]\w*)\}")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement as it stands in its file, and as asyncpg takes it.

    `await pool.fetch(*find(merchant=m, since=at))`: the text with `$1`, `$2`, ... and the values in
    that order.
    """

    name: str
    description: str
    sql: str
    parameters: tuple[str, ...]
    _known: frozenset[str] = field(repr=False)

    def __call__(self, **values: Any) -> tuple[Any, ...]:
        """Give text and values; raises `TypeError` for one too many or too few."""
        return (self.sql, *self.arguments(**values))

    def arguments(self, **values: Any) -> tuple[Any, ...]:
        """Give the values alone, in their order, where the text is given once for many of them."""
        if values.keys() != self._known:
            wrong = sorted(values.keys() ^ self._known)
            message = f"{self.name} takes {', '.join(self.parameters)}: look at {', '.join(wrong)}"
            raise TypeError(message)
        return tuple(values[name] for name in self.parameters)


def load(package: str, filename: str, **parts: str) -> Mapping[str, Statement]:
    """Read a file: `-- name: x`, `-- description: y`, then a statement with `:names`.

    `{part}` stands for a text that is given, or for the statement of that name in the same file, so
    that a list of columns or a step that several share is written once. Raises `ValueError` for a
    file without statements, a name twice, or a part that nobody gives.
    """
    pieces = _NAMED.split(files(package).joinpath(filename).read_text(encoding="utf-8"))
    names, descriptions, bodies = pieces[1::3], pieces[2::3], pieces[3::3]
    if not names or len(set(names)) < len(names):
        message = f"{package}/{filename}: no named statements, or a name twice"
        raise ValueError(message)
    raw = {name: body.strip().rstrip(";") for name, body in zip(names, bodies, strict=True)}
    known = {**raw, **parts}
    return {
        name: _statement(name, description, _fill(raw[name], known))
        for name, description in zip(names, descriptions, strict=True)
    }


def listed(values: Iterable[str]) -> str:
    """Write words of the code, such as states or kinds, as a part for `IN ({part})`."""
    return ", ".join(f"'{value}'" for value in sorted(values))


def _fill(sql: str, parts: Mapping[str, str]) -> str:
    def part(found: re.Match[str]) -> str:
        if found[1] not in parts:
            message = f"nobody gives the part {found[0]}"
            raise ValueError(message)
        return _fill(parts[found[1]], parts)

    return _PART.sub(part, sql)


def _statement(name: str, description: str, sql: str) -> Statement:
    parameters = tuple(dict.fromkeys(_PARAMETER.findall(sql)))
    numbers = {parameter: f"${place}" for place, parameter in enumerate(parameters, 1)}
    numbered = _PARAMETER.sub(lambda found: numbers[found[1]], sql)
    return Statement(name, description, numbered, parameters, frozenset(parameters))
