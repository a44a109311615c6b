"""The table of all series: what is exported, documented, drawn and alarmed is a row of it."""

from collections.abc import Iterator
from typing import Final

from annul.domain.text import Text

from .cases import CASES, WAITING
from .issuers import ISSUERS
from .people import PEOPLE
from .process import PROCESS, Process
from .series import Alert, Group, Series, gauge, one
from .settling import SETTLING
from .store import LOOPS, STORE
from .terminals import TERMINALS
from .watching import WATCHING

HOST_UP: Final = gauge(
    "annul_host_up",
    Text(
        "受照管的进程是否应答（annul up --hosts）",
        "Whether a host process that is looked after answers (`annul up --hosts`)",
    ),
    object,
    one(lambda _: 0.0),  # told by who looks after them, see annul.api.several
    shown="min by (process) (annul_host_up)",
    alerts=(
        Alert(
            "AnnulHostDown",
            "annul_host_up == 0",
            "1m",
            "critical",
            Text(
                "进程 {{ $labels.process }} 不应答",
                "The host process {{ $labels.process }} does not answer",
            ),
        ),
    ),
)
TABLE: Final[tuple[Group, ...]] = (
    TERMINALS,
    ISSUERS,
    CASES,
    WAITING,
    SETTLING,
    STORE,
    LOOPS,
    PEOPLE,
    WATCHING,
    Group(PROCESS.title, (HOST_UP, *PROCESS.series)),
)
__all__ = ["HOST_UP", "TABLE", "Process", "series"]


def series() -> Iterator[Series]:
    """Give each series."""
    for group in TABLE:
        yield from group.series
