"""One issuer simulator, put together: books, faults, socket and control."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from annul.domain.business_day import Calendar
from annul.issuers.key_forms import KEY_FORMS
from annul.renewal import renewing
from annul.security.ciphers import TDES, BlockCipher
from annul.security.mac import MacAlgorithm
from annul.security.pin import PinFormat
from annul.security.tls import ServerTls
from annul.serving import serve_http
from annul.store.loop import Loops
from annul.wire.codec import Codec
from annul.wire.dialects import DIALECTS
from annul.wire.framing import FRAMINGS

from .books import Books
from .books_file import BooksFile
from .clearing import ClearingFiles, Delivery
from .control import build
from .faults import Fault, Faults
from .keys import SimulatedKeys
from .rules import IssuerSettings
from .server import IssuerServer

_ZONE = ZoneInfo("Asia/Shanghai")
_CUT_OVER = time(23)  # of the network that clears between banks
_CLEARS_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Options:
    """How a simulator is started; port 0 takes a free one, control port None means no control."""

    host: str = "127.0.0.1"
    port: int = 0
    control_port: int | None = None
    dialect: str = "cups"
    framing: str = "length_4"
    seed: int = 1
    faults: tuple[Fault, ...] = ()  # that stand, whatever the control sets beside them
    books: Path | None = None
    mac_key: bytes | None = None
    pin_key: bytes | None = None
    mac_algorithm: MacAlgorithm = MacAlgorithm.X9_19
    mac_key_algorithm: str = TDES
    pin_format: PinFormat = PinFormat.ISO_0
    pin_key_algorithm: str = TDES
    key_exchange: str = ""  # how its key messages look; they need a zone key (3DES)
    zone_key: bytes | None = None
    keys_in_answers: bool = False  # a key that is asked for comes with the answer
    clearing: Path | None = None  # the folder into which it tells what it has cleared
    clearing_form: str = "COMA"
    tls: ServerTls | None = None  # for the acquirer's port; the control stays plain


@dataclass(frozen=True, slots=True)
class Simulator:
    """A simulator that serves."""

    server: IssuerServer
    port: int
    control_port: int | None


def _keys(options: Options, codec: Codec) -> SimulatedKeys:
    keys = SimulatedKeys(
        codec,
        options.mac_algorithm,
        _cipher(options.mac_key_algorithm, options.mac_key),
        _cipher(options.pin_key_algorithm, options.pin_key),
        KEY_FORMS.get(options.key_exchange),
        _cipher(TDES, options.zone_key),
    )
    keys.in_answers = options.keys_in_answers
    return keys


def _cipher(algorithm: str, key: bytes | None) -> BlockCipher | None:
    return BlockCipher(algorithm, key) if key else None


def _now() -> datetime:
    return datetime.now(_ZONE)


@asynccontextmanager
async def simulate(
    options: Options, now: Callable[[], datetime] = _now
) -> AsyncIterator[Simulator]:
    """Serve until the block ends."""
    async with AsyncExitStack() as stack:
        random = Random(options.seed)  # noqa: S311 - approval codes of a simulator
        file = None
        if options.books is not None:
            file = stack.enter_context(closing(BooksFile(options.books)))
        books = Books(IssuerSettings(), lambda: f"{random.randrange(10**6):06d}", file)
        books.replay(file.lines if file else ())
        codec = Codec(DIALECTS[options.dialect])
        server = IssuerServer(
            books,
            Faults(options.seed, options.faults),
            codec,
            FRAMINGS[options.framing],
            now,
            _keys(options, codec),
            pin_format=options.pin_format,
            mac_algorithm=options.mac_algorithm,
        )
        port = server.open(options.host, options.port)
        stack.push_async_callback(server.stop)
        if options.tls is None:
            await server.use(None)
        else:
            await stack.enter_async_context(renewing(options.tls, server.use, Loops(), port))
        clearing = None
        if options.clearing is not None:
            calendar = Calendar(_ZONE, _CUT_OVER)
            files = ClearingFiles(books, calendar, options.seed)
            began = calendar.business_date(now())
            clearing = Delivery(files, options.clearing, options.clearing_form, began)
            coming = asyncio.create_task(_clears(clearing, calendar, now))
            stack.callback(coming.cancel)
        control_port = None
        if options.control_port is not None:
            control_port = await stack.enter_async_context(
                serve_http(build(server, clearing), options.host, options.control_port)
            )
        yield Simulator(server, port, control_port)


async def _clears(clearing: Delivery, calendar: Calendar, now: Callable[[], datetime]) -> None:
    """Tell each day once it has ended."""
    while True:
        clearing.come_round(calendar.business_date(now()))
        await asyncio.sleep(_CLEARS_EVERY_S)


async def run(options: Options, ready: Callable[[Simulator], None]) -> None:
    """Serve until cancelled; `ready` is called once the ports are open."""
    async with simulate(options) as simulator:
        ready(simulator)
        await asyncio.get_running_loop().create_future()
