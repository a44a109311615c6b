"""A drill that is over, and how it is kept in the folder of its sandbox."""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid5

from annul.domain.drills import Deed, Did, Money, Score, Truth, score
from annul.domain.errors import AnnulError
from annul.security.private import open_private

_FILE: Final = "drill.json"
_ALONE: Final = "alone.json"
_JOURNAL: Final = "truth.jsonl"
_RUNS: Final = UUID("8f0b7a94-3d52-5c1e-9b6f-2a7c41d0e356")  # under which what was played is an id


class NoRecord(AnnulError):
    """No drill has ended in this folder. Nothing was scored."""

    code = "drills.no_record"
    next_step = "Name the folder that annul drill run has printed, once the drill is over."


@dataclass(frozen=True, slots=True)
class Alone:
    """The same drill with annul left alone. `money` as of `Record`."""

    truths: tuple[Truth, ...]
    ends: tuple[float | None, ...]
    money: float

    @property
    def score(self) -> Score:
        """What nobody's doing anything is worth."""
        return score(self.truths, (), self.ends, Money(self.money, self.money))

    def keep(self, folder: Path) -> None:
        """Write it into the sandbox's folder."""
        _write(folder / _ALONE, json.dumps(plain(self), indent=2) + "\n")


@dataclass(frozen=True, slots=True)
class Record:
    """A drill that is over. `money` is in question over time: minor units times minutes.

    `team` is what it calls itself, `started_by` who started the sandbox.
    """

    drill: str
    seed: int
    speed: float
    began: datetime
    ended: datetime
    truths: tuple[Truth, ...]
    deeds: tuple[Deed, ...]
    ends: tuple[float | None, ...]
    money: float
    team: str = ""
    started_by: str = ""

    @property
    def id(self) -> UUID:
        """The same for the same drill that began at the same moment."""
        return uuid5(_RUNS, f"{self.drill} {self.seed} {self.began.isoformat()}")

    @property
    def number(self) -> str:
        """What people call it."""
        return f"D{self.began.astimezone(UTC):%y%m%d}-{self.id.int % 10**6:06d}"

    @property
    def minutes(self) -> float:
        """How many minutes of the script went by."""
        return (self.ended - self.began).total_seconds() / 60.0 * self.speed

    def scored(self, alone: float) -> Score:
        """Score it against the money in question with annul left alone."""
        return score(self.truths, self.deeds, self.ends, Money(self.money, alone))

    def keep(self, folder: Path) -> None:
        """Write it into the sandbox's folder."""
        _write(folder / _FILE, json.dumps(plain(self), indent=2) + "\n")


class Run(NamedTuple):
    """A record, and annul alone beside it: None until it was scored."""

    record: Record
    alone: Alone | None

    @property
    def score(self) -> Score | None:
        """What it is worth; None until it is known what annul alone came to."""
        return None if self.alone is None else self.record.scored(self.alone.money)


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


def kept(folder: Path) -> Run:
    """Read the drill of a folder; raises `NoRecord`."""
    row = _read(folder / _FILE)
    if row is None:
        message = f"there is no {_FILE} in {folder}"
        raise NoRecord(message)
    began, ended = (datetime.fromisoformat(row[name]) for name in ("began", "ended"))
    record = record_of({**row, "began": began, "ended": ended})
    return Run(record, alone_of(_read(folder / _ALONE)))


def _read(path: Path) -> dict[str, Any] | None:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None


def record_of(row: Mapping[str, Any]) -> Record:
    """Make a record of what was kept of it, as `plain` gives it, with times as they are."""
    return Record(
        drill=row["drill"],
        seed=row["seed"],
        speed=row["speed"],
        began=row["began"],
        ended=row["ended"],
        truths=tuple(map(_truth, row["truths"])),
        deeds=tuple(Deed(**{**one, "did": Did(one["did"])}) for one in row["deeds"]),
        ends=tuple(row["ends"]),
        money=row["money"],
        team=row.get("team", ""),
        started_by=row.get("started_by", ""),
    )


def alone_of(row: Mapping[str, Any] | None) -> Alone | None:
    """Make what annul alone came to of what was kept of it."""
    if row is None:
        return None
    return Alone(tuple(map(_truth, row["truths"])), tuple(row["ends"]), row["money"])


def plain(one: Record | Alone) -> dict[str, Any]:
    """Give it as JSON has it."""
    return json.loads(json.dumps(asdict(one), default=_plain))


def earlier(folder: Path, record: Record) -> list[Run]:
    """Give the earlier runs of the same drill whose folders lie beside it, the oldest first."""
    beside = [kept(file.parent) for file in folder.resolve().parent.glob(f"*/{_FILE}")]
    return before(record, beside)


def before(record: Record, runs: Iterable[Run]) -> list[Run]:
    """Give those of the same drill that began earlier, the oldest first."""
    found = [
        one for one in runs if one.record.drill == record.drill and one.record.began < record.began
    ]
    return sorted(found, key=lambda one: one.record.began)


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
