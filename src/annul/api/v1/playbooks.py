"""Playbooks: which there are, checked and tried dry; their runs, and what people do in them."""

from typing import Annotated, Any, Final, Literal
from uuid import UUID, uuid5

from fastapi import APIRouter, Path, Query
from pydantic import Field

from annul.client.models.parts import Page
from annul.client.models.playbooks import (
    CheckedPlaybook,
    DryRun,
    Playbook,
    PlaybookRun,
    RunState,
    WholePlaybook,
    WholePlaybookRun,
)
from annul.desk import playbook_acts as acts
from annul.desk import playbooks as views
from annul.desk.desk import Desk
from annul.desk.playbooks import RunSearch
from annul.desk.roles import Scope, Visitor
from annul.operate.playbooks.reading import LONGEST

from .asked import After, Asked, Because, IssuerId, Limit, MerchantId, Reason, TerminalId, Words
from .asked import page as page_of
from .incidents import Key
from .needs import AtDesk, needs, problems

router = APIRouter(tags=["playbooks"])
Reader = Annotated[Visitor, needs(Scope.INCIDENTS_READ)]
Writer = Annotated[Visitor, needs(Scope.INCIDENTS_WRITE)]
LARGER: Final = {r"/playbooks/(check|dry)": 6 * LONGEST}  # in JSON a character may take six
_STARTED: Final = UUID("4b2f0e52-7c1d-5e0a-8a3b-92d6b1c07f44")  # under which keys become ids
_NAME: Final = r"^[a-z][a-z0-9_]{0,39}$"
_INCIDENT: Final = r"^(E[0-9]{6}-[0-9]{6})?$"
Name = Annotated[str, Path(pattern=_NAME, examples=["issuer_down"])]
Number = Annotated[str, Path(pattern=r"^P[0-9]{6}-[0-9]{6}$", examples=["P261127-482913"])]
StepName = Annotated[str, Field(pattern=_NAME, examples=["announce"])]
Value = Annotated[int, Field(ge=0, lt=2**63)] | Annotated[Words, Field(max_length=500)]
Nothing = Annotated[str, Field(pattern="^$")]
Why = Annotated[Words, Field(max_length=500)]


class About(Asked):
    """What a run is about: what the playbook needs."""

    issuer: IssuerId | Nothing = Field(default="", examples=["00000101"])
    merchant: MerchantId | Nothing = Field(default="", examples=[""])
    terminal: TerminalId | Nothing = Field(default="", examples=[""])

    def given(self) -> dict[str, str | int]:
        """Give what is not empty, by place."""
        told = {"issuer": self.issuer, "merchant": self.merchant, "terminal": self.terminal}
        return {name: value for name, value in told.items() if value}


class PlaybookText(Asked):
    """A playbook as it is written."""

    text: Annotated[str, Field(max_length=LONGEST, description="TOML.", examples=["name = ..."])]


class NewDryRun(Asked):
    """A playbook by its name, or a text, and with what it is tried."""

    name: Annotated[str, Field(pattern=r"^([a-z][a-z0-9_]{0,39})?$")] = Field(
        "", examples=["issuer_down"]
    )
    text: Annotated[str, Field(max_length=LONGEST)] = Field(
        "", description="Goes before the name.", examples=[""]
    )
    about: About = Field(default_factory=About)
    answers: Annotated[dict[str, Value], Field(max_length=200)] = Field(
        default_factory=dict[str, Value],
        description="What people would answer, by step.",
        examples=[{"why": "fault"}],
    )


class NewRun(Asked):
    """What a run is about; of an incident it is known."""

    incident: Annotated[str, Field(pattern=_INCIDENT)] = Field("", examples=["E261127-482913"])
    about: About = Field(default_factory=About)
    reason: Reason = Field(description="Kept in the audit log.", examples=["their voids fail"])


class AtStep(Asked):
    """The step that is meant."""

    step: StepName
    reason: Why = Field("", description="Kept in the audit log.", examples=["as agreed"])


class NewAnswer(AtStep):
    """An answer to the question of a step."""

    value: Value = Field(
        description="One of the choices, a number, an amount in minor units, or a text.",
        examples=["fault"],
    )


class BecauseAtStep(Because):
    """The step that is meant, and why."""

    step: StepName


# Playbooks ----------------------------------------------------------------------------------------


@router.get("/playbooks", responses=problems())
async def every(desk: AtDesk, visitor: Reader) -> Page[Playbook]:
    """List playbooks, by name, each as it counts."""
    return page_of(Playbook, await views.found(desk, visitor), "")


@router.get("/playbooks/{playbook}", responses=problems(404))
async def one(playbook: Name, desk: AtDesk, visitor: Reader) -> WholePlaybook:
    """Read a playbook with its text, its steps and its versions."""
    return WholePlaybook.model_validate(await views.find(desk, visitor, playbook))


@router.post("/playbooks/check", responses=problems(413))
async def check(asked: PlaybookText, visitor: Reader) -> CheckedPlaybook:
    """Check whether a text is a playbook that can run. Nothing is kept."""
    return CheckedPlaybook.model_validate(views.check(visitor, asked.text))


