"""The client against a whole site: host, issuer, console and API as annul wires them."""

import asyncio
import io
import json
import re
import shutil
import subprocess
import threading
import zipfile
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import httpx
import pytest

from annul.app import desk_page
from annul.client import (
    SIGNATURE_HEADER,
    Case,
    CaseChange,
    Client,
    NoAnswerError,
    ProblemError,
    Void,
    verify,
)
from annul.client.asked import BySlip
from annul.client.signature import sign
from annul.desk.roles import Scope
from annul.domain.incident import Incident
from annul.operate.drills.keeping import keep
from annul.sim.issuer.faults import Fault, FaultKind
from annul.store.incidents import opening
from tests.support.drilled import ALONE, RUN
from tests.support.processes import free_port
from tests.support.receiver import Receiver
from tests.support.rows import put
from tests.support.site import Site, open_site
from tests.support.soft import Cashier, cashier
from tests.support.trained import all_done, certified

Result = TypeVar("Result")
_GUIDE = Path(__file__).parents[3] / "docs" / "api.md"


@dataclass
class Desk:
    """A site with its API, and programs that call it from threads of their own."""

    site: Site
    address: str

    @property
    def merchant(self) -> str:
        return self.site.terminals[0][0]

    async def key(self, *scopes: Scope, merchant: str = "") -> str:
        access = self.site.running.ground.access
        _, key = await access.new_key("client", scopes or tuple(Scope), merchant, "test")
        return key

    async def run(self, do: Callable[[Client], Result], key: str = "", **more: Any) -> Result:
        """Let a program do something; every test ends with its connections closed."""
        key = key or await self.key()

        def program() -> Result:
            with Client(self.address, key, **more) as annul:
                return do(annul)

        return await asyncio.to_thread(program)


@pytest.fixture
async def desk(database: str, tmp_path: Path) -> AsyncIterator[Desk]:
    async with (
        open_site(
            database,
            tmp_path,
            void_time_scale=0.01,
            void_give_up_s=10,
            console_port=0,
        ) as site,
        desk_page(site.running.ground, site.running) as port,
    ):
        yield Desk(site, f"http://127.0.0.1:{port}")


@pytest.fixture
def till(desk: Desk) -> Iterator[Cashier]:
    with cashier(desk.site.port, desk.site.terminals[0]) as opened:
        yield opened


def _fault(desk: Desk, kind: FaultKind, **aim: Any) -> None:
    desk.site.issuer.server.faults.rows.append(Fault(kind, left=1, **aim))


async def test_a_void_from_its_order_to_its_end(desk: Desk, till: Cashier) -> None:
    sale = await till.take("sale", 10_000)

    def program(annul: Client) -> Void:
        void = annul.voids.create({"rrn": sale.rrn}, desk.merchant)
        assert annul.voids.get(void.id) == annul.voids.wait(void.rrn) == void
        return void

    void = await desk.run(program)
    assert (void.state, void.ended, void.case) == ("voided", True, "")
    assert (void.amount, void.currency, void.response_code) == (10_000, "156", "00")
    assert void.original is not None
    assert (void.original.rrn, void.original.state) == (sale.rrn, "voided")
    assert void.money.zh
    assert void.money.en
    assert void.received_at.utcoffset() == timedelta(0)
    await desk.site.books_agree()


async def test_a_void_that_fails_is_waited_for_and_told_about(desk: Desk, till: Cashier) -> None:
    sale = await till.take("sale", 10_000)
    original: BySlip = {
        "terminal": desk.site.terminals[0][1],
        "batch": str(sale.batch),
        "trace": sale.trace,
    }
    _fault(desk, FaultKind.CODE, of_kind="void", code="96")

    def program(annul: Client) -> tuple[Void, Void, Case]:
        first = annul.voids.create(original, desk.merchant, 10_000)
        last = annul.voids.wait(first.id, within_s=30)
        return first, last, annul.cases.get(last.case)

    first, last, case = await desk.run(program)
    assert (first.state, first.response_code) == ("pending", "96")
    assert (last.state, last.id) == ("voided", first.id)
    assert case.case.ended == "voided"
    assert case.case.number == last.case == first.rrn
    assert case.chain_broken_at is None
    assert case.timeline[0].what == "opened"
    assert case.causes[0].probability >= case.causes[1].probability
    assert len(case.transactions) >= 3
    assert case.messages
    assert case.ledger
    await desk.site.books_agree()


