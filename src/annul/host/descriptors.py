"""How many connections this process may hold: the kernel's limit on open files, raised at start."""

import resource
from typing import Final

import structlog

log = structlog.get_logger(__name__)

# What is never given to terminals: the database's pool, issuers' links, console, files, logs.
RESERVED: Final = 256


def connections_allowed(wanted: int) -> int:
    """Raise the limit as far as `wanted` connections need; give how many there may be.

    Fewer than wanted are logged with what to do, so that an operator sees it at start and not when
    the last terminal is refused.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + RESERVED
    unlimited = resource.RLIM_INFINITY
    if soft != unlimited and soft < needed:
        soft = needed if hard == unlimited else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    allowed = wanted if soft == unlimited else min(wanted, max(soft - RESERVED, 1))
    if allowed < wanted:
        log.warning(
            "fewer_connections",
            wanted=wanted,
            allowed=allowed,
            descriptors=soft,
            next_step="raise the limit on open files (ulimit -Hn, LimitNOFILE)",
        )
    return allowed
