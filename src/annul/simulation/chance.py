"""Where chance comes from in a simulation: everything that draws, draws from the seed."""

import random
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from importlib import import_module
from random import Random
from typing import Any, Final
from unittest.mock import patch
from uuid import UUID

_UUID7: Final = (
    "annul.host.financial",
    "annul.host.ordered",
    "annul.host.failed",
    "annul.resolve.conclusions",
    "annul.desk.audit",
    "annul.desk.interventions",
    "annul.operate.incidents.gathering",
    "annul.operate.notices.messages",
    "annul.settle.answers",
    "annul.settle.clearing.load",
)
_UUID4: Final = ("annul.host.membership",)
_URANDOM: Final = ("annul.security.vault",)


@contextmanager
def seeded(seed: str, now: Callable[[], datetime]) -> Iterator[None]:
    """Draw ids, keys and delays from the seed until the block ends."""
    drawn = Random(f"{seed} ids")
    counter = 0

    def uuid7() -> UUID:
        nonlocal counter
        counter += 1
        milliseconds = int(now().timestamp() * 1000)
        rest = (counter & 0xFFF) << 64 | drawn.getrandbits(62)
        return UUID(int=milliseconds << 80 | 7 << 76 | rest | 2 << 62)

    def uuid4() -> UUID:
        return UUID(int=drawn.getrandbits(128), version=4)

    state = random.getstate()
    random.seed(f"{seed} random")
    patches: list[tuple[Any, str, Any]] = [
        *((import_module(name), "uuid7", uuid7) for name in _UUID7),
        *((import_module(name), "uuid4", uuid4) for name in _UUID4),
        *((import_module(name), "urandom", drawn.randbytes) for name in _URANDOM),
        (secrets, "token_bytes", drawn.randbytes),
    ]
    try:
        with ExitStack() as stack:
            for module, name, replacement in patches:
                stack.enter_context(patch.object(module, name, replacement))
            yield
    finally:
        random.setstate(state)
