"""Terminals' lines over TLS 1.3 with certificates of their own, for measuring what they cost."""

import json
import ssl
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from annul.security.certificates import authority
from annul.security.tls import ClientTls, client_context


class SecuredLines:
    """The certificates of one measurement: the host's, and one for each terminal."""

    def __init__(self, folder: Path) -> None:
        self._now = datetime.now(UTC)
        self._own = authority(folder / "tls", "bench", self._now)
        self._server = self._own.server(["127.0.0.1"], self._now)

    def identity(self, terminal: str, merchant: str) -> str:
        """Give the identity that a terminal is registered with."""
        return self._own.client(terminal, merchant, self._now).identity

    @property
    def environment(self) -> Mapping[str, str]:
        """Settings of a host that asks every terminal for its certificate."""
        tls = {
            "certificate": str(self._server.certificate),
            "key": str(self._server.key),
            "clients": "required",
            "client_ca": str(self._own.pair.certificate),
            "minimum": "1.3",
        }
        return {"ANNUL_TERMINALS_TLS": json.dumps(tls)}

    def contexts(self, credentials: Sequence[tuple[str, str, str]]) -> list[ssl.SSLContext]:
        """Give the context of each terminal."""
        return [self._context(terminal, merchant) for merchant, terminal, _ in credentials]

    def _context(self, terminal: str, merchant: str) -> ssl.SSLContext:
        pair = self._own.client(terminal, merchant, self._now)
        return client_context(
            ClientTls(self._own.pair.certificate, certificate=pair.certificate, key=pair.key)
        )
