"""The API, version 1: one router per resource, put together here."""

from fastapi import FastAPI

from annul.api.desk import Desk
from annul.api.problems import install


def mount(application: FastAPI, desk: Desk) -> None:
    """Let an application answer under `/api/v1`."""
    api = FastAPI(title="annul", version="1", docs_url=None, redoc_url=None)
    install(api)
    install(application)
    application.state.desk = api.state.desk = desk
    application.mount("/api/v1", api)
