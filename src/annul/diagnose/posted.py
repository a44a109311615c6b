"""Facts from two messages alone: a void and its answer, as somebody has captured them."""

from typing import Final

from annul.domain.errors import AnnulError
from annul.domain.kinds import KINDS, VOIDS, find_kind
from annul.wire.codec import Message
from annul.wire.dialects import DIALECTS
from annul.wire.errors import DecodeError
from annul.wire.reading import read
from annul.wire.subfields import Field60, Field61

from .facts import Fact, Facts

_REQUESTS: Final = frozenset(KINDS[name].mti for name in VOIDS)
_REQUEST: Final = "request"
_RESPONSE: Final = "response"


class NotAVoid(AnnulError):
    """The request is no void, so there is nothing to diagnose."""

    code = "diagnose.not_a_void"
    next_step = "Give the void that failed (MTI 0200, field 3 200000) and its answer."


class NoResponseCode(AnnulError):
    """The response has no field 39, so it says nothing."""

    code = "diagnose.no_response_code"
    next_step = "Give the answer to the void."


def facts_of(request: bytes, response: bytes | None, dialect: str = "unionpay_pos") -> Facts:
    """Read what both messages say; raises `DecodeError`, `NotAVoid` and `NoResponseCode`.

    `response` None stands for an answer that never came.
    """
    asked = read(request, DIALECTS[dialect]).message
    field60 = _parsed60(_text(asked, 60))
    kind = find_kind(
        asked.mti,
        _text(asked, 3),
        _text(asked, 25),
        field60.function,
        field60.network,
        _text(asked, 22),
    )
    name = kind.name if kind else "void" if _text(asked, 3) == "200000" else ""
    if name not in VOIDS or asked.mti not in _REQUESTS:
        raise NotAVoid
    known: dict[str, Fact] = {"void.kind": Fact(name, f"{_REQUEST} fields 3, 25, 60")}
    if 4 in asked:
        known["void.amount"] = Fact(int(_text(asked, 4)), f"{_REQUEST} field 4")
    missing = [number for number in (kind.required if kind else ()) if number not in asked]
    if missing:
        known["void.missing_field"] = Fact(missing[0], _REQUEST)
    batch = _parsed61(_text(asked, 61)).batch
    if batch and field60.batch:
        same = batch == field60.batch
        known["original.same_batch"] = Fact(same, f"{_REQUEST} fields 60, 61")
    if response is None:
        known["void.why"] = Fact("timed_out", "no response")
        return Facts(known)
    told = read(response, DIALECTS[dialect]).message
    if 39 not in told:
        raise NoResponseCode
    known["void.code"] = Fact(_text(told, 39), f"{_RESPONSE} field 39")
    return Facts(known)


def _text(message: Message, number: int) -> str:
    value = message.get(number, "")
    return value if isinstance(value, str) else ""


def _parsed60(text: str) -> Field60:
    try:
        return Field60.parse(text)
    except DecodeError:
        return Field60()


def _parsed61(text: str) -> Field61:
    try:
        return Field61.parse(text)
    except DecodeError:
        return Field61()
