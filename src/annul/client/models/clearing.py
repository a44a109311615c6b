"""Clearing files of issuers: what is in one, and what came of it."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from .parts import MERCHANT, NEWER, Id, Model, Said, Time

DifferenceKind = Literal["amount", "fee"]
FileState = Literal["loading", "staged", "committed", "discarded", "dropped"]
NAME = "IND26112301ACOM"
_MINOR = Field(
    description="In minor units, positive: the issuer owes it to annul.", examples=[-1_000]
)


class BadLine(Model, frozen=True):
    """A line that is no row: why, and what stands there, with cards masked."""

    line: int = Field(examples=[2])
    reason: Said
    text: str = Field(examples=["no row"])


class InCell(Model, frozen=True):
    """How a file stands in one cell."""

    cell: str = Field(description="Empty where there is one only.", examples=[""])
    state: Annotated[FileState, NEWER] = Field(examples=["staged"])
    rows: int = Field(examples=[2])
    bad: int = Field(examples=[0])


class ClearingFile(Model, frozen=True):
    """A clearing file that was read."""

    id: Id
    name: str = Field(examples=[NAME])
    layout: str = Field(description="A layout, `csv`, `xlsx` or `camt`.", examples=["COM"])
    issuers: list[str] = Field(description="Of which it tells; empty: of all.", examples=[[]])
    settles_on: date = Field(description="Up to which business day it tells.")
    covers_from: date | None = Field(description="The first day of which no other had told.")
    state: Annotated[FileState, NEWER] = Field(
        description="`staged` until it is committed; in several cells as in the one where the most "
        "is left to do.",
        examples=["committed"],
    )
    rows: int = Field(examples=[2])
    bad: int = Field(description="Lines that are no rows.", examples=[0])
    read_by: str = Field(examples=["li"])
    read_at: Time
    committed_by: str = Field(examples=["li"])
    committed_at: Time | None
    ended_by: str = Field(description="Who dropped or discarded it.", examples=[""])
    ended_at: Time | None
    reason: str = Field(examples=[""])
    rules: int = Field(description="Version of the rules that it was matched by.", examples=[0])
    asked_for: Annotated[Literal["", "discard", "again"], NEWER] = Field(
        description="What waits for a second person.", examples=[""]
    )
    asked_by: str = Field(examples=[""])
    cells: list[InCell]


class BreakSum(Model, frozen=True):
    """Breaks of a kind and cause."""

    kind: str = Field(examples=["amount"])
    cause: str = Field(examples=["other_amount"])
    currency: str = Field(description="ISO 4217, numeric.", examples=["156"])
    count: int = Field(examples=[1])
    money: int = _MINOR
    in_question: int = Field(description="What is for and against annul alike.", examples=[1_000])


class FileBreaks(BreakSum, frozen=True):
    """Breaks of a file by how they stand now."""

    state: str = Field(examples=["open"])


class Tolerated(Model, frozen=True):
    """Differences of money that rules accept, of a kind and an account that bears them."""

    kind: Annotated[DifferenceKind, NEWER] = Field(examples=["amount"])
    account: str = Field(examples=["clearing_difference"])
    currency: str = Field(examples=["156"])
    count: int = Field(examples=[1])
    money: int = _MINOR
    in_question: int = Field(description="What is for and against annul alike.", examples=[2])


class WholeFile(ClearingFile, frozen=True):
    """A file with its breaks, what rules accept of it, and its first bad lines."""

    breaks: list[FileBreaks]
    tolerated: list[Tolerated] = Field(description="Differences that rules accept.")
    bad_lines: list[BadLine] = Field(description="The first 20.")


class Outcome(Model, frozen=True):
    """How many rows came to what."""

    outcome: str = Field(examples=["matched"])
    currency: str = Field(examples=["156"])
    count: int = Field(examples=[1])
    money: int = _MINOR


class ShownBreak(Model, frozen=True):
    """A break as a preview shows it."""

    merchant: str = Field(validation_alias="merchant_id", examples=[MERCHANT])
    kind: str = Field(examples=["amount"])
    cause: str = Field(examples=["other_amount"])
    line: int | None = Field(examples=[1])
    transaction: Id | None = Field(validation_alias="transaction_id")
    money: int = _MINOR
    currency: str = Field(examples=["156"])
    foretold: bool


class AcceptedDifference(Model, frozen=True):
    """A difference of money with a row of a file that a rule accepts."""

    line: int = Field(examples=[1])
    kind: Annotated[DifferenceKind, NEWER] = Field(examples=["amount"])
    merchant: str = Field(validation_alias="merchant_id", examples=[MERCHANT])
    transaction: Id = Field(validation_alias="transaction_id")
    rrn: str = Field(examples=["300000000001"])
    issuer: str = Field(validation_alias="issuer_id", examples=["00000101"])
    currency: str = Field(examples=["156"])
    claimed: int | None = Field(
        description="By the terminal's batch, where that differs.", examples=[None]
    )
    ours: int = Field(description="By our books, in minor units.", examples=[10_000])
    theirs: int = Field(description="By the file.", examples=[9_998])
    money: int = _MINOR
    account: str = Field(description="That bears it.", examples=["clearing_difference"])
    found_at: Time


class ClearingResult(Model, frozen=True):
    """What came of a file, or would come of it."""

    file: Id
    covers_from: date
    settles_on: date
    rows: int = Field(examples=[2])
    bad: int = Field(examples=[0])
    outcomes: list[Outcome]
    kinds: list[BreakSum]
    tolerated: list[Tolerated] = Field(description="Differences that rules accept.")
    carried: int = Field(description="Expected in one of the next files.", examples=[0])
    proofs: int = Field(description="What it proves of transactions.", examples=[0])
    breaks: list[ShownBreak] = Field(description="The largest 200, in a preview only.")


class Tolerance(Model, frozen=True):
    """A difference of money that is accepted, and the account that bears it; minor units."""

    kind: DifferenceKind = Field(description="Of a transaction, or of its charge.")
    issuer: str = Field(
        "",
        pattern=r"^[0-9A-Za-z]{0,11}$",
        description="Empty: each that has none of its own.",
        examples=[""],
    )
    currency: str = Field("156", description="ISO 4217, numeric.", examples=["156"])
    up_to: int | None = Field(None, ge=1, le=999_999_999_999, examples=[5])
    per_mille: int | None = Field(
        None,
        ge=1,
        le=1_000,
        description="Of what our books have; where both bounds are given both hold.",
        examples=[2],
    )
    per_day: int = Field(
        ge=1, le=999_999_999_999, description="In all, of files of one day.", examples=[1_000]
    )
    account: str = Field(description="That bears it.", examples=["clearing_difference"])


class ClearingRules(Model, frozen=True):
    """How clearing files are judged: times, and amounts in minor units."""

    carry_minutes: int = Field(
        ge=0, le=1_440, description="Before the cut-over: told a file later.", examples=[120]
    )
    carry_days: int = Field(ge=0, le=10, description="How many files later.", examples=[1])
    large: int = Field(ge=1, description="From which a break is urgent.", examples=[1_000_000])
    due_hours: int = Field(ge=1, le=720, description="Until a break is decided.", examples=[72])
    due_hours_large: int = Field(ge=1, le=720, description="A large one.", examples=[24])
    second_person_from: int = Field(
        ge=0, description="From which a break is ended by two people.", examples=[100_000]
    )
    discard_second_person_from: int = Field(
        ge=0,
        description="From which what a file proved is taken back by two people.",
        examples=[100_000],
    )
    tolerances: list[Tolerance] = Field(
        default_factory=list[Tolerance],
        max_length=100,
        description="Differences of money that are accepted; none: every one is a break.",
    )


class RulesVersion(Model, frozen=True):
    """Rules that were set, and by whom; version 0 are those of the settings."""

    version: int = Field(examples=[1])
    state: Annotated[Literal["asked", "in_force", "rejected"], NEWER] = Field(
        description="The latest one `in_force` counts; `asked` waits for a second person.",
        examples=["in_force"],
    )
    rules: ClearingRules
    reason: str = Field(examples=["their files come two days later"])
    asked_by: str = Field(examples=["li"])
    asked_at: Time | None
    decided_by: str = Field(description="The second person.", examples=[""])


class OutcomeChange(Model, frozen=True):
    """How many rows of a file come to something else, and the money in question."""

    before: str = Field(
        description="An outcome; of what a file lacks `expected` (later) or a break's kind; empty: "
        "nothing.",
        examples=["expected"],
    )
    after: str = Field(examples=["missing_there"])
    currency: str = Field(examples=["156"])
    count: int = Field(examples=[1])
    money_before: int = Field(description="Of breaks, in minor units.", examples=[0])
    money_after: int = Field(examples=[-10_000])
    decided: int = Field(description="Of which people had decided.", examples=[0])


class ChangedRow(Model, frozen=True):
    """A row, or what a file lacks, of which something else comes."""

    line: int | None = Field(description="None: it is lacking.", examples=[1])
    merchant: str | None = Field(validation_alias="merchant_id", examples=[MERCHANT])
    transaction: Id | None = Field(validation_alias="transaction_id")
    rrn: str | None = Field(examples=["300000000001"])
    amount: int | None = Field(examples=[10_000])
    currency: str | None = Field(examples=["156"])
    before: str = Field(examples=["expected"])
    after: str = Field(examples=["missing_there"])
    money_before: int = Field(examples=[0])
    money_after: int = Field(examples=[-10_000])
    stood: str = Field(description="How its break stood.", examples=[""])
    borne_before: str = Field(description="What was accepted of it.", examples=[""])
    borne_after: str = Field(
        description="Kind, money and account of each.", examples=["amount -2 clearing_difference"]
    )


class MatchedAgain(Model, frozen=True):
    """What differs once a file is matched anew, and what comes of it then."""

    name: str = Field(examples=[NAME])
    rules: int = Field(validation_alias="by", description="Version in force.", examples=[1])
    changes: list[OutcomeChange]
    changed: list[ChangedRow] = Field(description="The 200 with the most money.")
    opened: int = Field(description="Breaks that are new.", examples=[1])
    withdrawn: int = Field(description="Breaks that it has no more.", examples=[0])
    stay: int = Field(description="Breaks that stay as people have left them.", examples=[2])
    reopened: int = Field(description="Of earlier files, open again.", examples=[0])
    proved: int = Field(description="Proofs that are new.", examples=[0])
    unproved: int = Field(description="Proofs that are undone.", examples=[0])
    at_stake: int = Field(
        description="Of which it is said otherwise, in minor units: from an amount on two people "
        "decide.",
        examples=[0],
    )
    result: ClearingResult


class ColumnMap(Model, frozen=True):
    """What the columns of a table mean."""

    columns: dict[str, str] = Field(
        description="What a column holds, to its head.",
        examples=[{"amount": "交易金额(元)", "rrn": "参考号"}],
    )
    unit: Literal["", "major", "minor"] = Field("", description="Of amounts.", examples=["major"])
    words: dict[str, list[str]] = Field(
        default_factory=dict,
        description="Words of the column of kinds, to kind and effect.",
        examples=[{"消费": ["sale", "taken"]}],
    )
    negative: Literal["given_back", "refused"] = "given_back"
    fee_sign: Literal[1, -1] = 1
    currency: str = Field("156", examples=["156"])
    dates: str = Field("", description="A format of strptime.", examples=["%Y-%m-%d"])
    head: int = Field(1, ge=1, description="The line of the heads.", examples=[1])
    delimiter: str = Field(",", min_length=1, max_length=1, examples=[","])
    encoding: Literal["utf-8", "gb18030"] = "utf-8"


class SavedMap(Model, frozen=True):
    """A map under its name."""

    name: str = Field(examples=["bank of tea"])
    map: ColumnMap


class FileLook(Model, frozen=True):
    """What a file looks like; of a table its heads, some lines with cards masked, a guess."""

    layout: str = Field(examples=["csv"])
    headers: list[str] = Field(examples=[["参考号", "交易金额(元)"]])
    samples: list[list[str]] = Field(examples=[[["300000000001", "100.00"]]])
    map: ColumnMap | None
    missing: list[Said] = Field(description="What must be declared before it can be read.")


class ExpectedFile(Model, frozen=True):
    """A clearing file that is expected: learnt from those that came, or declared."""

    layout: str = Field(description="Empty: in any.", examples=["COM"])
    issuers: list[str] = Field(description="Empty: of all issuers.", examples=[["00000101"]])
    settles_on: date = Field(description="Up to which business day it tells.")
    due_at: Time
    late_at: Time = Field(description="From when on it is late.")
    declared: bool = Field(description="By the settings; else it is learnt.")
    state: Literal["expected", "came", "late"]
    came_at: Time | None


class ReadClearingFile(Model, frozen=True):
    """A file that was read: staged, it counts once it is committed."""

    id: Id
    name: str = Field(examples=[NAME])
    layout: str = Field(examples=["COM"])
    settles_on: date
    rows: int = Field(examples=[2])
    bad: int = Field(examples=[0])
    bad_lines: list[BadLine] = Field(description="The first 20.")
    map: ColumnMap | None = Field(validation_alias="columns", description="Of a table.")
    cells: list[str] = Field(examples=[[""]])
