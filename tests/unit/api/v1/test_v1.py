"""What v1 answers with: models of the client, which declares them once."""

import inspect
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from types import SimpleNamespace
from typing import Any, get_args

from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import BaseModel

from annul.api import v1
from annul.client import models
from annul.client.models.parts import Model
from annul.store.clock import SystemClock

# What others are made from; what comes as an event.
_NOT_ANSWERED = {"Model", "Page", "Order", "Change", "CaseChange"}
# What is no JSON, and what has no body.
_OTHERS = {
    ("POST", "/chargebacks/proposals/{proposal}/dismiss"),
    ("GET", "/cases/events"),
    ("GET", "/cases/{number}/proof"),
    ("GET", "/cases/{number}/proof.pdf"),
    ("GET", "/transactions/{transaction}/conclusions/{conclusion}/evidence"),
    ("DELETE", "/webhooks/{webhook}"),
    ("DELETE", "/report-subscriptions/{user}/{length}"),
    ("POST", "/payout-files/{file}/take"),
    ("POST", "/merchants/{merchant}/batch-differences/{terminal}/{batch}/{trace}/resolve"),
    ("GET", "/merchants/{merchant}/statements/{period}"),
    ("POST", "/merchants/{merchant}/accounts/{account}/reject"),
    ("DELETE", "/clearing/maps/{name}"),
    ("GET", "/breaks/workbook"),
    ("GET", "/reports/{report}/file"),
    ("GET", "/training/certificates/{certificate}/file"),
    ("GET", "/drills/{drill}/file"),
    ("GET", "/chargebacks/{identity}/evidence/{document}"),
}


def api() -> FastAPI:
    desk: Any = SimpleNamespace(rate=50.0, burst=100, clock=SystemClock())
    return v1.build(desk)


def routes() -> list[APIRoute]:
    found = [route for router in v1._ROUTERS for route in router.routes]
    every = [route for route in found if isinstance(route, APIRoute)]
    described = {(path, how) for path, ways in api().openapi()["paths"].items() for how in ways}
    assert described == {(one.path, how.lower()) for one in every for how in one.methods or ()}
    return every


def answers(route: APIRoute) -> Iterator[type[BaseModel]]:
    """Give the models with which a route answers, whatever the status, and all that is in them."""
    others = (answer.get("model") for answer in route.responses.values())
    todo: list[Any] = [model for model in (route.response_model, *others) if model is not None]
    while todo:
        kind = todo.pop()
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield kind
            todo += [field.annotation for field in kind.model_fields.values()]
        else:
            todo += get_args(kind)


def declared_models() -> dict[str, type[Model]]:
    """Give the models of the client by name; no name stands for two."""
    names = [f"{models.__name__}.{one.name}" for one in pkgutil.iter_modules(models.__path__)]
    found = [
        (name, one)
        for module in names
        for name, one in inspect.getmembers(import_module(module), inspect.isclass)
        if issubclass(one, Model) and one.__module__ == module
    ]
    assert len(found) == len(dict(found))
    return dict(found)


def test_every_route_answers_with_models_of_the_client():
    found = set[str]()
    for route in routes():
        for model in answers(route):
            declared = model.__pydantic_generic_metadata__["origin"] or model
            assert declared.__module__.startswith(f"{models.__name__}."), (route.path, model)
            found.add(model.__name__)
    assert len(found) > 40
    assert set(declared_models()) - found == _NOT_ANSWERED


def test_what_answers_without_a_model_is_a_file_or_nothing():
    without = {
        (method, route.path)
        for route in routes()
        for method in route.methods or ()
        if not list(answers(route))
    }
    assert without == _OTHERS


def test_names_that_annul_knows_are_documented_one_by_one():
    schemas = api().openapi()["components"]["schemas"]
    documented = {
        (name, part): shape["enum"]
        for name, schema in schemas.items()
        for part, shape in schema["properties"].items()
        if "enum" in shape
    }
    states = ["proposed", "pending", "voided", "refunded", "refused", "unproved"]
    assert documented["Void", "state"] == states
    assert documented["Refund", "state"] == [one for one in states if one != "voided"]
    assert documented["Merchant", "reversed_voids"] == ["ask", "void", "stand"]
    assert {("CaseSummary", "ended"), ("Conclusion", "state"), ("Health", "status")} <= set(
        documented
    )
    assert schemas["Void"]["properties"]["id"]["format"] == "uuid"
    assert schemas["Void"]["properties"]["received_at"]["format"] == "date-time"
    title = schemas["Finding"]["properties"]["title"]["anyOf"]
    assert title == [{"$ref": "#/components/schemas/Said"}, {"type": "string"}]
