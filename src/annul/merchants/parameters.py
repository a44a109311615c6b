"""The parameters that a terminal downloads (field 62), as tags of two digits and fixed values.

Source: UnionPay-style POS parameter download; lengths in bytes of text.
"""

from dataclasses import dataclass
from typing import Final

# tag: (name, length). 14 and 15: seconds to wait, tries; the rest as the names say.
_TAGS: Final[tuple[tuple[str, str, int], ...]] = (
    ("12", "timeout_s", 2),
    ("13", "resends", 1),
    ("14", "phone", 14),
    ("26", "void_needs_swipe", 1),
    ("27", "void_needs_pin", 1),
)
NAME_TAG: Final = "22"
NAME_BYTES: Final = 40


@dataclass(frozen=True, slots=True)
class Parameters:
    """How a terminal behaves: seconds to wait for an answer, resends of a reversal, void rules."""

    timeout_s: int = 60
    resends: int = 2
    phone: str = ""
    void_needs_swipe: bool = True
    void_needs_pin: bool = False
    name: str = ""

    def build(self) -> bytes:
        """Write field 62: each tag, then its value at its length; the name in GBK last.

        Of a sign that GBK lacks the terminal shows a question mark.
        """
        parts: list[str] = []
        for tag, name, length in _TAGS:
            value = getattr(self, name)
            number = isinstance(value, int)
            parts.append(tag + (f"{int(value):0{length}d}" if number else value.ljust(length)))
        name = self.name.encode("gbk", "replace")[:NAME_BYTES].decode("gbk", "ignore").encode("gbk")
        return "".join(parts).encode("ascii") + NAME_TAG.encode() + name.ljust(NAME_BYTES)

    @classmethod
    def parse(cls, data: bytes) -> "Parameters":
        """Read field 62; raises `ValueError` for an unknown tag or a short value."""
        lengths = {tag: (name, length) for tag, name, length in _TAGS}
        values: dict[str, int | str | bool] = {}
        at = 0
        while at < len(data):
            tag = data[at : at + 2].decode("ascii")
            name, length = ("name", NAME_BYTES) if tag == NAME_TAG else lengths.get(tag, ("", 0))
            raw = data[at + 2 : at + 2 + length]
            if not name or len(raw) < length:
                message = f"parameter {tag} at byte {at} is unknown or too short"
                raise ValueError(message)
            text = raw.decode("gbk").strip()
            default = cls.__dataclass_fields__[name].default
            values[name] = text if isinstance(default, str) else type(default)(int(text))
            at += 2 + length
        return cls(**values)  # pyright: ignore[reportArgumentType]  # typed by each default
