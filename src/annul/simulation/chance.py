"""Where chance comes from in a simulation: everything that draws, draws from the seed."""

import os
import random
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from functools import partial
from random import Random
from typing import Any
from unittest.mock import patch
from uuid import UUID

import uuid_utils
from uuid_utils import compat


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

    state = random.getstate()
    random.seed(f"{seed} random")
    try:
        with ExitStack() as stack:
            stack.enter_context(_everywhere(compat, "uuid7", uuid7))
            # Another object, so that each place gets its own one back.
            stack.enter_context(_everywhere(uuid_utils, "uuid7", partial(uuid7)))
            stack.enter_context(_everywhere(os, "urandom", drawn.randbytes))
            for name, draw in (
                ("token_bytes", lambda size=None: drawn.randbytes(32 if size is None else size)),
                ("randbelow", drawn.randrange),
                ("choice", drawn.choice),
            ):
                stack.enter_context(patch.object(secrets, name, draw))
            yield
    finally:
        random.setstate(state)


@contextmanager
def _everywhere(source: Any, name: str, instead: Callable[..., Any]) -> Iterator[None]:
    """Replace a function where it is from and in each module of annul that has it from there.

    A module that is imported meanwhile gets what stands in for it, and the real one at the end.
    """
    real = getattr(source, name)

    def put(one: object, other: object) -> None:
        for module in list(sys.modules.values()):
            ours = module is source or getattr(module, "__name__", "").startswith("annul.")
            if ours and vars(module).get(name) is one:
                setattr(module, name, other)

    put(real, instead)
    try:
        yield
    finally:
        put(instead, real)
