"""What a rule says: allowed, or refused with a code, a reason and a next step."""

from dataclasses import dataclass

from .text import Text

_NONE = Text("", "")


@dataclass(frozen=True, slots=True)
class Ruling:
    """The outcome of a check. `code` goes into field 39; `said` is why, `todo` what to do next."""

    ok: bool
    code: str
    name: str
    said: Text = _NONE
    todo: Text = _NONE

    @property
    def note(self) -> str:
        """A text short enough for field 63: what is wrong and what to do."""
        return f"{self.said.zh},{self.todo.zh}" if self.todo.zh else self.said.zh


ALLOWED = Ruling(ok=True, code="00", name="allowed")


def refusal(code: str, name: str, zh: str, en: str, next_zh: str, next_en: str) -> Ruling:
    """Build a row of a rule table: code, name, what is wrong and what to do next."""
    return Ruling(ok=False, code=code, name=name, said=Text(zh, en), todo=Text(next_zh, next_en))
