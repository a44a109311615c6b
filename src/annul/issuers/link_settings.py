"""Settings of an issuer's link by name, as people write them: `left_out=33,100`, `codes.A1=00`.

A setting is one of the issuer's row (address, dialect, framing), one of its profile, or one entry
of a part of that (`framing.trailer`). What is not named stays as it is.
"""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from annul.domain.link_profile import USUAL
from annul.domain.link_words import NESTED, PROFILE, ROW
from annul.domain.records import Issuer
from annul.wire.framing import FRAMINGS

from .link_profiles import ProfileError, document_of, profile_of

_USUAL: Final = asdict(USUAL)
_TRUE, _FALSE = frozenset({"true", "yes", "on", "1"}), frozenset({"false", "no", "off", "0"})
_HIGHEST: Final = {"port": 65_535, "timeout_ms": 600_000}
_LONGEST: Final = 255  # characters of a host's name


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as it is: `usual` is None where there is nothing that most have."""

    name: str
    value: str
    usual: str | None

    @property
    def differs(self) -> bool:
        """Whether it is otherwise than with most."""
        return self.usual is not None and self.value != self.usual


def settings_of(issuer: Issuer) -> list[Setting]:
    """Give every setting of a link, entries of nested ones singly."""
    found = [Setting(name, _written(getattr(issuer, name)), None) for name in ROW]
    for name, value in asdict(issuer.profile).items():
        if name in NESTED:
            found += [Setting(f"{name}.{key}", _written(one), "") for key, one in value.items()]
        else:
            found.append(Setting(name, _written(value), _written(_USUAL[name])))
    return found


def changed(
    issuer: Issuer,
    given: Mapping[str, str],
    unset: Collection[str] = (),
    stored: Mapping[str, Any] | None = None,
) -> Issuer:
    """Give the issuer with settings as they are `given`, and those of `unset` as most have them.

    `stored` is its profile as the database has it, where that makes no sense as a whole. Raises
    `ProfileError` that names the setting, and what it may be; the whole is looked at.
    """
    row: dict[str, Any] = {}
    document = dict(document_of(issuer.profile) if stored is None else stored)
    for name in unset:
        outer, dot, inner = name.partition(".")
        if outer not in PROFILE or (dot and outer not in NESTED):
            raise ProfileError(name, f"one of {', '.join(PROFILE)}")
        if not dot:
            document.pop(name, None)
        elif inner in document.get(outer, {}):
            document[outer] = {k: v for k, v in document[outer].items() if k != inner}
    for name, text in given.items():
        outer, dot, inner = name.partition(".")
        if dot and inner and outer in NESTED:
            entries = document.get(outer, {})
            document[outer] = {**entries, inner: _entry(issuer, name, text.strip(), given)}
        elif not dot and name in ROW:
            row[name] = _of_row(name, text.strip())
        elif not dot and name in PROFILE and name not in NESTED:
            document[name] = _of_profile(name, text.strip())
        else:
            known = [*ROW, *(n for n in PROFILE if n not in NESTED), *(f"{n}.…" for n in NESTED)]
            raise ProfileError(name, f"one of {', '.join(known)}")
    framing = row.get("framing", issuer.framing)
    profile = profile_of(document, framing)
    return replace(issuer, **row, profile=profile)


def _of_row(name: str, text: str) -> str | int:
    if name in _HIGHEST:
        if not (text.isascii() and text.isdigit() and 0 < int(text) <= _HIGHEST[name]):
            raise ProfileError(name, f"a number from 1 to {_HIGHEST[name]}")
        return int(text)
    if name == "framing" and text not in FRAMINGS:
        raise ProfileError(name, f"one of {', '.join(FRAMINGS)}")
    if not text or len(text) > _LONGEST or not text.isprintable() or " " in text:
        raise ProfileError(name, "a name without blanks")
    return text


def _of_profile(name: str, text: str) -> object:
    usual = _USUAL[name]
    if isinstance(usual, bool):
        return _flag(name, text)
    if not isinstance(usual, tuple):
        return text
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not all(p.isascii() and p.isdigit() and 1 < int(p) <= 128 for p in parts):
        raise ProfileError(name, "numbers of fields (2 to 128), with commas between")
    return tuple(dict.fromkeys(int(part) for part in parts))


def _entry(issuer: Issuer, name: str, text: str, given: Mapping[str, str]) -> object:
    """Read one entry of a nested setting; a part of a framing is of the kind that it is there."""
    outer, _, inner = name.partition(".")
    if outer != "framing":
        return text
    framing = FRAMINGS.get(given.get("framing", issuer.framing))
    there = getattr(framing, inner, None)
    if isinstance(there, bool):
        return _flag(name, text)
    if isinstance(there, int):
        if not (text.isascii() and text.isdigit()):
            raise ProfileError(name, "a number")
        return int(text)
    return text


def _flag(name: str, text: str) -> bool:
    if text.lower() not in _TRUE | _FALSE:
        raise ProfileError(name, "true or false")
    return text.lower() in _TRUE


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ",".join(str(part) for part in value)
    return str(value)