@router.post("/playbooks/dry", responses=problems(404, 413))
async def dry(asked: NewDryRun, desk: AtDesk, visitor: Reader) -> DryRun:
    """Try a playbook dry: what it would see and do now. Nothing is written."""
    steps = await views.dry(
        desk,
        visitor,
        asked.about.given(),
        name=asked.name,
        text=asked.text,
        answers=asked.answers,
    )
    return DryRun.model_validate({"steps": steps})


# Runs ---------------------------------------------------------------------------------------------


@router.post("/playbooks/{playbook}/runs", status_code=201, responses=problems(404, 409, 413))
async def start(
    playbook: Name, new: NewRun, desk: AtDesk, visitor: Writer, key: Key = ""
) -> WholePlaybookRun:
    """Start a run of a playbook, of an incident or without one."""
    told = f"{visitor.name}\n{key}\n{playbook}\n{new.model_dump_json()}"
    act = uuid5(_STARTED, told) if key else None
    number = await acts.start(
        desk, visitor, playbook, new.about.given(), new.reason, new.incident, act
    )
    return await _whole(desk, visitor, number)


@router.get("/playbook-runs", responses=problems())
async def runs(
    desk: AtDesk,
    visitor: Reader,
    state: RunState | Literal["live"] | None = None,
    playbook: Annotated[str, Query(pattern=r"^([a-z][a-z0-9_]{0,39})?$")] = "",
    incident: Annotated[str, Query(pattern=_INCIDENT)] = "",
    limit: Limit = 50,
    cursor: After = "",
) -> Page[PlaybookRun]:
    """List runs of playbooks, the latest first. `live`: neither ended nor stopped."""
    wanted = RunSearch(state or "", playbook, incident)
    found = await views.runs(desk, visitor, wanted, limit, cursor)
    return page_of(PlaybookRun, found.rows, found.following)


@router.get("/playbook-runs/{run}", responses=problems(404))
async def run(run: Number, desk: AtDesk, visitor: Reader) -> WholePlaybookRun:
    """Read a run of a playbook with its steps and its journal."""
    return await _whole(desk, visitor, run)


@router.post("/playbook-runs/{run}/answer", responses=problems(404, 409, 413))
async def answer(run: Number, asked: NewAnswer, desk: AtDesk, visitor: Writer) -> WholePlaybookRun:
    """Answer the question where a run stands. What is answered stays."""
    await acts.answer(desk, visitor, run, asked.step, asked.value, asked.reason)
    return await _whole(desk, visitor, run)


@router.post("/playbook-runs/{run}/do", responses=problems(404, 409, 413))
async def do(run: Number, asked: AtStep, desk: AtDesk, visitor: Writer) -> WholePlaybookRun:
    """Do the step where a run stands, once, or say that it is done.

    A step takes its own scope as well; what annul failed at is tried again.
    """
    await acts.do(desk, visitor, run, asked.step, asked.reason)
    return await _whole(desk, visitor, run)


@router.post("/playbook-runs/{run}/propose", responses=problems(404, 409, 413))
async def propose(
    run: Number, asked: BecauseAtStep, desk: AtDesk, visitor: Writer
) -> WholePlaybookRun:
    """Propose the act where a run stands, which takes two people."""
    await acts.propose(desk, visitor, run, asked.step, asked.reason)
    return await _whole(desk, visitor, run)


@router.post("/playbook-runs/{run}/confirm", responses=problems(404, 409, 413))
async def confirm(run: Number, asked: AtStep, desk: AtDesk, visitor: Writer) -> WholePlaybookRun:
    """Confirm the act that somebody else has proposed in a run."""
    await acts.confirm(desk, visitor, run, asked.step, asked.reason)
    return await _whole(desk, visitor, run)


@router.post("/playbook-runs/{run}/skip", responses=problems(404, 409, 413))
async def skip(
    run: Number, asked: BecauseAtStep, desk: AtDesk, visitor: Writer
) -> WholePlaybookRun:
    """Skip the step where a run stands."""
    await acts.skip(desk, visitor, run, asked.step, asked.reason)
    return await _whole(desk, visitor, run)


@router.post("/playbook-runs/{run}/stop", responses=problems(404, 413))
async def stop(run: Number, asked: Because, desk: AtDesk, visitor: Writer) -> WholePlaybookRun:
    """Stop a run. What was done stays until it is undone."""
    await acts.stop(desk, visitor, run, asked.reason)
    return await _whole(desk, visitor, run)


@router.post("/playbook-runs/{run}/undo", responses=problems(404, 413))
async def undo(run: Number, asked: Because, desk: AtDesk, visitor: Writer) -> WholePlaybookRun:
    """Undo what a run did, the last first. It takes what each of its acts takes."""
    await acts.undo(desk, visitor, run, asked.reason)
    return await _whole(desk, visitor, run)


async def _whole(desk: Desk, visitor: Visitor, number: str) -> WholePlaybookRun:
    found: dict[str, Any] = await views.run(desk, visitor, number)
    return WholePlaybookRun.model_validate(found)
