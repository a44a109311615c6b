"""A simulator with its control, and an acquirer that is connected."""

from collections.abc import AsyncIterator

import pytest

from annul.sim.issuer.simulator import Options, Simulator, simulate

from .acquirer import Acquirer, connect, hang_up_all


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with simulate(Options(control_port=0)) as opened:
        yield opened


@pytest.fixture
async def acquirer(simulator: Simulator) -> Acquirer:
    return await connect(simulator)


@pytest.fixture(autouse=True)
async def hang_up() -> AsyncIterator[None]:
    """End what a test connected."""
    yield
    await hang_up_all()
