"""The profile of a link as it is stored: read strictly, so that no mistyped setting is silent."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from annul.domain.errors import AnnulError
from annul.domain.link_profile import MONEY, NOT_PASSED_ON, USUAL, LinkProfile
from annul.domain.response_codes import RESPONSE_CODES
from annul.wire.errors import FramingError
from annul.wire.framing import framing_of

_PROFILE: Final = TypeAdapter(LinkProfile)
_NETWORK: Final = frozenset({"0800", "0804", "0820", "0824"})


class ProfileError(AnnulError):
    """This is no profile of a link, so it is not used. No money has moved."""

    code = "issuers.link_profile"
    next_step = "Correct the setting that is named; docs/connecting.md lists them all."

    def __init__(self, setting: str, expected: str) -> None:
        super().__init__(f"{setting}: {expected}")
        self.setting = setting
        self.expected = expected


def profile_of(document: Mapping[str, Any], framing: str = "length_4") -> LinkProfile:
    """Read a profile of a link that has this framing.

    Raises `ProfileError` that names the first setting that is wrong.
    """
    try:
        profile = _PROFILE.validate_python(dict(document))
    except ValidationError as error:
        first = error.errors()[0]
        setting = ".".join(str(part) for part in first["loc"]) or "profile"
        raise ProfileError(setting, first["msg"]) from error
    if profile.network_mti not in _NETWORK:
        raise ProfileError("network_mti", f"one of {', '.join(sorted(_NETWORK))}")
    if not profile.identified_by:
        raise ProfileError("identified_by", "at least one field besides the trace")
    if not MONEY.issubset(profile.compared):
        raise ProfileError("compared", "amount (4) and currency (49), whatever else")
    wrong = NOT_PASSED_ON.intersection(profile.passed_on)
    if wrong:
        raise ProfileError("passed_on", f"not {min(wrong)}: the host makes it itself")
    try:
        framing_of(framing, profile.framing)
    except FramingError as error:
        setting = f"framing.{error.part}"
        raise ProfileError(setting, error.expected) from error
    for said, code in profile.codes.items():
        if code not in RESPONSE_CODES:
            setting, expected = f"codes.{said}", f"a response code of annul's, not {code}"
            raise ProfileError(setting, expected)
    return profile


def document_of(profile: LinkProfile) -> dict[str, Any]:
    """Give what of a profile is not as most have it: what is stored."""
    usual = asdict(USUAL)
    return {name: value for name, value in asdict(profile).items() if value != usual[name]}