async def test_one_key_one_effect(desk: Desk, till: Cashier) -> None:
    sale = await till.take("sale", 10_000)

    def program(annul: Client) -> None:
        order = ({"rrn": sale.rrn}, desk.merchant, 2_500, "refund-4711")
        first = annul.refunds.create(*order)  # pyright: ignore[reportArgumentType]
        assert (first.state, first.amount) == ("refunded", 2_500)
        assert annul.refunds.create(*order) == first  # pyright: ignore[reportArgumentType]
        assert annul.refunds.get(first.rrn) == annul.refunds.wait(first.id) == first
        with pytest.raises(ProblemError) as raised:
            annul.refunds.create({"rrn": sale.rrn}, desk.merchant, 2_501, "refund-4711")
        assert (raised.value.status, raised.value.code) == (409, "idempotency.other_request")
        rest = annul.refunds.create({"rrn": sale.rrn}, desk.merchant)
        assert rest.amount == 7_500

    await desk.run(program)
    rows = await desk.site.pool.fetch("SELECT amount FROM transactions WHERE kind = 'refund'")
    assert sorted(row["amount"] for row in rows) == [2_500, 7_500]
    await desk.site.books_agree()


async def test_an_answer_that_is_lost_is_asked_for_again(desk: Desk, till: Cashier) -> None:
    """The line breaks after the order has arrived; the next try gets the first one's answer."""
    sale = await till.take("sale", 10_000)
    real = httpx.HTTPTransport()
    lost: list[bytes] = []

    def lossy(request: httpx.Request) -> httpx.Response:
        response = real.handle_request(request)
        if not lost:
            lost.append(response.read())
            raise httpx.ReadError("the answer is lost")
        response.read()
        return httpx.Response(
            response.status_code, headers=response.headers, content=response.content
        )

    void = await desk.run(
        lambda annul: annul.voids.create({"rrn": sale.rrn}, desk.merchant),
        transport=httpx.MockTransport(lossy),
        sleep=lambda _: None,
    )
    real.close()
    assert json.loads(lost[0])["id"] == void.id
    assert (
        await desk.site.pool.fetchval("SELECT count(*) FROM transactions WHERE kind = 'void'") == 1
    )
    await desk.site.books_agree()


async def test_problems_say_what_to_do(desk: Desk, till: Cashier) -> None:
    sale = await till.take("sale", 10_000)
    own = await desk.key(Scope.VOIDS_WRITE, merchant=desk.merchant)

    def of(do: Callable[[Client], object]) -> Callable[[Client], tuple[int, str]]:
        def program(annul: Client) -> tuple[int, str]:
            with pytest.raises(ProblemError) as raised:
                do(annul)
            assert raised.value.next_step
            return raised.value.status, raised.value.code

        return program

    for do, key, wanted in (
        (lambda a: a.voids.get("999999999999"), "", (404, "diagnose.void_unknown")),
        (lambda a: a.cases.get("999999999999"), "", (404, "desk.unknown")),
        (
            lambda a: a.voids.create({"rrn": "9" * 12}, desk.merchant),
            own,
            (404, "rule.original_not_found"),
        ),
        (
            lambda a: a.voids.create({"rrn": sale.rrn}, desk.merchant, 9_999),
            own,
            (422, "rule.amount_differs"),
        ),
        (lambda a: list(a.cases.list()), own, (403, "access.scope")),
        (lambda a: a.voids.get("1"), "annul_wrong", (401, "access.unknown")),
        (lambda a: a.voids.create({"rrn": "x"}, desk.merchant), own, (422, "http.invalid")),
    ):
        assert await desk.run(of(do), key) == wanted


async def test_lists_go_on_over_pages(
    desk: Desk, till: Cashier, monkeypatch: pytest.MonkeyPatch
) -> None:
    sales = [await till.take("sale", 100 + n) for n in range(5)]
    monkeypatch.setattr("annul.client.resources._PAGE", 2)
    found = await desk.run(lambda annul: list(annul.transactions.list(kind="sale")))
    assert [one.rrn for one in found] == [sale.rrn for sale in reversed(sales)]
    began = datetime.now(UTC) - timedelta(hours=1)
    assert len(await desk.run(lambda a: list(a.transactions.list(since=began)))) == 5
    assert not await desk.run(lambda a: list(a.transactions.list(until=began)))
    chain = await desk.run(lambda a: a.transactions.get(found[0].id))
    assert chain.transaction == chain.original == found[0]
    assert chain.entries[0].amount == 104


