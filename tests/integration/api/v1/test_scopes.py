"""Every call and everybody: who is let in is what the table of scopes says, nothing else."""

import asyncio
import re
from uuid import uuid4

import pytest

from annul.api import v1
from annul.desk.roles import OF_A_SHOP, ROLES, Scope
from tests.support.desks import PREFIX, Api, Headers, make_desk
from tests.support.shops import Shop

_WRITES = {Scope.VOIDS_WRITE, Scope.REFUNDS_WRITE, Scope.MERCHANTS_WRITE}
# What opens each call; any one of them does.
TABLE: dict[str, set[Scope]] = {
    "GET /transactions": {Scope.TRANSACTIONS_READ},
    "GET /transactions/{transaction}": {Scope.TRANSACTIONS_READ},
    "GET /money-in-question": {Scope.CASES_READ},
    "GET /transactions/{transaction}/conclusions": {Scope.CASES_READ},
    "POST /transactions/{transaction}/conclusions": {Scope.CASES_ACT},
    "POST /transactions/{transaction}/conclusions/{conclusion}/confirm": {Scope.CASES_ACT},
    "DELETE /transactions/{transaction}/conclusions/{conclusion}": {Scope.CASES_ACT},
    "GET /transactions/{transaction}/conclusions/{conclusion}/evidence": {Scope.CASES_READ},
    "POST /voids": {Scope.VOIDS_WRITE},
    "GET /voids/{void}": {Scope.VOIDS_WRITE, Scope.TRANSACTIONS_READ},
    "POST /refunds": {Scope.REFUNDS_WRITE},
    "GET /refunds/{refund}": {Scope.REFUNDS_WRITE, Scope.TRANSACTIONS_READ},
    "GET /orders": _WRITES,
    "GET /orders/{order}": _WRITES,
    "POST /orders/{order}/approve": _WRITES,  # by act; a program approves nothing
    "POST /orders/{order}/reject": _WRITES,
    "GET /cases": {Scope.CASES_READ},
    "GET /cases/events": {Scope.CASES_READ},
    "GET /cases/{number}": {Scope.CASES_READ},
    "POST /cases/{number}/acts": {Scope.CASES_ACT, Scope.SHOP},  # a shop withdraws its void
    "GET /cases/{number}/proof": {Scope.CASES_READ},
    "GET /cases/{number}/proof.pdf": {Scope.CASES_READ},
    "POST /diagnosis": {Scope.DIAGNOSIS},
    "GET /diagnosis/{void}": {Scope.DIAGNOSIS},
    "GET /merchants": {Scope.MERCHANTS_READ},
    "GET /merchants/{merchant}": {Scope.MERCHANTS_READ},
    "PATCH /merchants/{merchant}": {Scope.MERCHANTS_WRITE},
    "GET /merchants/{merchant}/terminals": {Scope.MERCHANTS_READ},
    "GET /merchants/{merchant}/days": {Scope.MERCHANTS_READ},
    "GET /merchants/{merchant}/statements/{period}": {Scope.TRANSACTIONS_READ},
    "GET /merchants/{merchant}/cut-overs": {Scope.MERCHANTS_READ},
    "PUT /merchants/{merchant}/cut-overs/{valid_from}": {Scope.MERCHANTS_WRITE},
    "GET /merchants/{merchant}/terms": {Scope.MERCHANTS_READ},
    "PUT /merchants/{merchant}/terms/{valid_from}": {Scope.MERCHANTS_WRITE},
    "GET /merchants/{merchant}/fees": {Scope.MERCHANTS_READ},
    "PUT /merchants/{merchant}/fees/{card_type}/{valid_from}": {Scope.MERCHANTS_WRITE},
    "GET /merchants/{merchant}/fees/difference": {Scope.MERCHANTS_READ},
    "GET /merchants/{merchant}/margin": {Scope.MERCHANTS_READ},
    "GET /payouts": {Scope.PAYOUTS_READ},
    "POST /payouts/run": {Scope.PAYOUTS_WRITE},
    "GET /payouts/days/{day}": {Scope.PAYOUTS_READ},
    "GET /payouts/{payout}": {Scope.PAYOUTS_READ},
    "POST /payouts/{payout}/approve": {Scope.PAYOUTS_WRITE},
    "POST /payouts/{payout}/cancel": {Scope.PAYOUTS_WRITE},
    "GET /payout-files": {Scope.PAYOUTS_READ},
    "POST /payout-files/{file}/take": {Scope.PAYOUTS_WRITE},
    "GET /bank-files": {Scope.PAYOUTS_READ},
    "POST /bank-files": {Scope.PAYOUTS_WRITE},
    "POST /bank-files/{file}/confirm": {Scope.PAYOUTS_WRITE},
    "GET /merchants/{merchant}/batch-differences": {Scope.PAYOUTS_READ},
    "POST /merchants/{merchant}/batch-differences/{terminal}/{batch}/{trace}/resolve": {
        Scope.PAYOUTS_WRITE
    },
    "GET /merchants/{merchant}/accounts": {Scope.PAYOUTS_READ},
    "PUT /merchants/{merchant}/accounts/{account}": {Scope.PAYOUTS_WRITE},
    "POST /merchants/{merchant}/accounts/{account}/use": {Scope.PAYOUTS_WRITE},
    "POST /merchants/{merchant}/accounts/{account}/reject": {Scope.PAYOUTS_WRITE},
    "POST /merchants/{merchant}/accounts/{account}/stop": {Scope.PAYOUTS_WRITE},
    "POST /merchants/{merchant}/accounts/{account}/use-again": {Scope.PAYOUTS_WRITE},
    "GET /merchants/{merchant}/moves": {Scope.PAYOUTS_READ},
    "PUT /merchants/{merchant}/moves/{move}": {Scope.PAYOUTS_WRITE},
    "POST /merchants/{merchant}/moves/{move}/approve": {Scope.PAYOUTS_WRITE},
    "POST /merchants/{merchant}/moves/{move}/reject": {Scope.PAYOUTS_WRITE},
    "GET /clearing/files": {Scope.CLEARING_READ},
    "POST /clearing/files": {Scope.CLEARING_WRITE},
    "POST /clearing/files/look": {Scope.CLEARING_WRITE},
    "GET /clearing/files/{file}": {Scope.CLEARING_READ},
    "GET /clearing/files/{file}/bad-lines": {Scope.CLEARING_READ},
    "GET /clearing/files/{file}/differences": {Scope.CLEARING_READ},
    "POST /clearing/files/{file}/preview": {Scope.CLEARING_WRITE},
    "POST /clearing/files/{file}/commit": {Scope.CLEARING_WRITE},
    "POST /clearing/files/{file}/drop": {Scope.CLEARING_WRITE},
    "POST /clearing/files/{file}/discard": {Scope.CLEARING_WRITE},
    "POST /clearing/files/{file}/again/preview": {Scope.CLEARING_WRITE},
    "POST /clearing/files/{file}/again": {Scope.CLEARING_WRITE},
    "GET /clearing/expected": {Scope.CLEARING_READ},
    "GET /clearing/rules": {Scope.CLEARING_READ},
    "PUT /clearing/rules": {Scope.CLEARING_WRITE},
    "GET /clearing/maps": {Scope.CLEARING_READ},
    "PUT /clearing/maps/{name}": {Scope.CLEARING_WRITE},
    "DELETE /clearing/maps/{name}": {Scope.CLEARING_WRITE},
    "GET /incidents": {Scope.INCIDENTS_READ},
    "GET /incidents/{incident}": {Scope.INCIDENTS_READ},
    "POST /incidents/{incident}/acknowledge": {Scope.INCIDENTS_WRITE},
    "POST /incidents/{incident}/owner": {Scope.INCIDENTS_WRITE},
    "POST /incidents/{incident}/notes": {Scope.INCIDENTS_WRITE},
    "POST /incidents/{incident}/close": {Scope.INCIDENTS_WRITE},
    "POST /incidents/{incident}/learnt": {Scope.INCIDENTS_WRITE},
    "POST /incidents/{incident}/reopen": {Scope.INCIDENTS_WRITE},
    "POST /incidents/{incident}/merge": {Scope.INCIDENTS_WRITE},
    "POST /incidents/{incident}/split": {Scope.INCIDENTS_WRITE},
    "GET /downtimes": {
        *(Scope.INCIDENTS_READ, Scope.TRANSACTIONS_READ, Scope.SHOP),
        *(Scope.VOIDS_WRITE, Scope.REFUNDS_WRITE),
    },
    "GET /breaks": {Scope.CLEARING_READ},
    "GET /breaks/sums": {Scope.CLEARING_READ},
    "GET /breaks/workbook": {Scope.CLEARING_READ},
    "POST /breaks/workbook": {Scope.CLEARING_WRITE},
    "POST /breaks/assign": {Scope.CLEARING_WRITE},
    "POST /breaks/resolve": {Scope.CLEARING_WRITE},
    "GET /breaks/{identity}": {Scope.CLEARING_READ},
    "POST /breaks/{identity}/resolve": {Scope.CLEARING_WRITE},
    "POST /breaks/{identity}/confirm": {Scope.CLEARING_WRITE},
    "POST /breaks/{identity}/reject": {Scope.CLEARING_WRITE},
    "GET /chargebacks": {Scope.CLEARING_READ},
    "GET /chargebacks/sums": {Scope.CLEARING_READ},
    "GET /chargebacks/proposals": {Scope.CLEARING_READ},
    "POST /chargebacks/proposals/{proposal}/accept": {Scope.CLEARING_WRITE},
    "POST /chargebacks/proposals/{proposal}/dismiss": {Scope.CLEARING_WRITE},
    "POST /chargebacks": {Scope.CLEARING_WRITE},
    "GET /chargebacks/{identity}": {Scope.CLEARING_READ},
    "POST /chargebacks/{identity}/act": {Scope.CLEARING_WRITE},
    "POST /chargebacks/{identity}/confirm": {Scope.CLEARING_WRITE},
    "POST /chargebacks/{identity}/reject": {Scope.CLEARING_WRITE},
    "POST /chargebacks/{identity}/assign": {Scope.CLEARING_WRITE},
    "POST /chargebacks/{identity}/evidence": {Scope.CLEARING_WRITE},
    "GET /chargebacks/{identity}/evidence/{document}": {Scope.CLEARING_READ},
    "GET /issuers": {Scope.ISSUERS_READ},
    "GET /issuers/{issuer}": {Scope.ISSUERS_READ},
    "GET /issuers/{issuer}/rules": {Scope.ISSUERS_READ},
    "GET /promise": {Scope.OVERVIEW},
    "GET /reports/{report}": {Scope.CASES_READ},
    "GET /capacity": {Scope.OVERVIEW},
    "GET /capacity/planned": {Scope.OVERVIEW},
    "POST /what-if": {Scope.OVERVIEW},
    "POST /cases/{number}/advice": {Scope.CASES_ACT, Scope.SHOP},
    "GET /diagnosis/advice": {Scope.DIAGNOSIS},
    "GET /reports/{report}/file": {Scope.CASES_READ},
    "GET /drills": {Scope.INCIDENTS_READ},
    "GET /drills/known": {Scope.INCIDENTS_READ},
    "GET /drills/{drill}": {Scope.INCIDENTS_READ},
    "GET /drills/{drill}/file": {Scope.INCIDENTS_READ},
    "GET /training/progress": {Scope.AUDIT},
    "GET /training/certificates/{certificate}": {Scope.SHOP, Scope.AUDIT},
    "GET /training/certificates/{certificate}/file": {Scope.SHOP, Scope.AUDIT},
    "GET /webhooks": {Scope.WEBHOOKS},
    "POST /webhooks": {Scope.WEBHOOKS},
    "DELETE /webhooks/{webhook}": {Scope.WEBHOOKS},
    "GET /webhooks/{webhook}/deliveries": {Scope.WEBHOOKS},
    "POST /webhooks/{webhook}/deliveries/{delivery}/replay": {Scope.WEBHOOKS},
    "GET /interventions": {Scope.INCIDENTS_READ},
    "POST /interventions": {Scope.ISSUERS_WRITE},
    "POST /interventions/{identity}/confirm": {Scope.ISSUERS_WRITE},
    "POST /interventions/{identity}/end": {Scope.ISSUERS_WRITE},
    "GET /playbooks": {Scope.INCIDENTS_READ},
    "GET /playbooks/{playbook}": {Scope.INCIDENTS_READ},
    "POST /playbooks/check": {Scope.INCIDENTS_READ},
    "POST /playbooks/dry": {Scope.INCIDENTS_READ},
    "POST /playbooks/{playbook}/runs": {Scope.INCIDENTS_WRITE},
    "GET /playbook-runs": {Scope.INCIDENTS_READ},
    "GET /playbook-runs/{run}": {Scope.INCIDENTS_READ},
    "POST /playbook-runs/{run}/answer": {Scope.INCIDENTS_WRITE},
    "POST /playbook-runs/{run}/do": {Scope.INCIDENTS_WRITE},
    "POST /playbook-runs/{run}/propose": {Scope.INCIDENTS_WRITE},
    "POST /playbook-runs/{run}/confirm": {Scope.INCIDENTS_WRITE},
    "POST /playbook-runs/{run}/skip": {Scope.INCIDENTS_WRITE},
    "POST /playbook-runs/{run}/stop": {Scope.INCIDENTS_WRITE},
    "POST /playbook-runs/{run}/undo": {Scope.INCIDENTS_WRITE},
    "GET /report-subscriptions": {Scope.NOTICES_READ},
    "POST /report-subscriptions": {Scope.NOTICES_WRITE},
    "DELETE /report-subscriptions/{user}/{length}": {Scope.NOTICES_WRITE},
    "GET /notices/channels": {Scope.NOTICES_READ},
    "POST /notices/channels/{channel}/test": {Scope.NOTICES_WRITE},
    "GET /health": set(),
}
_UUIDS = {
    *("order", "transaction", "conclusion", "webhook", "delivery"),
    *("payout", "file", "account", "move", "identity", "channel", "document", "proposal"),
}


