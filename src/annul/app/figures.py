"""What a host says of itself at `/status`: a page of JSON for people. Series are measures."""

from dataclasses import asdict
from typing import Any

from annul.host.host import Host
from annul.host.server import TerminalServer
from annul.resolve.resolver import Resolver
from annul.store.loop import Loops


def figures_of(
    host: Host, server: TerminalServer, resolver: Resolver, loops: Loops
) -> dict[str, Any]:
    """Give the counters of this process."""
    counts, strangers = host.counts, host.door.strangers
    return {
        "requests": counts.requests,
        "turned_away": dict(strangers.by_reason),
        "strangers": strangers.by_address(),
        "busy": counts.busy,
        "failed": counts.failed,
        "reduced": counts.reduced,
        "odd_fields": dict(host.door.odd_fields),
        "connections": len(server.connections),
        "in_flight": len(host.in_flight),
        "replies": dict(counts.replies),
        "loops": {loop.name: loop.failures for loop in loops},
        **{f"voids_{name}": value for name, value in resolver.promise.figures().items()},
        "issuers": {
            issuer_id: {
                "up": line.link.up,
                "health": str(line.health.state),
                "counts": {
                    **asdict(line.link.counts),
                    "odd": sum(one["count"] for one in line.odd.snapshot().values()),
                },
            }
            for issuer_id, line in host.issuers.lines.items()
        },
    }