async def test_acts_proof_and_diagnosis(desk: Desk, till: Cashier) -> None:
    sale = await till.take("sale", 10_000)
    desk.site.issuer.server.books.policy.void_supported = False
    void = await till.undo("void", sale)

    def program(annul: Client) -> None:
        assert annul.voids.wait(void.rrn, within_s=30).ended
        (case,) = annul.cases.list("all", search=void.rrn)
        done = annul.cases.act(case.number, "note", "seen by the client")
        assert done.done == "note"
        whole = annul.cases.get(case.number)
        assert "seen by the client" in whole.timeline[-1].why.en
        with zipfile.ZipFile(io.BytesIO(annul.cases.proof(case.number))) as file:
            assert set(file.namelist()) == {"proof.json", "proof.pdf", "signature.json"}
        diagnosis = annul.diagnosis.of_void(void.rrn)
        assert diagnosis.causes[0].cause == whole.causes[0].cause
        assert diagnosis.facts
        promise = annul.promise(hours=1)
        assert (promise.cases, promise.open) == (1, 0)
        assert promise.by_cause[0].cases == 1

    await desk.run(program)


_ANSWER = "0210202000000280000020000000012334303130303030303031"  # 40: not supported


async def test_a_diagnosis_of_messages_alone(desk: Desk) -> None:
    request = (
        "02003020048008c080182000000000000100000001230120003330303030303030303030313130303030303031"
        "38393830303030353831323030303031353600112300000100000012000001000001"
    )
    found = await desk.run(
        lambda annul: annul.diagnosis.of_messages(
            bytes.fromhex(request), _ANSWER, facts={"issuer.void_supported": False}
        )
    )
    assert found.causes[0].cause == "issuer_unsupported"
    assert found.facts["issuer.void_supported"].value is False
    assert found.missing


async def _without(desk: Desk, name: str) -> None:
    """Stop what the host does beside, so that it does not come between."""
    (loop,) = (one for one in desk.site.running.ground.loops if one.name == name)
    await loop.stop()


async def test_merchants_and_issuers(desk: Desk) -> None:
    def program(annul: Client) -> None:
        assert annul.health().host
        assert desk.merchant in [merchant.id for merchant in annul.merchants.list()]
        before = annul.merchants.get(desk.merchant)
        after = annul.merchants.change(
            desk.merchant, "new contract", retry_voids=False, refund_instead_limit=0
        )
        assert (after.retry_voids, after.refund_instead_limit) == (False, 0)
        assert after.second_person_from == before.second_person_from
        terminals = list(annul.merchants.terminals(desk.merchant))
        assert desk.site.terminals[0][1] in [terminal.id for terminal in terminals]
        assert list(annul.merchants.days(desk.merchant)) == [], "no business day has ended"
        with pytest.raises(ProblemError, match="closed"):
            annul.merchants.statement(desk.merchant, "2026-11", "csv")
        assert list(annul.merchants.terms(desk.merchant)) == [], "T+1"
        new = datetime.now(UTC).date() + timedelta(days=40)
        for _ in range(2):
            annul.merchants.agree(desk.merchant, new, "new contract", cycle="weekly", weekday=1)
        (terms,) = annul.merchants.terms(desk.merchant)
        assert (terms.valid_from, terms.cycle, terms.weekday) == (new, "weekly", 1)
        with pytest.raises(ProblemError, match="other terms"):
            annul.merchants.agree(desk.merchant, new, "new contract", cycle="calendar")
        assert list(annul.merchants.cut_overs(desk.merchant)) == [], "the house's"
        for _ in range(2):
            annul.merchants.agree_on_cut_over(desk.merchant, new, "a bar", "06:00")
        later = new + timedelta(days=1)
        annul.merchants.agree_on_cut_over(desk.merchant, later, "no bar", None)
        ends = [(one.valid_from, one.cut_over) for one in annul.merchants.cut_overs(desk.merchant)]
        assert ends == [(later, None), (new, "06:00")]
        with pytest.raises(ProblemError, match="another cut-over"):
            annul.merchants.agree_on_cut_over(desk.merchant, new, "a bar", "07:00")
        (debit, *_) = annul.merchants.fees(desk.merchant, 10_000)
        assert debit.sample is not None
        assert debit.costs is not None
        assert (debit.card_type, debit.own, debit.sample.fee) == ("debit", False, 50)
        for _ in range(2):
            annul.merchants.agree_on_price(
                desk.merchant, new, "new contract", card_type="debit", rate_ppm=4_000, cap=None
            )
        (debit, *_) = annul.merchants.fees(desk.merchant)
        assert [(one.valid_from, one.rate_ppm, one.own) for one in debit.following] == [
            (new, 4_000, True)
        ]
        days = list(annul.merchants.margin(desk.merchant, "2026-01"))
        assert days == [], "nothing was sold in that month"
        with pytest.raises(ProblemError, match="closed"):
            list(
                annul.merchants.fee_difference(
                    desk.merchant, new, new, card_type="debit", rate_ppm=1, cap=1
                )
            )
        (issuer, *_) = annul.issuers.list()
        assert annul.issuers.get(issuer.id).name_zh == issuer.name_zh

    # Its first turn, a second after the start, would close the days before the installation.
    await _without(desk, "settlement")
    await desk.run(program)


