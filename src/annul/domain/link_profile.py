"""How one issuer's host speaks otherwise than most: what an operator may set for a link."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final

from .answers import ECHOED

_TIME, _LOCAL, _REFERENCE = 7, 12, 37


@dataclass(frozen=True, slots=True)
class LinkProfile:
    """One link; every default is what most hosts do.

    `network_mti` is the type of sign-on, echo and sign-off; either is answered when it comes.
    `identified_by`: an answer has the trace (11) of its request, and one of these at least as it
    was asked. `compared` must be as asked where an answer repeats them. `passed_on` are fields of
    the terminal's message that go to the issuer besides the usual; `left_out` never go. `codes`
    gives response codes of its own (or action codes) as annul's; `framing` single parts of the
    framing (annul.wire.framing) that are otherwise.
    """

    __pydantic_config__: ClassVar[Mapping[str, object]] = {"extra": "forbid"}

    network_mti: str = "0820"
    sign_on: bool = True
    echo: bool = True
    identified_by: tuple[int, ...] = (_TIME, _LOCAL, _REFERENCE)
    compared: tuple[int, ...] = ECHOED
    passed_on: tuple[int, ...] = ()
    left_out: tuple[int, ...] = ()
    codes: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)
    framing: Mapping[str, str | int | bool] = field(
        default_factory=dict[str, str | int | bool], hash=False
    )


USUAL: Final = LinkProfile()
MONEY: Final = frozenset({4, 49})  # compared whatever else an operator leaves out
# Never from a terminal to an issuer by a setting: what the host makes itself, keys and PINs.
NOT_PASSED_ON: Final = frozenset({2, 3, 4, 7, 11, 32, 33, 37, 38, 39, 41, 42, 49, 52, 64, 90, 128})
