"""Playbooks, emergency plans that run; their runs, and what came of each step."""

from typing import Annotated, Any, Literal

from pydantic import Field

from .parts import NEWER, Id, Model, Said, Time

RUN = "P261127-482913"
Given = dict[str, str | int]
RunState = Literal["running", "waiting", "stopped", "done", "undoing", "undone"]
_NAME = Field(examples=["issuer_down"])
_WHO = Field(examples=["li"])
_VERSION = Field(examples=[1])
_STEP = Field(examples=["announce"])
_GIVEN = Field(description="What it is about.", examples=[{"issuer": "00000101"}])


class PlaybookFlaw(Model, frozen=True):
    """One thing that is wrong with a text."""

    where: str = Field(description="A step, or a line.", examples=["steps.announce"])
    kind: str = Field(examples=["place"])
    what: Said
    todo: Said


class PlaybookContact(Model, frozen=True):
    """Whom to speak with, and what to say."""

    who: str = Field(examples=["issuer_duty"])
    who_text: Said
    say: Said


class PlaybookStep(Model, frozen=True):
    """A step as it is told. What is not known yet stands as it is written, `{issuer}`."""

    id: str = _STEP
    kind: Annotated[Literal["look", "act", "ask", "tell", "wait"], NEWER]
    kind_text: Said
    title: Said
    text: Said
    by: Annotated[Literal["annul", "person"], NEWER]
    scope: str = Field(description="What a person needs who does it.", examples=["issuers:write"])
    dual: bool = Field(description="It takes two people.")
    do: str = Field(description="The look or act.", examples=["announce_window"])
    does: Said | None = Field(description="That in words, or what is waited for.")
    args: Given = Field(examples=[{"issuer": "00000101", "minutes": 60}])
    when: str = Field(description="Only if this holds.", examples=["why == maintenance"])
    takes: str = Field(description="What the answer to a question is.", examples=[""])
    choices: dict[str, Said] = Field(description="Of which an answer is one.")
    seconds: int = Field(description="How long is waited at most.", examples=[0])
    until: str = Field(description="What is waited for.", examples=[""])
    undo: bool = Field(description="It can be undone.")


class Playbook(Model, frozen=True):
    """A playbook, as it counts."""

    name: str = _NAME
    title: Said
    about: Said
    version: int = _VERSION
    written_by: str = Field(description="Empty: annul brought it along.", examples=[""])
    written_at: Time | None
    reason: str = Field(description="Why it was written.", examples=[""])
    builtin: bool = Field(description="annul has one of this name.")
    starts_on: list[str] = Field(
        description="Kinds of incidents that it meets.", examples=[["issuer_in_trouble"]]
    )
    by_itself: bool = Field(description="Such an incident starts it by itself.")
    needs: list[str] = Field(description="What a run must be given.", examples=[["issuer"]])
    step_count: int = Field(examples=[15])
    flaws: list[PlaybookFlaw] = Field(description="Why it cannot run, if so.")


class PlaybookVersion(Model, frozen=True):
    """A version of a playbook."""

    version: int = _VERSION
    text: str = Field(description="TOML.")
    written_by: str = Field(description="Empty: annul brought it along.", examples=["li"])
    written_at: Time
    reason: str = Field(examples=["their duty desk has moved"])


class WholePlaybook(Playbook, frozen=True):
    """A playbook with its text, steps and versions."""

    text: str = Field(description="TOML.")
    steps: list[PlaybookStep]
    contacts: list[PlaybookContact]
    versions: list[PlaybookVersion] = Field(description="The last first; used or written ones.")


class CheckedPlaybook(Model, frozen=True):
    """What a check of a text came to."""

    valid: bool = Field(description="It can run.")
    name: str = Field(description="Empty where it is not valid.", examples=["night_window"])
    flaws: list[PlaybookFlaw]
    steps: list[PlaybookStep] = Field(default_factory=list[PlaybookStep])
    contacts: list[PlaybookContact] = Field(default_factory=list[PlaybookContact])


class DryStep(PlaybookStep, frozen=True):
    """A step of a dry run: whether it comes, and what a look shows now."""

    comes: Annotated[Literal["yes", "no", "open"], NEWER] = Field(
        description="`open`: that hangs on an answer."
    )
    word: str = Field("", description="What a look says.", examples=["healthy"])
    word_text: Said | None = None
    facts: dict[str, Any] = Field(default_factory=dict[str, Any], description="Its figures.")
    why: str = Field("", description="Why a look fails.", examples=[""])


class DryRun(Model, frozen=True):
    """What a playbook would see and do."""

    steps: list[DryStep]


class PlaybookRun(Model, frozen=True):
    """A run of a playbook."""

    id: Id
    number: str = Field(examples=[RUN])
    playbook: str = _NAME
    version: int = _VERSION
    merchant: str = Field(
        validation_alias="merchant_id",
        description="Empty unless it is about one merchant.",
        examples=[""],
    )
    given: Given = _GIVEN
    incident: str | None = Field(description="Its number.", examples=["E261127-482913"])
    state: Annotated[RunState, NEWER]
    step: str = Field(description="Where it stands.", examples=["why"])
    why: str = Field(description="Why annul could not go on, if so.", examples=[""])
    started_by: str = Field(description="Empty: by itself.", examples=["li"])
    started_at: Time
    reason: str = Field(examples=["their voids fail"])
    ended_at: Time | None
    undone_by: str = Field(examples=[""])


class RunStep(PlaybookStep, frozen=True):
    """A step of a run, and how it stands."""

    state: Annotated[
        Literal[
            "done",
            "skipped",
            "failed",
            "proposed",
            "undone",
            "here",
            "under_way",
            "comes",
            "not",
        ],
        NEWER,
    ] = Field(
        validation_alias="is",
        description="`here`: it waits for a person; `not`: its condition does not hold.",
    )


class JournalEntry(Model, frozen=True):
    """One line of a run's journal."""

    seq: int = Field(examples=[1])
    step: str = _STEP
    state: Annotated[Literal["done", "skipped", "failed", "proposed", "undone"], NEWER]
    at: Time
    who: str = Field(description="Empty: annul itself.", examples=["li"])
    confirmed_by: str = Field(description="The second person.", examples=[""])
    result: dict[str, Any] = Field(description="What came of it.")
    reason: str = Field(examples=[""])


class WholePlaybookRun(PlaybookRun, frozen=True):
    """A run with its steps and its journal."""

    title: Said
    about: Said
    here: str = Field(description="The step where it stands, if it goes on.", examples=["why"])
    steps: list[RunStep]
    contacts: list[PlaybookContact]
    journal: list[JournalEntry]
    undoable: list[str] = Field(
        description="Steps that an undo takes back, in its order.", examples=[["announce"]]
    )