async def test_differences_of_batches(desk: Desk) -> None:
    terminal = await desk.site.pool.fetchval(
        "SELECT min(terminal_id) FROM terminals WHERE merchant_id = $1", desk.merchant
    )
    for trace, kept in (("000001", None), ("000002", 200)):
        await put(desk.site.pool, "batch_differences", {
            "merchant_id": desk.merchant, "terminal_id": terminal, "batch": "000001",
            "trace": trace, "claimed": 100, "kept": kept, "found_at": datetime.now(UTC),
        })  # fmt: skip

    def program(annul: Client) -> None:
        first, second = annul.merchants.differences(desk.merchant, terminal=terminal)
        assert [(one.claimed, one.kept) for one in (first, second)] == [(100, None), (100, 200)]
        with pytest.raises(ProblemError) as nothing:
            annul.merchants.resolve_difference(first, "terminal_stands", "sale seen")
        assert nothing.value.code == "batches.booking"
        annul.merchants.resolve_difference(first, "host_stands", "slip seen")
        with pytest.raises(ProblemError) as again:
            annul.merchants.resolve_difference(first, "given_back", "slip seen")
        assert again.value.code == "batches.resolved"
        assert list(annul.merchants.differences(desk.merchant)) == [second]
        every = annul.merchants.differences(desk.merchant, batch="000001", resolved=True)
        assert [one.resolved_as for one in every] == ["host_stands", None]

    await desk.run(program)


async def test_chargebacks(desk: Desk, till: Cashier) -> None:
    sale = await till.take("sale", 10_000)

    def program(annul: Client) -> None:
        more = {"amount": 4_000, "key": "claim-1"}
        one = annul.chargebacks.enter("CB1", sale.rrn, "fraud", "from the network", **more)
        assert (one.stage, one.held, one.money) == ("first_chargeback", 4_000, "held")
        again = annul.chargebacks.enter("CB1", sale.rrn, "fraud", "from the network", **more)
        assert again == one
        slip = io.BytesIO(b"%PDF-1.7 slip")
        whole = annul.chargebacks.add_evidence(one.id, "slip", slip, "slip.pdf")
        [kept] = [file for file in whole.evidence if file.kind == "slip"]
        assert annul.chargebacks.evidence(one.id, kept.id) == b"%PDF-1.7 slip"
        answered = annul.chargebacks.act(one.id, "represent", "it was theirs")
        assert (answered.stage, answered.broken_at) == ("represented", None)
        assert annul.chargebacks.assign(one.id, "").owner == ""
        assert [two.number for two in annul.chargebacks.list(stage="live")] == ["CB1"]
        assert [two.held for two in annul.chargebacks.sums()] == [4_000]
        assert annul.chargebacks.get(one.id).follows == ["charge_back_again", "withdraw"]
        with pytest.raises(ProblemError) as refused:
            annul.chargebacks.act(one.id, "accept", "no")
        assert refused.value.code == "chargeback.not_next"

    await desk.run(program)


async def test_clearing_files_and_breaks(desk: Desk) -> None:
    table = f"商户号,参考号,交易金额(元)\n{desk.merchant},300000099999,1.00\n不,是,行\n".encode()

    def program(annul: Client) -> None:
        look = annul.clearing.look(io.BytesIO(table), "day.csv")
        assert look.map is not None
        assert look.map.columns["rrn"] == "参考号"
        annul.clearing.save_map("tea", look.map)
        assert [one.name for one in annul.clearing.maps()] == ["tea"]
        seen: list[int] = []
        more = {"map": "tea", "day": datetime(2026, 11, 23, tzinfo=UTC).date()}
        file = annul.clearing.read(io.BytesIO(table), "day.csv", told=seen.append, **more)
        assert (file.rows, file.bad, sum(seen)) == (1, 1, len(table))
        assert [one.line for one in annul.clearing.bad_lines(file.id)] == [3]
        assert list(annul.clearing.differences(file.id)) == []
        before = annul.clearing.preview(file.id)
        assert [one.kind for one in before.kinds] == ["missing_here"]
        assert annul.clearing.commit(file.id, "seen").kinds == before.kinds
        assert [one.state for one in annul.clearing.list()] == ["committed"]
        (found,) = annul.breaks.list(state="waiting", foretold=False)
        assert [one.count for one in annul.breaks.sums()] == [1]
        assert annul.breaks.assign([found.id], "") == 0
        book = annul.breaks.workbook(state="waiting", lang="en")
        assert annul.breaks.decide(book).decisions == []
        (came,) = annul.breaks.resolve_many([found.id], "as suggested").items
        assert came.state == "resolved"
        with pytest.raises(ProblemError) as ended:
            annul.breaks.resolve(found.id, "ours_stand", "again")
        assert ended.value.code == "clearing.break_not_waiting"
        assert annul.breaks.get(found.id).resolved_as == "ours_stand"
        assert annul.clearing.discard(file.id, "the wrong one").state == "discarded"
        again = annul.clearing.read(io.BytesIO(table), "day.csv", **more)
        assert annul.clearing.drop(again.id).state == "dropped"
        assert annul.clearing.get(again.id).breaks == []
        annul.clearing.forget_map("tea")
        assert list(annul.clearing.expected()) == []

    await desk.run(program, await desk.key(Scope.CLEARING_READ, Scope.CLEARING_WRITE))


