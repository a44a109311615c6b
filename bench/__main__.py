"""`make bench`: codec, sale and void end to end, TLS, desk, watching, alarms, capacity."""

import json
from pathlib import Path

from bench import capacity, codec, desk, e2e, tls, watching
from bench.alarms import cost


def main() -> None:
    """Measure all, write the figures, print them."""
    plain = e2e.measure()
    figures = {
        "codec": codec.measure(),
        "e2e": plain,
        "two_hosts": e2e.measure(hosts=2),
        "tls": tls.measure(plain),
        "desk": desk.measure(),
        "watching": watching.measure(),
        "alarms": cost.measure(),
        **capacity.measure(),
    }
    file = Path("build/bench.json")
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(figures, indent=2) + "\n")
    for part, values in figures.items():
        for name, value in values.items():
            print(f"{part}.{name:<20} {value:12.2f}")


main()
