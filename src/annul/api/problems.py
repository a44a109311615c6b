"""Errors as RFC 9457 problem details: what happened, the code, and what to do next."""

from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from annul.domain.errors import AnnulError

MEDIA: Final = "application/problem+json"
_NEXT: Final = {
    400: "Send JSON in UTF-8.",
    401: "Send Authorization: Bearer KEY, or sign in.",
    403: "Ask an administrator for the scope.",
    404: "Check the address and what it names.",
    405: "See the methods in /api/v1/openapi.json.",
    413: "Send less.",
    429: "Wait as long as Retry-After says.",
}
# Which errors of annul are what over HTTP; every other one is a conflict with how things stand.
_STATUS: Final = {
    "resolve.case_unknown": 404,
    "diagnose.void_unknown": 404,
    "desk.unknown": 404,
    "statement.merchant": 404,
    "statement.period": 422,
    "reports.period": 422,
    "letters.mail": 422,
    "interventions.not_possible": 422,
    "desk.not_allowed": 403,
    "resolve.action_refused": 403,
    "resolve.second_person": 409,
    "order.not_waiting": 409,
    "resolve.conclusion_role": 403,
    "resolve.evidence": 422,
    "resolve.reason_missing": 422,
    "resolve.nothing_proposed": 404,
    "store.unavailable": 503,
    "store.overloaded": 503,
    "settle.account": 422,
    "settle.file_unreadable": 422,
    "settle.no_file": 404,
    "settle.clearing_unreadable": 422,
    "clearing.map_needed": 422,
    "clearing.day_needed": 422,
    "clearing.no_rows": 422,
    "chargeback.no_transaction": 404,
    "chargeback.evidence_refused": 422,
    "chargeback.out_of_time": 422,
    "webhooks.address": 422,
    "playbooks.unknown": 404,
    "playbooks.bad": 422,
    "playbooks.not_given": 422,
    "playbooks.no_answer": 422,
    "notices.channel": 422,
    "notices.duty": 422,
    "notices.name": 409,
    "notices.busy": 409,
    "whatif.setting": 422,
    "whatif.weight": 422,
    "desk.no_host": 503,
    "desk.cell_silent": 503,
    "access.unknown": 401,
    "access.scope": 403,
    "access.rate": 429,
    # What a rule says of the request itself; other rules speak of how things stand.
    "rule.merchant_unknown": 404,
    "rule.original_not_found": 404,
    "rule.amount_differs": 422,
    "rule.amount_invalid": 422,
    "rule.currency_differs": 422,
    "rule.over_merchant_limit": 422,
    "rule.original_is_advice": 422,
    "rule.original_is_no_sale": 422,
    "rule.original_of_other_kind": 422,
}
_UNREADABLE: Final = ("diagnose.", "wire.", "access.")


class Problem(BaseModel):
    """What went wrong."""

    type: str = Field(examples=["about:blank"])
    title: str = Field(examples=["There is no case with this number."])
    status: int = Field(examples=[404])
    detail: str = Field("", examples=["there is no case 000000000000"])
    code: str = Field(examples=["resolve.case_unknown"])
    next_step: str = Field(examples=["Give the number that stands on the slip."])


def problem(status: int, code: str, title: str, next_step: str, detail: str = "") -> JSONResponse:
    """Give a problem as an answer."""
    body = Problem(
        type="about:blank",
        title=title,
        status=status,
        detail=detail,
        code=code,
        next_step=next_step,
    )
    return JSONResponse(body.model_dump(), status, media_type=MEDIA)


def install(application: FastAPI) -> None:
    """Let every error of an application become a problem."""

    @application.exception_handler(AnnulError)
    async def annul_error(_: Request, error: AnnulError) -> JSONResponse:
        status = _STATUS.get(error.code, 422 if error.code.startswith(_UNREADABLE) else 409)
        title = type(error)().args[0] if _has_default(error) else str(error)
        answer = problem(status, error.code, title, error.next_step, str(error))
        wait = getattr(error, "retry_after_s", None)
        if wait is not None:
            answer.headers["retry-after"] = str(wait)
        return answer

    @application.exception_handler(HTTPException)
    async def refused(_: Request, error: HTTPException) -> JSONResponse:
        step = _NEXT.get(error.status_code, "See /api/v1/openapi.json.")
        answer = problem(error.status_code, f"http.{error.status_code}", str(error.detail), step)
        answer.headers.update(error.headers or {})
        return answer

    @application.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        detail = "; ".join(_fault(one) for one in error.errors())
        return problem(
            422,
            "http.invalid",
            "The request is not as it is documented.",
            "Correct what detail names.",
            detail,
        )


def _has_default(error: AnnulError) -> bool:
    return type(error).__init__ is AnnulError.__init__


def _fault(one: Any) -> str:
    """Name the place and the fault, never the value: it may be a card."""
    place = ".".join(str(part) for part in one["loc"])
    return f"{place}: {one['msg']}"
