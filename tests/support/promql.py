"""Reads expressions of PromQL as far as annul's rules and panels use it, and refuses all else.

It is a parser of its own, of the grammar at prometheus.io/docs/prometheus/latest/querying.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

_TOKENS: Final = re.compile(
    r'\s*(?:(?P<text>"[^"\\]*")|(?P<span>\[\d+[smhd]\])|(?P<number>\d+(?:\.\d+)?)'
    r"|(?P<word>[a-zA-Z_:][a-zA-Z0-9_:]*)|(?P<sign>=~|!~|!=|==|>=|<=|[-+*/(){},<>=]))"
)
_SUMS: Final = frozenset({"sum", "max", "min", "avg", "count"})
# How many arguments each takes, and whether the last one is over a span of time.
_FUNCTIONS: Final = {
    "rate": (1, True),
    "increase": (1, True),
    "changes": (1, True),
    "histogram_quantile": (2, False),
}
_SIGNS: Final = frozenset({">", "<", ">=", "<=", "==", "!=", "+", "-", "*", "/"})
_MATCHES: Final = frozenset({"=", "!=", "=~", "!~"})


class Selected(NamedTuple):
    """Samples that an expression asks for: a name, and what labels have to be (by operator)."""

    name: str
    matchers: tuple[tuple[str, str, str], ...]
    span: str


class Expression(NamedTuple):
    """What was read: all that is asked for, and the labels by which something is summed."""

    selected: tuple[Selected, ...]
    by: tuple[str, ...]


def parse(text: str) -> Expression:
    """Read an expression; raises `ValueError` for what is none."""
    reader = _Reader(text)
    reader.expression()
    if reader.kind:
        message = f"{text!r}: nothing follows, but {reader.value!r}"
        raise ValueError(message)
    return Expression(tuple(reader.selected), tuple(reader.by))


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._cut(text)
        self.selected: list[Selected] = []
        self.by: list[str] = []
        self.kind = self.value = ""
        self._next()

    def _cut(self, text: str) -> Iterator[tuple[str, str]]:
        at = 0
        while text[at:].strip():
            found = _TOKENS.match(text, at)
            if found is None:
                message = f"{text!r}: what is {text[at:]!r}?"
                raise ValueError(message)
            at = found.end()
            yield str(found.lastgroup), found[str(found.lastgroup)]

    def _next(self) -> str:
        before = self.value
        self.kind, self.value = next(self._tokens, ("", ""))
        return before

    def _take(self, *wanted: str, kind: str = "") -> str:
        if self.kind == kind if kind else self.value in wanted and self.kind != "text":
            return self._next()
        message = f"{self._text!r}: {wanted or kind}, not {self.value!r}"
        raise ValueError(message)

    def expression(self) -> None:
        self._one()
        while self.kind == "sign" and self.value in _SIGNS:
            self._next()
            self._one()

    def _one(self) -> None:
        if self.kind == "number":
            self._next()
        elif self.value == "(":
            self._next()
            self.expression()
            self._take(")")
        else:
            self._named(self._take(kind="word"))

    def _named(self, word: str) -> None:
        if word in _SUMS:
            self._sum()
        elif self.value == "(":
            self._call(word)
        else:
            self._select(word)

    def _sum(self) -> None:
        if self.value == "by":
            self._next()
            self.by += self._labels()
        self._take("(")
        self.expression()
        self._take(")")

    def _labels(self) -> list[str]:
        self._take("(")
        labels = [self._take(kind="word")]
        while self.value == ",":
            self._next()
            labels.append(self._take(kind="word"))
        self._take(")")
        return labels

    def _call(self, word: str) -> None:
        if word not in _FUNCTIONS:
            message = f"{self._text!r}: {word} is no function"
            raise ValueError(message)
        many, ranged = _FUNCTIONS[word]
        self._take("(")
        for place in range(many):
            if place:
                self._take(",")
            before = len(self.selected)
            self.expression()
            spans = [bool(one.span) for one in self.selected[before:]]
            if ranged and spans != [True]:
                message = f"{self._text!r}: {word} is of a span of time"
                raise ValueError(message)
        self._take(")")

    def _select(self, name: str) -> None:
        matchers: list[tuple[str, str, str]] = []
        if self.value == "{":
            self._next()
            while self.value != "}":
                label = self._take(kind="word")
                how = self._take(*_MATCHES)
                matchers.append((label, how, self._take(kind="text").strip('"')))
                if self.value != "}":
                    self._take(",")
            self._take("}")
        span = self._next() if self.kind == "span" else ""
        self.selected.append(Selected(name, tuple(matchers), span))
