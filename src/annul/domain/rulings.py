"""What a rule says: allowed, or refused with a code, a reason and a next step."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ruling:
    """The outcome of a check. `code` goes into field 39; the texts are for people."""

    ok: bool
    code: str
    name: str
    zh: str = ""
    en: str = ""
    next_zh: str = ""
    next_en: str = ""

    @property
    def note(self) -> str:
        """A text short enough for field 63: what is wrong and what to do."""
        return f"{self.zh},{self.next_zh}" if self.next_zh else self.zh


ALLOWED = Ruling(ok=True, code="00", name="allowed")


def refusal(code: str, name: str, zh: str, en: str, next_zh: str, next_en: str) -> Ruling:
    """Build a row of a rule table: code, name, what is wrong and what to do next."""
    return Ruling(ok=False, code=code, name=name, zh=zh, en=en, next_zh=next_zh, next_en=next_en)
