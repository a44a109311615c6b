"""What goes wrong in a drill, and when: scripts in TOML, and one for each kind by itself."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from annul.domain.drills import RESPONSES
from annul.domain.errors import AnnulError
from annul.domain.text import Text
from annul.sim.scenes import faults, field
from annul.sim.scenes.faults.fault import FAULTS
from annul.sim.scenes.field.situation import SITUATIONS
from annul.sim.scenes.held import HELD

_ENTERED: Final = (faults, field)  # importing them has entered all that they have
_FOLDER: Final = "scripts"
_CUT_OVER: Final = 4.0  # of one by itself that is about the day before
_ALONE: Final = (2.0, 6.0, 14.0)  # one by itself: when it begins, how long it and the drill last


class NoSuchDrill(AnnulError):
    """There is no drill of this name. Nothing was started."""

    code = "drills.unknown"
    next_step = "annul drill list names them."


class ScriptNotValid(AnnulError):
    """This script cannot be played. Nothing was started."""

    code = "drills.script"
    next_step = "Correct what is named in the script's file."


@dataclass(frozen=True, slots=True)
class Stroke:
    """One thing that goes wrong, in minutes since the beginning: at which shop, and how long.

    `kind` names what is held, a fault or a situation; `code` is the one by which the issuer says
    it, its usual one if empty.
    """

    kind: str
    at: float
    lasts: float
    shop: int = 0
    code: str = ""


@dataclass(frozen=True, slots=True)
class Script:
    """A drill: so many shops, each with an issuer of its own, for so many minutes.

    `cut_over`: the minute in which the business day ends; None: not while it lasts.
    """

    name: str
    title: Text
    about: Text
    minutes: float
    strokes: tuple[Stroke, ...]
    shops: int = 2
    sales_a_minute: float = 2.0
    cut_over: float | None = None

    @property
    def is_whole(self) -> bool:
        """Whether it is more than one fault by itself."""
        return len(self.strokes) > 1

    @property
    def trains(self) -> tuple[str, ...]:
        """Which playbooks it makes people use, by name, as far as that is known before."""
        causes = (HELD[one.kind].causes[:1] for one in self.strokes if one.kind in HELD)
        found = (RESPONSES[cause].playbook for of in causes for cause in of)
        return tuple(dict.fromkeys(name for name in found if name))

    def in_json(self) -> dict[str, Any]:
        """Give it for programs."""
        return {
            "drill": self.name,
            "title": self.title._asdict(),
            "about": self.about._asdict(),
            "minutes": self.minutes,
            "shops": self.shops,
            "whole": self.is_whole,
            "playbooks": list(self.trains),
        }

    def __post_init__(self) -> None:
        """Refuse what cannot be played; raises `ScriptNotValid`."""
        for stroke in self.strokes:
            known = stroke.kind in HELD or stroke.kind in FAULTS or stroke.kind in SITUATIONS
            if not known:
                message = f"{self.name}: nothing is called {stroke.kind}"
                raise ScriptNotValid(message)
            if not 0 <= stroke.shop < self.shops:
                message = f"{self.name}: {stroke.kind} is at shop {stroke.shop} of {self.shops}"
                raise ScriptNotValid(message)
            late = stroke.kind in HELD and HELD[stroke.kind].after_cut_over
            if late and (self.cut_over is None or not 0 < self.cut_over < stroke.at):
                message = f"{self.name}: {stroke.kind} needs a cut-over before it"
                raise ScriptNotValid(message)
            if not 0 <= stroke.at < stroke.at + stroke.lasts <= self.minutes:
                message = f"{self.name}: {stroke.kind} does not lie within {self.minutes:g} minutes"
                raise ScriptNotValid(message)


def script(name: str) -> Script:
    """Give a script by its name; raises `NoSuchDrill`."""
    found = scripts().get(name)
    if found is None:
        message = f"there is no drill called {name}"
        raise NoSuchDrill(message)
    return found


@cache
def scripts() -> Mapping[str, Script]:
    """Give all: those of files first, then one for whatever can be held or struck by itself."""
    folder = files("annul.operate.drills").joinpath(_FOLDER)
    found: dict[str, Script] = {}
    for file in sorted(folder.iterdir(), key=lambda one: one.name):
        if file.name.endswith(".toml"):
            name = file.name.removesuffix(".toml").replace("_", "-")
            found[name] = _read(name, tomllib.loads(file.read_text(encoding="utf-8")))
    for kind in (*HELD, *FAULTS, *SITUATIONS):
        found.setdefault(kind.replace("_", "-"), _alone(kind))
    return found


def _read(name: str, text: Mapping[str, Any]) -> Script:
    """Make a script of its file; raises `ScriptNotValid` for what is missing or misspelt."""
    try:
        strokes = tuple(Stroke(**one) for one in text["stroke"])
        rest = {key: value for key, value in text.items() if key not in {"stroke", *_TEXTS}}
        return Script(name, **{key: Text(**text[key]) for key in _TEXTS}, strokes=strokes, **rest)
    except (KeyError, TypeError) as error:
        message = f"{name}: {error}"
        raise ScriptNotValid(message) from error


_TEXTS: Final = ("title", "about")


def _alone(kind: str) -> Script:
    """Make the drill of one kind by itself; its title says no more than that there is one."""
    at, lasts, minutes = _ALONE
    if kind in HELD and HELD[kind].after_cut_over:
        at, minutes = at + _CUT_OVER, minutes + _CUT_OVER
    return Script(
        kind.replace("_", "-"),
        Text("一处故障", "one fault"),
        Text("一家商户遇到一种故障。", "One shop meets one fault."),
        minutes,
        (Stroke(kind, at, lasts),),
        shops=1,
        sales_a_minute=4.0,
        cut_over=_CUT_OVER if kind in HELD and HELD[kind].after_cut_over else None,
    )
