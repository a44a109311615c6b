"""What a person reads, in both languages: the one form that every room uses."""

from typing import NamedTuple


class Text(NamedTuple):
    """A text in Chinese and English."""

    zh: str
    en: str

    def speak(self, language: str) -> str:
        """Give it in a language: `zh`, else English."""
        return self.zh if language == "zh" else self.en
