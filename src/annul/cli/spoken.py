"""What a group of commands does at the desk, and how it says what came of it."""

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import typer

from annul.desk.cursor import Listing
from annul.desk.desk import Desk
from annul.desk.roles import Visitor

from .counter import Places, progress, work
from .show import Language, language

Told = Callable[[int], None]


@dataclass(frozen=True)
class Spoken:
    """`said`: what is said of what, in Chinese and English; `reader`: who only reads."""

    texts: Mapping[str, tuple[str, str]]
    reader: Visitor

    def work(
        self, places: Places, user: str | None, act: Callable[[Desk, Visitor], Awaitable[Any]]
    ) -> Any:
        """Let somebody do something in this cell; without a user only read."""
        return work(places, user, act, self.reader)

    def said(self, what: str, lang: str | None, **facts: Any) -> str:
        """Say something in the language that was asked for."""
        return self.texts[what][0 if language(lang) == "zh" else 1].format(**facts)

    def tell(self, what: str, facts: dict[str, Any], lang: str | None, *, as_json: bool) -> None:
        """Print facts for programs, or what is said of them."""
        as_text = json.dumps(facts, default=str) if as_json else self.said(what, lang, **facts)
        typer.echo(as_text)

    def rows(
        self,
        found: Listing,
        lang: str | None,
        line: Callable[[Mapping[str, Any], Language], str],
        *,
        as_json: bool,
    ) -> None:
        """Print a list for programs, or line by line; that there is nothing is said (`none`)."""
        if as_json:
            typer.echo(json.dumps(found.rows, default=str, ensure_ascii=False))
            return
        for row in found.rows:
            typer.echo(line(row, language(lang)))
        if not found.rows:
            typer.echo(self.said("none", lang))

    @contextmanager
    def drawn(
        self, what: str, lang: str | None, total: int | None = None, *, as_json: bool
    ) -> Iterator[Told | None]:
        """Draw how far something has come, but for programs; of a `total` of bytes if given."""
        with ExitStack() as stack:
            yield None if as_json else progress(stack, self.said(what, lang), total)


def whole(found: Any) -> None:
    """Print one thing with all that is known of it, as JSON."""
    typer.echo(json.dumps(found, default=str, ensure_ascii=False, indent=2))