async def test_incidents_and_downtimes(desk: Desk) -> None:
    def program(annul: Client) -> None:
        (found,) = annul.incidents.list(state="open")
        assert (found.scope, found.items, found.cause) == ("issuer", 1, "issuer_down")
        whole = annul.incidents.acknowledge(found.number)
        assert whole.acknowledged_at is not None
        whole = annul.incidents.note(found.number, "called them")
        assert [one.kind for one in whole.events][-2:] == ["acknowledged", "note"]
        assert whole.events[-1].text.en == "called them"
        assert annul.incidents.own(found.number, "").owner == ""
        with pytest.raises(ProblemError) as goes_on:
            annul.incidents.close(found.number, "enough")
        assert goes_on.value.code == "incidents.going_on"
        links = [{"kind": "policy", "ref": "00000999"}]
        whole = annul.incidents.learn(found.number, "call earlier", links)
        assert whole.learnt is not None
        assert whole.learnt.links[0].ref == "00000999"
        (down,) = annul.incidents.downtimes(hours=1)
        assert (down.issuer, down.ended_at, down.number) == ("00000999", None, found.number)
        assert annul.incidents.get(found.number).merged_into is None

    pool = desk.site.pool
    kept = Incident.of("issuer_in_trouble", "", "00000999", issuer="00000999", how="down")
    # Of no issuer that is set up: what looks at issuers would see its end at once.
    await _without(desk, "raising")
    await pool.execute(*opening([kept], datetime.now(UTC)))
    async with asyncio.timeout(10):
        while not await pool.fetchval("SELECT count(*) FROM incident_heads"):
            await asyncio.sleep(0.05)
    await desk.run(program, await desk.key(Scope.INCIDENTS_READ, Scope.INCIDENTS_WRITE))


_BANK = "00000101"


async def test_interventions(desk: Desk) -> None:
    def program(annul: Client) -> None:
        begun = annul.interventions.begin("retries_paused", 30, "its voids fail", issuer=_BANK)
        assert (begun.state, begun.issuer, begun.merchant) == ("in_force", _BANK, "")
        more = {"issuer": _BANK, "amount": 50_000}
        asked = annul.interventions.begin("refunds_instead", 30, "its voids fail", **more)
        with pytest.raises(ProblemError, match="proposed it yourself"):
            annul.interventions.confirm(asked.id, "yes")
        assert annul.interventions.end(asked.id, "no").state == "ended"
        assert annul.interventions.end(begun.id, "it works again").ended_by
        assert {one.state for one in annul.interventions.list()} == {"ended"}

    await desk.run(program, await desk.key(Scope.INCIDENTS_READ, Scope.ISSUERS_WRITE))


async def test_drills(desk: Desk) -> None:
    await keep(desk.site.pool, RUN, ALONE)

    def program(annul: Client) -> None:
        assert "holiday-evening" in {one.name for one in annul.drills.known()}
        (run,) = annul.drills.list("issuer-is-down")
        assert list(annul.drills.list("wrong-card")) == []
        whole = annul.drills.get(run.number)
        assert (whole.team, whole.total, whole.people) == ("night shift", run.total, run.people)
        assert [one.who for one in whole.timeline] == ["", "olga", "olga", "otto", "", ""]
        assert annul.drills.file(run.number, "en").startswith(b"%PDF")
        with pytest.raises(ProblemError) as unknown:
            annul.drills.get("D000000-000000")
        assert unknown.value.code == "desk.unknown"

    await desk.run(program)


