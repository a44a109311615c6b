"""Server-sent events, as the standard of HTML has them."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple


class SentEvent(NamedTuple):
    """One event: its name and its data."""

    name: str
    data: str


class EventReader:
    """Reads events and keeps the `last_id`, by which somebody who comes back misses nothing."""

    def __init__(self, last_id: str = "") -> None:
        self.last_id = last_id

    def read(self, lines: Iterable[str]) -> Iterator[SentEvent]:
        """Read events from lines without their ends; comments and what is cut off give nothing."""
        name, data, at = "", list[str](), self.last_id
        for line in lines:
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            match field:
                case "" if not line:
                    self.last_id = at
                    if data:
                        yield SentEvent(name or "message", "\n".join(data))
                    name, data = "", []
                case "event":
                    name = value
                case "data":
                    data.append(value)
                case "id" if "\0" not in value:
                    at = value
                case _:
                    pass
