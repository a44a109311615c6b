"""Words in both languages: the source's English is the key, `locales` hold the Chinese."""

from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from io import BytesIO
from typing import Final

from babel.messages.pofile import read_po

from annul.domain.text import Text

Texts = Mapping[str, str]
_FOLDER: Final = files("annul.console") / "locales"


@lru_cache
def catalogue(language: str) -> Texts:
    """Read the catalogues of a language, all files of its folder; empty for English."""
    folder = _FOLDER / language
    if not folder.is_dir():
        return {}
    found: dict[str, str] = {}
    for file in sorted(folder.iterdir(), key=lambda one: one.name):
        if file.name.endswith(".po"):
            for message in read_po(BytesIO(file.read_bytes()), locale=language):
                if message.id and message.string:
                    found[str(message.id)] = str(message.string)
    return found


class Words:
    """Says things in one language: `words("Cases")`, `words("{n} open", n=3)`."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._texts = catalogue(language)

    def __call__(self, message: str, **values: object) -> str:
        """Give a message of the catalogue, its places filled in."""
        said = self._texts.get(message, message)
        return said.format(**values) if values else said

    def of(self, text: Text | Mapping[str, str] | None) -> str:
        """Give the right one of a text that has both languages."""
        if text is None:
            return ""
        if isinstance(text, Mapping):
            return str(text.get(self.language, ""))
        return text.speak(self.language)

    def name(self, row: Mapping[str, object]) -> str:
        """Give the name of something that has `name_zh` and `name_en`."""
        return str(row[f"name_{self.language}"])