async def test_training(desk: Desk) -> None:
    pool, now = desk.site.pool, datetime.now(UTC)
    await all_done(pool, "mei", "cashier", now - timedelta(hours=1), spared="notice")
    number = await certified(pool, "mei", "owner", now - timedelta(minutes=1))

    def program(annul: Client) -> None:
        told = {one.course: one for one in annul.training.progress()}
        assert told.keys() == {"cashier", "owner"}
        assert (told["cashier"].done, told["cashier"].of, told["cashier"].open) == (7, 8, True)
        held = annul.training.certificate(number)
        assert held == told["owner"].certificate
        assert (held.person, held.valid, held.title.en) == ("mei", True, "Shop owner")
        assert annul.training.file(number).startswith(b"%PDF")
        with pytest.raises(ProblemError) as unknown:
            annul.training.certificate("T0000000")
        assert unknown.value.code == "desk.unknown"

    await desk.run(program)


async def test_playbooks(desk: Desk) -> None:
    def program(annul: Client) -> None:
        names = {one.name: one for one in annul.playbooks.list()}
        assert names["voids_fail"].needs == ["issuer"]
        whole = annul.playbooks.get("voids_fail")
        assert (whole.steps[0].id, whole.contacts[0].who) == ("health", "issuer_duty")
        assert annul.playbooks.check(whole.text).valid
        (flaw, *_) = annul.playbooks.check("name = 1").flaws
        assert flaw.todo.en
        dry = annul.playbooks.dry("voids_fail", answers={"cause": "rule"}, issuer=_BANK).steps
        assert dry[0].word_text is not None
        assert {one.id: one.comes for one in dry}["roll_back"] == "no"
        with pytest.raises(ProblemError) as nothing_given:
            annul.playbooks.start("voids_fail", "they fail")
        assert nothing_given.value.status == 422
        assert nothing_given.value.code == "playbooks.not_given"
        run = annul.playbooks.start("voids_fail", "they fail", issuer=_BANK)
        assert (run.here, run.given) == ("pause", {"issuer": _BANK})
        run = annul.playbooks.do(run.number, "pause", "until they are well")
        assert [one.state for one in annul.interventions.list()] == ["in_force"]
        annul.playbooks.answer(run.number, "cause", "fault")
        annul.playbooks.answer(run.number, "refunds", "yes")
        with pytest.raises(ProblemError) as no_amount:
            annul.playbooks.answer(run.number, "ceiling", "much")
        assert no_amount.value.code == "playbooks.no_answer"
        annul.playbooks.answer(run.number, "ceiling", 50_000)
        run = annul.playbooks.propose(run.number, "refund_instead", "customers wait")
        assert {one.id: one.state for one in run.steps}["refund_instead"] == "proposed"
        with pytest.raises(ProblemError) as alone:
            annul.playbooks.confirm(run.number, "refund_instead")
        assert alone.value.code == "resolve.second_person"
        run = annul.playbooks.skip(run.number, "refund_instead", "nobody is there")
        # The wait for a healthy issuer is over as soon as the host has seen that it is.
        assert (run.state, run.here) in {("running", "recovery"), ("waiting", "resume")}
        assert [one.number for one in annul.playbooks.runs(state="live")] == [run.number]
        assert annul.playbooks.stop(run.number, "enough").state == "stopped"
        run = annul.playbooks.undo(run.number, "all is well")
        assert (run.state, run.undoable) == ("undone", [])
        assert annul.playbooks.run(run.number).journal[-1].state == "undone"
        assert [one.state for one in annul.interventions.list()] == ["ended"]

    needed = (Scope.INCIDENTS_READ, Scope.INCIDENTS_WRITE, Scope.ISSUERS_WRITE, Scope.REFUNDS_WRITE)
    await desk.run(program, await desk.key(*needed))


async def test_what_if(desk: Desk) -> None:
    def program(annul: Client) -> None:
        tried = annul.what_if.merchant("amount_limit", 1, merchant=desk.merchant, limit=1)
        assert tried.sums["stricter"] >= len(tried.decisions)
        assert annul.what_if.policy(_BANK, "void_supported", 0).kind == "policy"
        assert annul.what_if.weight("timeout", "code:98", -0.5).kind == "weight"
        assert annul.what_if.alarm(per_million=5.0, days=1).sums["alarms_before"] == 0
        with pytest.raises(ProblemError) as wrong:
            annul.what_if.merchant("retry_voids", 2)
        assert wrong.value.code == "whatif.setting"

    await desk.run(program, await desk.key(Scope.OVERVIEW))


