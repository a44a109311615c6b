"""A drill as it is kept in the folder of its sandbox: what was true, what was done, by when."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from annul.domain.drills import Deed, Did, Money, Score, Truth, score
from annul.domain.errors import AnnulError
from annul.security.private import open_private

_FILE: Final = "drill.json"
_JOURNAL: Final = "truth.jsonl"


class NoRecord(AnnulError):
    """No drill has ended in this folder. Nothing was scored."""

    code = "drills.no_record"
    next_step = "Name the folder that annul drill run has printed, once the drill is over."


@dataclass(frozen=True, slots=True)
class Record:
    """A drill that is over. `money` is in question over time: minor units times minutes."""

    drill: str
    seed: int
    speed: float
    began: datetime
    ended: datetime
    truths: tuple[Truth, ...]
    deeds: tuple[Deed, ...]
    ends: tuple[float | None, ...]
    money: float

    def scored(self, alone: float) -> Score:
        """Score it against the money in question with annul left alone."""
        return score(self.truths, self.deeds, self.ends, Money(self.money, alone))

    def keep(self, folder: Path) -> None:
        """Write it into the sandbox's folder."""
        _write(folder / _FILE, json.dumps(asdict(self), default=_plain, indent=2) + "\n")


class Journal:
    """The truth while a drill goes on: for whoever reads the folder, not for the team."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / _JOURNAL
        self._lines: list[str] = []

    def note(self, what: str, truth: Truth) -> None:
        """Keep that a stroke begins, or is over."""
        line = {"what": what, **asdict(truth)}
        self._lines.append(json.dumps(line, default=_plain))
        _write(self._path, "\n".join(self._lines) + "\n")


def kept(folder: Path) -> Record:
    """Read the drill of a folder; raises `NoRecord`."""
    try:
        row = json.loads((folder / _FILE).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        message = f"there is no {_FILE} in {folder}"
        raise NoRecord(message) from error
    return Record(
        drill=row["drill"],
        seed=row["seed"],
        speed=row["speed"],
        began=datetime.fromisoformat(row["began"]),
        ended=datetime.fromisoformat(row["ended"]),
        truths=tuple(_truth(one) for one in row["truths"]),
        deeds=tuple(Deed(**{**one, "did": Did(one["did"])}) for one in row["deeds"]),
        ends=tuple(row["ends"]),
        money=row["money"],
    )


def earlier(folder: Path, record: Record) -> Iterator[Record]:
    """Give the earlier runs of the same drill that lie beside it, the oldest first."""
    found: list[Record] = []
    for file in folder.resolve().parent.glob(f"*/{_FILE}"):
        one = kept(file.parent)
        if one.drill == record.drill and one.began < record.began:
            found.append(one)
    yield from sorted(found, key=lambda one: one.began)


def _truth(row: Mapping[str, Any]) -> Truth:
    return Truth(
        row["kind"], tuple(row["causes"]), frozenset(row["subjects"]), row["begins"], row["ends"]
    )


def _write(path: Path, text: str) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    with os.fdopen(open_private(path, flags), "w", encoding="utf-8") as file:
        file.write(text)


def _plain(value: Any) -> Any:
    """Give what JSON has no word for."""
    return sorted(value) if isinstance(value, frozenset) else value.isoformat()
