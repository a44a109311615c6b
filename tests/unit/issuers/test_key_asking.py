"""Who is asked for keys while reference data changes."""

from types import SimpleNamespace
from typing import Any, cast

from annul.issuers.key_asking import KeyAsking


async def test_an_issuer_that_goes_while_the_wishes_are_read_is_passed_over() -> None:
    lines: dict[str, Any] = {"00000101": None}

    async def wanted(_of: list[str]) -> list[str]:
        lines.clear()  # reference data is taken up: the issuer is no longer connected
        return ["00000101"]

    issuers = SimpleNamespace(up=lambda: list(lines), lines=lines)
    await KeyAsking(cast("Any", issuers), cast("Any", SimpleNamespace(wanted=wanted))).turn()