async def test_reports(desk: Desk) -> None:
    def program(annul: Client) -> None:
        long_ago = annul.reports.get("2020-W10", desk.merchant)
        assert (long_ago.merchant, long_ago.now.asked) == (desk.merchant, 0)
        assert str(long_ago.first) == "2020-03-02"
        assert annul.reports.file("2020-03-02", "xlsx", "en").startswith(b"PK")
        with pytest.raises(ProblemError) as ahead:
            annul.reports.get(str(datetime.now(UTC).date() + timedelta(days=3)))
        assert ahead.value.code == "reports.not_closed"

    await desk.run(program)


async def test_reports_by_mail(desk: Desk) -> None:
    def program(annul: Client) -> None:
        with pytest.raises(ProblemError) as nobody:
            annul.report_subscriptions.create("nobody", "week", "li@bank.cn", "wanted")
        assert nobody.value.code == "desk.unknown"
        made = annul.report_subscriptions.create("li", "week", "li@bank.cn", "wanted")
        assert (made.user, made.length, made.channel, made.state) == ("li", "week", "mail", "")
        assert list(annul.report_subscriptions.list()) == [made]
        annul.report_subscriptions.end("li", "week", "moved")
        assert list(annul.report_subscriptions.list()) == []

    now = datetime.now(UTC)
    user = {"name": "li", "role": "auditor", "password_hash": "-", "one_time": False}
    await put(desk.site.pool, "users", user | {"created_at": now})
    channel = {"id": uuid4(), "name": "mail", "kind": "mail", "address": b"", "language": ""}
    how = {"severity": "notice", "set_by": "test", "set_at": now}
    await put(desk.site.pool, "channels", channel | how)
    await desk.run(
        program,
        await desk.key(Scope.NOTICES_READ, Scope.NOTICES_WRITE, Scope.CASES_READ),
    )


async def test_payouts_and_accounts(desk: Desk) -> None:
    def program(annul: Client) -> None:
        identity, statement = (
            str(uuid4()),
            b"reference,said,amount,currency\nRENT,booked,1.00,CNY\n",
        )
        for _ in range(2):
            asked = annul.accounts.ask(
                desk.merchant,
                holder="示例茶馆",
                bank="104100000004",
                number="6222 0000 0000 0000 017",
                reason="contract",
                identity=identity,
            )
            assert (asked.state, asked.account) == ("asked", "0017")
        assert [one.id for one in annul.accounts.list(desk.merchant)] == [identity]
        with pytest.raises(ProblemError, match="cannot be paid to"):
            annul.accounts.ask(desk.merchant, holder="x", bank="1", number="2", reason="contract")
        with pytest.raises(ProblemError) as refused:
            annul.accounts.stop(desk.merchant, identity, "not used yet")
        assert refused.value.code == "settle.account_state"
        annul.accounts.reject(desk.merchant, identity, "not its own")
        assert list(annul.accounts.list(desk.merchant)) == []
        with pytest.raises(ProblemError) as uncovered:
            annul.accounts.move(desk.merchant, "freeze", 10_000, "dispute")
        assert uncovered.value.code == "settle.not_covered"
        correction = annul.accounts.move(desk.merchant, "correction", 10_000, "fee of May")
        assert (correction.state, correction.amount) == ("asked", 10_000)
        assert annul.accounts.reject_move(desk.merchant, correction.id, "no").state == "rejected"
        assert [one.state for one in annul.accounts.moves(desk.merchant)] == ["rejected"]
        assert list(annul.payouts.list(merchant=desk.merchant, state="held")) == []
        assert sum(one.payouts for one in annul.payouts.day(datetime.now(UTC).date())) == 0
        assert list(annul.payouts.files()) == []
        with pytest.raises(ProblemError) as nowhere:
            annul.payouts.run("now")
        assert nowhere.value.code == "payouts.no_bank"
        read = annul.payouts.read_bank_file(statement, "a.csv", "statement")
        assert read.outcomes in ({}, {"foreign": 1})
        with pytest.raises(ProblemError, match=r"read as a\.csv"):
            annul.payouts.read_bank_file(statement, "b.csv", "statement")
        assert [one.name for one in annul.payouts.bank_files()] == ["a.csv"]
        with pytest.raises(ProblemError) as unknown:
            annul.payouts.get(str(uuid4()))
        assert unknown.value.status == 404

    await desk.run(program)


async def test_events_are_followed_and_taken_up_again(desk: Desk, till: Cashier) -> None:
    key = await desk.key()

    def follow(after: str) -> list[CaseChange]:
        came: list[CaseChange] = []
        with Client(desk.address, key) as annul:
            changes = annul.cases.events(after)
            for change in changes:
                came.append(change)
                if change.ended:
                    break
            changes.close()
        return came

    began = f"{int(datetime.now(UTC).timestamp() * 1_000_000)}-0"
    following = asyncio.create_task(asyncio.to_thread(follow, began))
    sale = await till.take("sale", 10_000)
    assert sale.response_code == "00"
    _fault(desk, FaultKind.CODE, of_kind="void", code="96")
    void = await till.undo("void", sale)
    async with asyncio.timeout(30):
        came = await following
    assert {change.number for change in came} == {void.rrn}
    assert came[-1].ended == "voided"
    # Who was away is told what came since.
    async with asyncio.timeout(30):
        assert (await asyncio.to_thread(follow, began))[-1].ended == "voided"


