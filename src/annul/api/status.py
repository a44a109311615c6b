"""Health, metrics and status of a host process over HTTP, and the change of a password."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Response
from fastapi.security import HTTPBasic, HTTPBasicCredentials
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import CollectorRegistry
from pydantic import BaseModel, SecretStr

from annul.desk.access import Access, SignInVerdict
from annul.store.loop import Loops

Figures = Callable[[], Mapping[str, Any]]


class NewPassword(BaseModel):
    """A password that a person chose."""

    password: SecretStr


class _Collector:
    """Gives a host's figures to Prometheus: numbers as gauges, what is counted by name with labels.

    Addresses are none of them: strangers would choose how many series there are.
    """

    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def collect(self) -> Any:
        figures = dict(self._figures())
        replies = CounterMetricFamily(
            "annul_replies", "Answers to terminals by response code", labels=["code"]
        )
        for code, count in figures.pop("replies", {}).items():
            replies.add_metric([code], count)
        yield replies
        turned = CounterMetricFamily(
            "annul_turned_away", "Messages and connections without effect", labels=["reason"]
        )
        for reason, count in figures.pop("turned_away", {}).items():
            turned.add_metric([reason], count)
        yield turned
        failures = CounterMetricFamily(
            "annul_loop_failures", "Turns of a background loop that failed", labels=["loop"]
        )
        for loop, count in figures.pop("loops", {}).items():
            failures.add_metric([loop], count)
        yield failures
        figures.pop("strangers", None)
        up = GaugeMetricFamily(
            "annul_issuer_up", "Whether an issuer's link is up", labels=["issuer"]
        )
        for issuer, line in figures.pop("issuers", {}).items():
            up.add_metric([issuer], float(line["up"]))
        yield up
        for name, value in figures.items():
            yield GaugeMetricFamily(f"annul_{name}", name.replace("_", " "), value=float(value))


def build(access: Access, figures: Figures, loops: Loops) -> FastAPI:
    """Build the application; `figures` gives the host's counters at the moment of the call.

    Health is degraded while one of `loops` does not come round: it serves all the same.
    """
    app = FastAPI(title="annul", docs_url=None, redoc_url=None, openapi_url=None)
    basic = HTTPBasic()
    registry = CollectorRegistry()
    registry.register(_Collector(figures))  # pyright: ignore[reportArgumentType]  # duck-typed there

    async def known(
        credentials: Annotated[HTTPBasicCredentials, Depends(basic)],
    ) -> tuple[str, SignInVerdict]:
        verdict = await access.check(credentials.username, credentials.password)
        if verdict in {SignInVerdict.REFUSED, SignInVerdict.LOCKED}:
            raise HTTPException(
                401, "wrong name or password", headers={"WWW-Authenticate": "Basic"}
            )
        return credentials.username, verdict

    async def accepted(user: Annotated[tuple[str, SignInVerdict], Depends(known)]) -> str:
        if user[1] is SignInVerdict.MUST_CHANGE:
            raise HTTPException(403, "choose a password of your own first: POST /password")
        return user[0]

    @app.get("/health")
    async def health() -> dict[str, Any]:
        late = [one.name for one in loops.late()]
        return {"status": "degraded", "loops": late} if late else {"status": "up"}

    @app.get("/status")
    async def status(_user: Annotated[str, Depends(accepted)]) -> dict[str, Any]:
        return dict(figures())

    @app.get("/metrics")
    async def metrics(_user: Annotated[str, Depends(accepted)]) -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    @app.post("/password", status_code=204)
    async def password(
        new: NewPassword, user: Annotated[tuple[str, SignInVerdict], Depends(known)]
    ) -> None:
        try:
            await access.change(user[0], new.password.get_secret_value())
        except ValueError as error:
            raise HTTPException(422, str(error)) from error

    return app
