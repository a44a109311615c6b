"""`annul terminal test`: listen for one terminal, and say what it is by what it sends."""

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import typer

from annul.desk.permission import NotValid
from annul.domain.text import Text
from annul.host.first_message import FirstMessage, describe
from annul.issuers import dialects as known
from annul.security.private import read_private
from annul.wire.dialect import Dialect
from annul.wire.dialects import DIALECTS

from .reach import Config, Data, Lang, NotRunning, Reach, run
from .secret import Database
from .show import language

_MOST: Final = 65_536  # bytes that are kept of what a terminal sends
_REST_S: Final = 0.5  # after so long without a byte a message has ended
_LISTENS: Final = Text("在{host}：{port}等待终端……", "waiting for a terminal on {host}:{port} ...")
_NOBODY: Final = Text(
    "{seconds}秒内没有终端发来报文", "no terminal has sent anything in {seconds} s"
)
_REGISTER: Final = Text("登记：", "To register it:")
_PORT: Final = Text("端口设置：", "Setting of its port:")


def listen(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8583,
    within: Annotated[float, typer.Option(min=0.1, help="Seconds to wait.")] = 60.0,
    key: Annotated[
        str | None,
        typer.Option(metavar="FILE|-", help="Its working MAC key in hexadecimal, - from stdin."),
    ] = None,
    lang: Lang = None,
    data: Data = None,
    database: Database = None,
    config: Config = None,
) -> None:
    """Say what a terminal is: framing, dialect, filling, software, MAC, and how to register it.

    One message is read, nothing is answered and nothing kept; card numbers are masked.
    """
    spoken, clear = language(lang), _key(key)
    try:
        dialects = run(data, database, config, _read)
    except NotRunning:  # those that annul brings along do as well
        dialects = DIALECTS
    raw = asyncio.run(_one(host, port, within, spoken))
    if not raw:
        typer.echo(_NOBODY.speak(spoken).format(seconds=f"{within:g}"))
        raise typer.Exit(1)
    told = describe(raw, dialects, clear)
    _say(told, spoken)
    raise typer.Exit(0 if told.dialect else 1)


async def _read(base: Reach) -> Mapping[str, Dialect]:
    return await known.read(base.pool)


def _say(told: FirstMessage, spoken: str) -> None:
    for text in told.said:
        typer.echo(f"· {text.speak(spoken)}")
    if told.command:
        typer.echo(f"\n{_REGISTER.speak(spoken)}\n  {told.command}")
        typer.echo(f'{_PORT.speak(spoken)}\n  terminals_framing = "{told.framing}"')


def _key(given: str | None) -> bytes | None:
    """Read a key from a file or standard input; what is wrong is told without being shown."""
    if given is None:
        return None
    if given != "-" and not Path(given).is_file():
        raise NotValid("--key is a file that holds the key, or - for standard input")
    text = sys.stdin.readline() if given == "-" else read_private(Path(given))
    try:
        return bytes.fromhex(text.strip())
    except ValueError:
        raise NotValid("the key has something else than hexadecimal digits") from None


async def _one(host: str, port: int, within_s: float, spoken: str) -> bytes:
    """Give what the first terminal that sends something sends; then all are closed."""
    first: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
    server = await asyncio.get_running_loop().create_server(lambda: _Ear(first), host, port)
    async with server:
        number = server.sockets[0].getsockname()[1]
        typer.echo(_LISTENS.speak(spoken).format(host=host, port=number), err=True)
        try:
            async with asyncio.timeout(within_s):
                return await first
        except TimeoutError:
            return b""


class _Ear(asyncio.Protocol):
    """Keeps what one connection sends until it rests, and never answers."""

    def __init__(self, first: "asyncio.Future[bytes]") -> None:
        self._first = first
        self._got = b""
        self._transport: asyncio.BaseTransport | None = None
        self._rest: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._first.add_done_callback(lambda _: transport.close())

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._end()

    def data_received(self, data: bytes) -> None:
        self._got += data[: _MOST - len(self._got)]
        if self._rest is not None:
            self._rest.cancel()
        self._rest = asyncio.get_running_loop().call_later(_REST_S, self._end)

    def _end(self) -> None:
        if self._got and not self._first.done():
            self._first.set_result(self._got)
