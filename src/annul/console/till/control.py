"""The control of a demo issuer over HTTP: what is in force there, set it, take it away."""

import asyncio
from typing import Any, Final

import httpx

from annul.domain.errors import AnnulError

from .troubles import WELL, Trouble, TroubleState, rows

_PATIENCE_S: Final = 3.0


class ControlSilent(AnnulError):
    """The demo issuer's control did not do what was asked. Its faults may be as before."""

    code = "pos.control_silent"
    next_step = "Look whether annul up --demo still runs."


class Control:
    """One issuer's control. Its answers have cards masked, and no card goes there from here."""

    def __init__(self, address: str) -> None:
        self._address = address

    async def read(self) -> TroubleState:
        """Give what is in force; raises `ControlSilent`."""
        async with self._client() as client:
            health, faults, policy = await asyncio.gather(
                *(_ask(client, "GET", path) for path in ("/health", "/faults", "/policy"))
            )
        return TroubleState(health["maintenance"], health["silent"], faults, policy)

    async def set(self, trouble: Trouble, times: int = 0) -> None:
        """Put one trouble in the place of what is in force; raises `ControlSilent`."""
        windows = {"maintenance": trouble.maintenance, "silent": trouble.silent}
        async with self._client() as client:
            await _ask(client, "PUT", "/faults", json=rows(trouble, times))
            await _ask(client, "PUT", "/policy", json={**WELL, **trouble.policy})
            await _ask(client, "PUT", "/windows", params=windows)

    async def clear(self) -> None:
        """Make all well again; raises `ControlSilent`."""
        await self.set(Trouble("", "", "", ""))

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self._address, timeout=_PATIENCE_S, trust_env=False)


async def _ask(client: httpx.AsyncClient, method: str, path: str, **more: Any) -> Any:
    try:
        answer = await client.request(method, path, **more)
        answer.raise_for_status()
        return answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise ControlSilent from error
