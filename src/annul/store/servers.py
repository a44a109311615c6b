"""The servers of one database: a URL may name several, of which one takes writes, today this one.

asyncpg tries the hosts of a URL in turn, in one time for all: behind a first one that is frozen,
which takes connections and says nothing, the second is never tried. Here each has a time of its
own, and the one that served last comes first.

What is connected elsewhere than the latest one that took writes is cut off: it waits for a server
that is frozen, or would be served by one that others have left. A first one that comes back and
has not heard of the promotion takes writes too; its history is an earlier one, and it is refused.

annul never cancels a statement. It leaves the connection: who cancels a commit that waits for its
standby makes it count without.
"""

from collections import Counter
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit
from weakref import WeakKeyDictionary

import asyncpg
import structlog

from .batcher import LOST
from .sql import load

CONNECT_S: Final = 3.0  # until a server that says nothing is left for the next
# The server's side: who is gone without a word keeps no locks for hours, nor who is frozen in the
# middle of a transaction while its machine goes on; and lines that carry nothing are not forgotten
# by what stands between. The first three are without an effect on a Unix socket.
KEPT_ALIVE: Final = {
    "tcp_keepalives_idle": "20",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "client_connection_check_interval": "5s",
    "idle_in_transaction_session_timeout": "10s",
}

_SQL: Final = load("annul.store", "servers.sql")

log = structlog.get_logger(__name__)


class Connection(asyncpg.Connection):
    """One that is left, not asked to cancel, when a statement takes too long or nobody waits."""

    _left = False

    async def _cancel(self, waiter: Any, cancel_waiter: Any = None) -> None:
        """Take the place of asyncpg's own, which it calls for a time-out and for a cancelled task.

        `waiter` is what the next statement on this connection waits for. It is closed, and the pool
        still has it: were it taken from there, giving it back would fail, and the fault would take
        the place of the cancellation.
        """
        del cancel_waiter
        self.leave()
        if not waiter.done():
            waiter.set_result(None)

    def leave(self) -> None:
        """Cut it off; who is between two steps of a statement hears that it is closed."""
        self._left = True
        if self._protocol is not None:
            self._protocol.abort()

    async def execute(self, query: str, *args: Any, timeout: float | None = None) -> str:
        """Do as asyncpg does, but for a transaction on a connection that was left.

        The server rolls it back by itself; an error would take the place of what ended it, and
        whoever was cancelled would go on.
        """
        try:
            return await super().execute(query, *args, timeout=timeout)
        except LOST:
            if self._left and query.startswith("ROLLBACK"):
                return "ROLLBACK"
            raise


class Servers:
    """Connects to the server that takes writes, and cuts off what is connected to any other."""

    def __init__(self, url: str, within_s: float = CONNECT_S) -> None:
        self._urls = apart(url)
        self._within_s = within_s
        self._serving = ""
        self._history = ""
        self._open: WeakKeyDictionary[Any, str] = WeakKeyDictionary()
        self.errors: Counter[str] = Counter()  # of statements, by class of SQLSTATE
        self.moves = 0  # from one server to another

    async def connect(self, *_url: str | None, **options: Any) -> Any:
        """Open a connection, as `asyncpg.connect` does.

        Raises what the server says that a person has to mend, before what passes by itself.
        """
        errors: list[Exception] = []
        for url in tuple(self._urls):
            wanted = (
                {} if "target_session_attrs=" in url else {"target_session_attrs": "read-write"}
            )
            try:
                connection = await asyncpg.connect(
                    url, **{**options, **wanted, "timeout": self._within_s}
                )
                await self._refuse_left_behind(connection)
            except (asyncpg.PostgresError, asyncpg.InternalClientError, OSError) as error:
                errors.append(error)
                if isinstance(error, TimeoutError):  # let the next attempt begin with another
                    self._put(url, last=True)
            else:
                self._watch(connection, url)
                return connection
        raise next((one for one in errors if not isinstance(one, LOST)), errors[-1])

    async def _refuse_left_behind(self, connection: Any) -> None:
        """Raise when another of the servers was promoted after this one, and was seen here."""
        if len(self._urls) == 1:
            return
        try:
            history = await connection.fetchval(*_SQL["history"](), timeout=self._within_s)
        except (asyncpg.FeatureNotSupportedError, asyncpg.UndefinedFunctionError):
            return  # PostgreSQL by its protocol only
        except BaseException:
            connection.terminate()
            raise
        if history < self._history:
            connection.terminate()
            message = f"it takes writes, and another was promoted since its history {history} began"
            raise asyncpg.TargetServerAttributeNotMatched(message)
        self._history = history

    def _watch(self, connection: Any, url: str) -> None:
        if self._serving not in {"", url}:
            self.moves += 1
            log.warning("database_moved", left_behind=len(self._open))
            self._cut(lambda place: place != url)
        self._serving = url
        self._put(url, last=False)
        self._open[connection] = url
        connection.add_query_logger(lambda query: self._heard(query, url))

    def _put(self, url: str, *, last: bool) -> None:
        others = [one for one in self._urls if one != url]
        self._urls = [*others, url] if last else [url, *others]

    def _heard(self, query: Any, url: str) -> None:
        """Leave a server that takes no writes any more, over each connection to it."""
        if query.exception is not None:
            self.errors[_class_of(query.exception)] += 1
        if isinstance(query.exception, asyncpg.ReadOnlySQLTransactionError):
            self._cut(lambda place: place == url)

    def _cut(self, left: Any) -> None:
        for connection, place in list(self._open.items()):
            if left(place):
                connection.leave()


def _class_of(error: BaseException) -> str:
    """Give the class of an error: two characters of the SQLSTATE, or `lost` where there is none."""
    return (getattr(error, "sqlstate", None) or "")[:2] or "lost"


def apart(url: str) -> list[str]:
    """Give a URL for each host that a URL names; anything else as it is, for asyncpg to judge."""
    parts = urlsplit(url)
    before, at, named = parts.netloc.rpartition("@")
    asked = parse_qsl(parts.query, keep_blank_values=True)
    if "," in named:
        return [
            urlunsplit(parts._replace(netloc=f"{before}{at}{host}")) for host in named.split(",")
        ]
    hosts = dict(asked).get("host", "").split(",")
    ports = dict(asked).get("port", "").split(",")
    if len(hosts) == 1:
        return [url]
    ports = ports * len(hosts) if len(ports) == 1 else ports
    rest = [(name, value) for name, value in asked if name not in {"host", "port"}]
    each = [
        [*rest, ("host", host), *([("port", port)] if port else [])]
        for host, port in zip(hosts, ports, strict=False)
    ]
    return [urlunsplit(parts._replace(query=urlencode(one, quote_via=quote))) for one in each]
