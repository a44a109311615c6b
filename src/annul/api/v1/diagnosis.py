"""Why a void failed: one of annul's own, or any that somebody posts with its answer."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path
from pydantic import AllowInfNan, Field, StringConstraints

from annul.client.models.advice import AdviceHelped
from annul.client.models.diagnosis import Diagnosis
from annul.client.models.parts import VOID, Page
from annul.desk import advice, over_cells
from annul.desk.desk import Desk
from annul.desk.permission import staff
from annul.desk.roles import Scope, Visitor
from annul.diagnose.facts import FACTS, Facts
from annul.diagnose.posted import facts_of
from annul.diagnose.report import BadFacts, report, together
from annul.resolve.people import kept_facts
from annul.wire.dialects import DIALECTS

from . import orders
from .asked import Asked, Language, Named, OneOf, Words, page
from .needs import AtDesk, needs, problems

router = APIRouter(prefix="/diagnosis", tags=["diagnosis"])
Reader = Annotated[Visitor, needs(Scope.DIAGNOSIS)]

Hexadecimal = Annotated[str, StringConstraints(pattern=r"^([0-9a-fA-F]{2}){1,8192}$")]
Value = (
    bool
    | Annotated[int, Field(ge=-(10**15), le=10**15)]
    | Annotated[float, AllowInfNan(allow_inf_nan=False), Field(ge=-1e15, le=1e15)]
    | Annotated[Words, Field(max_length=200)]
)
# A void of 100.00 and its answer: 40, the function is not supported. No card stands in it.
_REQUEST: Final = (
    "02003020048008c08018200000000000010000000123012000333030303030303030303031313030303030303138"
    "393830303030353831323030303031353600112300000100000012000001000001"
)
_RESPONSE: Final = "0210202000000280000020000000012334303130303030303031"


class Given(Asked):
    """A fact that is known from elsewhere, and from where."""

    value: Value = Field(examples=["51"])
    source: Annotated[Words, Field(max_length=200)] = Field("given", examples=["issuer's desk"])


class PostedMessages(Asked):
    """A void and its answer as they were captured, and what else is known."""

    request: Hexadecimal = Field(description="The void, in hexadecimal.", examples=[_REQUEST])
    response: Hexadecimal | None = Field(
        None, description="Its answer; null when none ever came.", examples=[_RESPONSE]
    )
    dialect: Annotated[str, OneOf(DIALECTS)] = Field("unionpay_pos", examples=["unionpay_pos"])
    facts: dict[Annotated[str, OneOf(FACTS)], Given | Value] = Field(
        {}, examples=[{"issuer.maintenance": True}]
    )


@router.post("", responses=problems(413))
async def posted(asked: PostedMessages, _: Reader, lang: Language = None) -> Diagnosis:
    """Diagnose a failed void from its two messages alone. Nothing of them is kept."""
    answer = None if asked.response is None else bytes.fromhex(asked.response)
    known = facts_of(bytes.fromhex(asked.request), answer, asked.dialect)
    given = asked.model_dump(include={"facts"})["facts"]
    return _diagnosis(together(known, _facts(given)), {}, lang)


@router.get("/advice", responses=problems())
async def helped(desk: AtDesk, visitor: Reader) -> Page[AdviceHelped]:
    """List how many said of each advice that it has helped.

    Of all time and all merchants, so not for a merchant's key.
    """
    staff(visitor)
    rows = [one._asdict() for one in await advice.helped(desk)]
    return page(AdviceHelped, rows, "")


@router.get("/{void}", responses=problems(404))
async def stored(
    void: Annotated[Named, Path(description="Id or reference number.", examples=[VOID])],
    desk: AtDesk,
    visitor: Reader,
    lang: Language = None,
) -> Diagnosis:
    """Diagnose a failed void of annul's own.

    From the facts that were kept with its case, else as they are now.
    """
    found = await orders.void(desk, visitor, void)
    there: Desk = await over_cells.serving(desk, found.merchant_id)
    await there.lessons.refresh()
    case = await there.book.of_void(found)
    facts = kept_facts(await there.book.history(case)) if case else None
    if facts is None:
        facts = (await there.gatherer.picture(found)).facts
    return _diagnosis(facts, there.lessons.shifts, lang)


def _facts(given: dict[str, Any]) -> Facts:
    try:
        return Facts.from_json(given)
    except ValueError as error:
        raise BadFacts(str(error)) from error


def _diagnosis(facts: Facts, shifts: Any, lang: str | None) -> Diagnosis:
    return Diagnosis.model_validate(report(facts, shifts, lang))
