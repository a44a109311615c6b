"""What a terminal is loaded with: its numbers, its master key, where the host is."""

import json
import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from annul.security.ciphers import SM, TDES, BlockCipher

_SM4_FORMS = frozenset({"005", "006"})


class Profile(BaseModel):
    """A terminal's set-up as it stands in its file, which only its owner may read.

    `network` is field 60.3 of the sign-in and so the form of the working keys; `resends` counts
    the sends of a reversal after the first.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    merchant: str = Field(pattern=r"^\w{15}$")
    terminal: str = Field(pattern=r"^\w{8}$")
    master_key: str = Field(pattern=r"^[0-9a-fA-F]{32}$", repr=False)
    host: str = "127.0.0.1"
    port: int = Field(default=8583, ge=1, le=65535)
    network: Literal["001", "003", "004", "005", "006"] = "003"
    operator: str = Field(default="001", pattern=r"^\d{2,3}$")
    serial: str = "00000000000000000001"
    software: str = Field(default="31311000", pattern=r"^\d{8}$", description="version")
    timeout_s: float = Field(default=60.0, gt=0)
    resends: int = Field(default=2, ge=0)
    card: str = Field(
        default="", pattern=r"^(\d{12,19})?$", repr=False, description="used when none is given"
    )
    code: str = Field(
        default="", pattern=r"^(\d{12,19})?$", repr=False, description="the same, scanned"
    )

    @property
    def master(self) -> BlockCipher:
        """The master key, ready to open working keys."""
        algorithm = SM if self.network in _SM4_FORMS else TDES
        return BlockCipher(algorithm, bytes.fromhex(self.master_key))

    @classmethod
    def read(cls, file: Path) -> "Profile":
        """Read a file; raises `OSError` and pydantic's `ValidationError`."""
        return cls.model_validate_json(file.read_text(encoding="utf-8"))

    def write(self, file: Path) -> None:
        """Write the file, readable by its owner alone."""
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as opened:
            json.dump(self.model_dump(exclude_defaults=True), opened, indent=2)
