"""A host that does what a test says, over a real socket: it approves all, under MACs of its own."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from annul.domain.kinds import KINDS
from annul.security.keys import FORMS, KeyKind, WorkingKeys
from annul.security.mac import MacAlgorithm
from annul.security.software import SoftwareModule
from annul.security.vault import Vault
from annul.sim.terminal.journal import TerminalJournal
from annul.sim.terminal.messages import TerminalOrder
from annul.sim.terminal.profile import Profile
from annul.sim.terminal.terminal import SoftTerminal
from annul.wire.codec import Codec, Message
from annul.wire.dialects import DIALECTS
from annul.wire.framing import TPDU_2, Framer, reply_head

CODEC: Final = Codec(DIALECTS["unionpay_pos"])
MASTER: Final = bytes(range(16))
TERMINAL, MERCHANT = "10000001", "898000058120000"
_ZONE: Final = ZoneInfo("Asia/Shanghai")
_ECHOED: Final = (3, 4, 11, 41, 42, 48, 49, 60)
SALE: Final = TerminalOrder(KINDS["sale"], 10_000, "6200010000000007")


@dataclass
class Host:
    """What came in, and how the next answers are to be."""

    form: str = "003"
    algorithm: MacAlgorithm = MacAlgorithm.UNIONPAY_ECB
    requirement: int = 0
    codes: list[str] = field(default_factory=list)  # of the next answers; 00 after them
    signed_by: KeyKind | None = None  # the key that answers are signed with; None: the right one
    signs: bool = True  # whether answers carry a MAC
    breaks: bool = False  # whether that MAC is spoilt
    heard: list[Message] = field(default_factory=list)
    port: int = 0

    def __post_init__(self) -> None:
        self.security = SoftwareModule(bytes(32))
        master = FORMS[self.form].master
        self._master = self.security.import_key(KeyKind.MASTER, master, MASTER)
        self._issued: WorkingKeys | None = None
        self._serving: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    @property
    def asked(self) -> list[str]:
        """MTI and field 60.3 of what came in."""
        return [f"{message.mti} {str(message[60])[8:11]}" for message in self.heard]

    def was_signed(self, message: Message) -> bool:
        """Say whether a message came with a MAC that holds."""
        code = message.get(64)
        assert self._issued is not None
        return code is not None and self.security.verify_mac(
            self._issued.mac, self.algorithm, message.raw[:-8], code
        )

    def answer(self, message: Message) -> bytes:
        """Answer as told."""
        self.heard.append(message)
        fields: dict[int, Any] = message.pick(_ECHOED)
        fields[39] = self.codes.pop(0) if self.codes else "00"
        mti = f"{message.mti[:2]}{int(message.mti[2]) + 1}0"
        if message.mti == "0800":
            self._issued = self.security.issue_working_keys(self._master, self.form)
            fields[62] = self._issued.field62
        if message.mti == "0200":
            fields |= {37: "000000000001", 38: "000001"}
        if message.mti == "0500":
            fields[48] = f"{str(fields[48])[:30]}1{'0' * 30}1"
        if 64 not in message or not self.signs:
            return CODEC.encode(mti, fields)
        assert self._issued is not None
        keys = {key.kind: key for key in self._issued.every}
        key = keys[self.signed_by] if self.signed_by else self._issued.mac_back or self._issued.mac
        body = CODEC.encode(mti, fields | {64: bytes(8)})[:-8]
        code = self.security.mac(key, self.algorithm, body)
        return body + (code[:-1] + bytes([code[-1] ^ 1]) if self.breaks else code)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        task = asyncio.current_task()
        assert task is not None
        self._serving[task] = writer
        framer = Framer(TPDU_2)
        while data := await reader.read(65_536):
            for frame in framer.feed(data):
                head = reply_head(frame.head, self.requirement)
                writer.write(TPDU_2.pack(self.answer(CODEC.decode(frame.body)), head))
        writer.close()

    async def end(self) -> None:
        """Hang up on all, and wait until that is done."""
        for writer in self._serving.values():
            writer.close()
        await asyncio.gather(*self._serving, return_exceptions=True)


@asynccontextmanager
async def serving(host: Host, context: ssl.SSLContext | None = None) -> AsyncIterator[Host]:
    """Open a port for the host."""
    server = await asyncio.start_server(host.serve, "127.0.0.1", 0, ssl=context)
    host.port = server.sockets[0].getsockname()[1]
    try:
        yield host
    finally:
        server.close()
        await host.end()


def terminal_of(host: Host, journal: TerminalJournal | None = None, **changes: Any) -> SoftTerminal:
    """Make a soft terminal that fits the host."""
    profile = Profile(
        merchant=MERCHANT,
        terminal=TERMINAL,
        master_key=MASTER.hex(),
        port=host.port,
        network=host.form,
        **{"mac": host.algorithm, "timeout_s": 5.0, **changes},
    )
    return SoftTerminal(profile, journal or journal_of(), lambda: datetime.now(_ZONE))


def journal_of(file: Path | str = ":memory:") -> TerminalJournal:
    """Open a journal; in memory when no file is named."""
    return TerminalJournal(file, Vault(bytes(16)))
