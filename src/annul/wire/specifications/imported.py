"""What came of a specification that was brought along, and what of one could not be written."""

from dataclasses import dataclass

from annul.domain.errors import AnnulError
from annul.wire.dialect import Dialect


class SpecificationError(AnnulError):
    """This file is no specification that annul reads. Nothing was imported."""

    code = "wire.specification"
    next_step = "docs/messages.md says which forms annul reads; --format says which one it is."


@dataclass(frozen=True, slots=True)
class Unsaid:
    """A row that has no place on the other side ("48.12", or a setting), and why."""

    row: str
    reason: str


@dataclass(frozen=True, slots=True)
class Imported:
    """A dialect, how many rows its source has (parts included), and which of them it lacks."""

    dialect: Dialect
    rows: int
    unsaid: tuple[Unsaid, ...]

    @property
    def said(self) -> int:
        """How many rows it has of its source's; settings of a file are no rows."""
        return self.rows - sum(each.row[:1].isdigit() for each in self.unsaid)


@dataclass(frozen=True, slots=True)
class Exported:
    """A text in another form, and the rows that this form cannot say."""

    text: str
    unsaid: tuple[Unsaid, ...]