async def _status(api: Api, call: str, headers: Headers) -> int:
    method, path = call.split(" ")
    path = re.sub(r"\{(\w+)\}", lambda part: str(uuid4()) if part[1] in _UUIDS else "999", path)
    body = {} if method in {"POST", "PATCH"} else None
    async with api.http.stream(method, path, headers=headers, json=body) as answer:
        return answer.status_code


async def test_every_call_stands_in_the_table(pool) -> None:
    described = v1.build(make_desk(pool)).openapi()
    found = {
        f"{method.upper()} {path}": {
            scope for one in operation.get("security", []) for scope in one["key"]
        }
        for path, operations in described["paths"].items()
        for method, operation in operations.items()
    }
    assert found == TABLE


@pytest.mark.parametrize("role", [*ROLES, ""])
async def test_a_role_is_let_in_where_its_scopes_say(
    api: Api, shops: tuple[Shop, Shop], role: str
) -> None:
    headers: Headers = {}
    if role:
        headers = await api.person(role, shops[0].merchant if role in OF_A_SHOP else "")
    scopes = ROLES[role] if role else frozenset()
    statuses = await asyncio.gather(*(_status(api, call, headers) for call in TABLE))
    refused = 403 if role else 401
    expected = {call: not needed or bool(needed & scopes) for call, needed in TABLE.items()}
    found = {
        call: status not in {401, 403} and status < 500
        for call, status in zip(TABLE, statuses, strict=True)
    }
    assert found == expected
    assert {one for one in statuses if one in {401, 403}} <= {refused}


