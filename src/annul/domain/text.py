"""What a person reads, in both languages: the one form that every room uses."""

from collections.abc import Mapping
from typing import NamedTuple, cast


class Text(NamedTuple):
    """A text in Chinese and English."""

    zh: str
    en: str

    def speak(self, language: str) -> str:
        """Give it in a language: `zh`, else English."""
        return self.zh if language == "zh" else self.en


def as_spoken(params: Mapping[str, object], language: str) -> dict[str, object]:
    """Give values in one language: a text in both is there as JSON keeps it, by language."""
    return {
        name: cast("Mapping[str, object]", value).get(language, "-")
        if isinstance(value, Mapping)
        else value
        for name, value in params.items()
    }
