"""What a terminal is loaded with: its numbers, its master key, where the host is."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from annul.security.ciphers import BlockCipher
from annul.security.keys import FORMS, fits
from annul.security.mac import MacAlgorithm
from annul.security.private import tighten, write_private
from annul.security.tls import ClientTls


def _known(form: str) -> str:
    if form not in FORMS:
        message = f"none of the key forms {', '.join(FORMS)}"
        raise ValueError(message)
    return form


def _usual(found: dict[str, Any]) -> MacAlgorithm:
    return FORMS[found["network"]].usual_mac


class Profile(BaseModel):
    """A terminal's set-up as it stands in its file, which only its owner may read.

    `network` is field 60.3 of the sign-in and so the form of the working keys, which says what the
    master key is and which `mac` can be made; `tls` is how it speaks to the host, in the clear
    without; its paths start at the file's folder. `resends` counts the sends of a reversal after
    the first.
    """

    # An error would show the whole input otherwise, and with it the master key.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    merchant: str = Field(pattern=r"^\w{15}$")
    terminal: str = Field(pattern=r"^\w{8}$")
    master_key: str = Field(pattern=r"^[0-9a-fA-F]{32}$", repr=False)
    host: str = "127.0.0.1"
    port: int = Field(default=8583, ge=1, le=65535)
    network: Annotated[str, AfterValidator(_known)] = "003"
    mac: MacAlgorithm = Field(default_factory=_usual)
    tls: ClientTls | None = None
    operator: str = Field(default="001", pattern=r"^\d{2,3}$")
    serial: str = "00000000000000000001"
    software: str = Field(default="31311000", pattern=r"^\d{8}$", description="version")
    timeout_s: float = Field(default=60.0, gt=0)
    resends: int = Field(default=2, ge=0)
    card: str = Field(
        default="", pattern=r"^(\d{12,19})?$", repr=False, description="used when none is given"
    )
    foreign: tuple[str, ...] = Field(
        default=("4", "5"), description="how numbers of foreign cards begin"
    )
    code: str = Field(
        default="", pattern=r"^(\d{12,19})?$", repr=False, description="the same, scanned"
    )

    @model_validator(mode="after")
    def _mac_fits(self) -> Self:
        if not fits(self.network, self.mac):
            message = f"form {self.network} has no key for {self.mac}"
            raise ValueError(message)
        return self

    def is_foreign(self, card: str) -> bool:
        """Say whether a card, which may be masked, counts in the foreign half of totals."""
        return card.startswith(self.foreign)

    @property
    def master(self) -> BlockCipher:
        """The master key, ready to open working keys."""
        return BlockCipher(FORMS[self.network].master, bytes.fromhex(self.master_key))

    @classmethod
    def read(cls, file: Path) -> "Profile":
        """Read a file, which nobody else may read from now on.

        Raises `OSError` and pydantic's `ValidationError`.
        """
        tighten(file)
        profile = cls.model_validate_json(file.read_text(encoding="utf-8"))
        if profile.tls is None:
            return profile
        return profile.model_copy(update={"tls": _from(file.parent, profile.tls)})

    def write(self, file: Path) -> None:
        """Write the file, readable by its owner alone."""
        write_private(
            file, json.dumps(self.model_dump(mode="json", exclude_defaults=True), indent=2)
        )


def _from(folder: Path, tls: ClientTls) -> ClientTls:
    """Let paths start at a folder; those that start at the root stay."""
    return replace(
        tls,
        ca=folder / tls.ca,
        certificate=tls.certificate and folder / tls.certificate,
        key=tls.key and folder / tls.key,
    )