@pytest.mark.parametrize("scope", list(Scope))
async def test_a_key_opens_what_its_scope_says(api: Api, scope: Scope) -> None:
    headers = await api.key(scope)
    statuses = await asyncio.gather(*(_status(api, call, headers) for call in TABLE))
    opened = {
        call for call, status in zip(TABLE, statuses, strict=True) if status not in {401, 403}
    }
    assert opened == {call for call, needed in TABLE.items() if scope in needed or not needed}


async def test_nobody_is_let_in_by_a_wrong_or_ended_key(api: Api) -> None:
    headers = await api.key()
    assert (await api.http.get("/cases", headers=headers)).status_code == 200
    (key,) = await api.desk.access.keys()
    await api.desk.access.end_key(key["id"])
    answer = await api.http.get("/cases", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "access.unknown")
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_browser_without_its_token_changes_nothing(api: Api) -> None:
    headers = await api.person("operator")
    headers.pop("x-csrf-token")
    answer = await api.http.post("/diagnosis", headers=headers, json={"request": "00"})
    assert (answer.status_code, answer.json()["code"]) == (403, "access.csrf")


async def test_what_is_not_there_is_a_problem_too(api: Api) -> None:
    headers = await api.key()
    for method, path, status in (("GET", "/nowhere", 404), ("DELETE", "/cases", 405)):
        answer = await api.http.request(method, path, headers=headers)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["next_step"]


async def test_the_description_is_open_and_has_examples(api: Api) -> None:
    answer = await api.http.get(f"{PREFIX}/openapi.json".removeprefix(PREFIX))
    described = answer.json()
    assert described["servers"] == [{"url": PREFIX}]
    assert described["components"]["schemas"]["NewVoid"]["properties"]["merchant"]["examples"]
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            assert operation["description"], (method, path)