async def test_a_webhook_is_told_the_end_of_a_case(desk: Desk, till: Cashier) -> None:
    async with Receiver().listening() as receiver:
        made = await desk.run(lambda a: a.webhooks.create(receiver.url, desk.merchant))
        assert made.secret.startswith("whsec_")
        sale = await till.take("sale", 10_000)
        _fault(desk, FaultKind.CODE, of_kind="void", code="96")
        void = await till.undo("void", sale)
        async with asyncio.timeout(30):
            while not receiver.got:
                await asyncio.sleep(0.02)
        (got,) = receiver.got
        now = datetime.now(UTC).timestamp()
        assert verify(made.secret, got.headers["annul-signature"], got.body, now)
        body = json.loads(got.body)
        assert body["event"] == got.headers["annul-event"] == "case.voided"
        assert body["data"]["case"] == got.headers["annul-case"] == void.rrn
        assert body["data"]["merchant"] == desk.merchant

        def program(annul: Client) -> None:
            (hook,) = annul.webhooks.list()
            assert (hook.id, hook.active) == (made.id, True)
            (attempt,) = logged(lambda: list(annul.webhooks.deliveries(made.id)), 1)
            assert (attempt.status, attempt.attempt, attempt.case) == (200, 1, void.rrn)
            assert attempt.delivery == got.delivery
            annul.webhooks.replay(made.id, attempt.delivery)
            again, first = logged(lambda: list(annul.webhooks.deliveries(made.id)), 2)
            assert (again.delivery, again.attempt) == (first.delivery, 2)
            annul.webhooks.end(made.id)
            assert not next(annul.webhooks.list()).active

        await desk.run(program)
        assert len(receiver.got) == 2
        assert receiver.got[1].delivery == got.delivery


def logged(read: Callable[[], list[Any]], many: int) -> list[Any]:
    """Read until so many attempts are written."""
    tick = threading.Event()
    for _ in range(500):
        rows = read()
        if len(rows) >= many:
            return rows
        tick.wait(0.05)
    pytest.fail(f"{many} attempts were expected")


async def test_where_nobody_answers() -> None:
    def program() -> None:
        address = f"http://127.0.0.1:{free_port()}"
        with Client(address, "annul_x", tries=2, sleep=lambda _: None) as annul:
            annul.health()

    with pytest.raises(NoAnswerError):
        await asyncio.to_thread(program)


async def test_the_guide_does_what_it_says(
    desk: Desk, till: Cashier, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every block of docs/api.md that can be run is run, in its order."""
    sale = await till.take("sale", 10_000)
    key = await desk.key()
    monkeypatch.setenv("ANNUL", f"{desk.address}/api/v1")
    monkeypatch.setenv("KEY", key)
    known = {
        "http://127.0.0.1:8581": desk.address,
        "898000058120000": desk.merchant,
        "300000000001": sale.rrn,
        "curl -sS": "curl -sS --fail-with-body",
    }
    within: dict[str, Any] = {}
    ran: list[str] = []
    for language, block in re.findall(r"```(sh|python)\n(.*?)```", _GUIDE.read_text(), re.DOTALL):
        for name, value in known.items():
            block = block.replace(name, value)  # noqa: PLW2901 - put into this site's terms
        if language == "python":
            await asyncio.to_thread(exec, compile(block, "docs/api.md", "exec"), within)
            ran.append(capsys.readouterr().out)
        elif not block.startswith("export") and shutil.which("curl"):
            done = await asyncio.to_thread(
                subprocess.run, ["bash", "-euc", block], capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stdout + done.stderr
            ran.append(done.stdout)
            if '"rrn"' in block:
                known["300000000002"] = json.loads(done.stdout)["rrn"]
    assert len(ran) >= 6
    assert any(text.startswith("voided The money goes back") for text in ran)
    body, at = b"{}", datetime.now(UTC).timestamp()
    headers = {SIGNATURE_HEADER: sign("whsec_x", body, int(at))}
    assert within["genuine"]("whsec_x", headers, body)
    assert (
        await desk.site.pool.fetchval("SELECT count(*) FROM transactions WHERE kind = 'void'") == 1
    )
