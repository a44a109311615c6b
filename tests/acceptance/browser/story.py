"""A short day with an issuer in trouble, the same each time: what pages are looked at with."""

import asyncio
import json
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from annul.operate.drills.keeping import keep
from annul.store.database import connect
from annul.store.embedded import EmbeddedPostgres
from tests.support.drilled import ALONE, RUN
from tests.support.trained import certified

from . import cleared, paid
from .house import PASSWORD, SHOP, House

_OF_VOIDS: Final = {"kind": "code", "of_kind": "void"}
_DOWN: Final = ({**_OF_VOIDS, "code": "96"},)
_SUSPECTED: Final = ({**_OF_VOIDS, "code": "59", "left": 1},)
# Amounts of sales that stand, and of those that are voided: at once, and while voids fail.
_SALES: Final = ("35.00", "128.00")
_DONE: Final = ("19.90", "46.00")
_FAIL: Final = (("85.35", "10000001"), ("212.00", "10000003"), ("1299.00", "10000005"))
_WITHIN_S: Final = 180.0
# The hours before: every ten minutes so many requests, of which one in four is a void.
_EARLIER: Final = """
INSERT INTO issuer_stats (issuer_id, node, slot, requests, approvals, silent, not_sent, late,
    faults, link_drops, garbled, codes, voids, void_approvals, latencies, tail)
SELECT i.issuer_id, 0, slot, n, n - n / 25, 0, 0, 0, 0, 0, 0, '{}', n / 4 + 5,
    n / 4 + 5 - (n % 3 = 0)::int,
    array_fill(0, ARRAY[(SELECT cardinality(latencies) FROM issuer_stats LIMIT 1)]), '[]'
FROM generate_series(date_bin('10 minutes', now(), '2000-01-01') - interval '6 hours',
                     now() - interval '40 minutes', '10 minutes') AS slot
CROSS JOIN (SELECT issuer_id, row_number() OVER (ORDER BY issuer_id) AS place FROM issuers) i
CROSS JOIN LATERAL (SELECT (90 - 20 * i.place
    + 25 * sin(extract(epoch FROM slot) / 3000 + i.place))::int AS n) made
ON CONFLICT DO NOTHING
"""

# A task that is proved, and one in which something is to be typed in.
_WITHIN: Final = """
INSERT INTO course_tasks (person, course, version, task, begun_at, done_at, evidence)
VALUES ('admin', 'cashier', 1, 'sell', now(), now(), '{"amount": 2000, "currency": "156",
        "voucher": "000012", "reference": "300000000012", "terminal": "10000001"}'),
       ('admin', 'cashier', 1, 'read_slip', now(), NULL, '{}')
"""


_PLAYBOOK: Final = "voids_fail"


@dataclass(frozen=True, slots=True)
class Story:
    """What became of it: cases, a transaction, a failed void's voucher, a payout, a file and
    its break, a chargeback, the incident of the issuer in trouble, a certificate, a
    run of a playbook, a drill that was run.
    """

    waiting: str
    refused: str
    transaction: str
    voucher: str
    payout: str
    clearing: str
    differs: str
    chargeback: str
    incident: str
    certificate: str
    run: str
    drill: str

    @property
    def places(self) -> dict[str, str]:
        """Give what to put for the parameters of pages' addresses."""
        return {
            "number": self.waiting,
            "transaction": self.transaction,
            "merchant": SHOP,
            "payout": self.payout,
            "clearing": self.clearing,
            "break": self.differs,
            "chargeback": self.chargeback,
            "incident": self.incident,
            "issuer": "00000101",
            "dialect": "cups",
            "course": "cashier",
            "certificate": self.certificate,
            "playbook": _PLAYBOOK,
            "run": self.run,
            "drill": self.drill,
        }


def tell(home: House) -> Story:
    """Let it happen: sales, voids that succeed, one that is suspected, and an issuer in trouble."""
    slips = [_pos(home, "10000001", "sale", amount) for amount in _SALES]
    claimed = _charged_back(home, _said("REFERENCE", slips[0]))
    for amount in _DONE:
        _pos(home, "10000001", "void", _voucher(_pos(home, "10000001", "sale", amount)))
    asyncio.run(_earlier(home))
    home.issuer("/faults", _SUSPECTED)
    sold = _pos(home, "10000003", "sale", "73.20")
    refused = _case(_pos(home, "10000003", "void", _voucher(sold)))
    sales = [(_pos(home, terminal, "sale", amount), terminal) for amount, terminal in _FAIL]
    home.issuer("/faults", _DOWN)
    slips = [_pos(home, terminal, "void", _voucher(slip)) for slip, terminal in sales]
    waiting = _case(slips[0])
    original = next(one["original_id"] for one in _cases(home) if one["number"] == waiting)
    told = cleared.commit(home)
    return Story(
        waiting,
        refused,
        original,
        _voucher(sales[0][0]),
        _paid(home),
        *told,
        claimed,
        _incident(home),
        asyncio.run(_trained(home)),
        _run(home),
        asyncio.run(_drilled(home)),
    )


def _paid(home: House) -> str:
    paid.make_available(home, "321.00")
    paid.take_account(home)
    return str(paid.pay(home))


async def _drilled(home: House) -> str:
    """Keep a drill that was run; gives its number."""
    pool = await connect(EmbeddedPostgres(home.folder).url)
    try:
        await keep(pool, RUN, ALONE)
    finally:
        await pool.close()
    return RUN.number


def _run(home: House) -> str:
    """Start a playbook that an issuer fails; gives the run's number."""
    who = {"ANNUL_PASSWORD": PASSWORD}
    asked = ("--issuer=00000202", "--reason=its voids fail", "--user=admin", "--json")
    told = home.annul("playbook", "run", _PLAYBOOK, *asked, f"--data={home.folder}", **who)
    return str(json.loads(told)["number"])


def _charged_back(home: House, sale: str) -> str:
    """Enter that the card's issuer claims a sale back; gives the chargeback's id."""
    who = {"ANNUL_PASSWORD": PASSWORD}
    asked = ("--claims=fraud", "--reason=as it wrote", "--user=admin", "--json")
    told = home.annul("chargebacks", "enter", "CB1", sale, *asked, f"--data={home.folder}", **who)
    return str(json.loads(told)["id"])


def _incident(home: House) -> str:
    """Give the number of the latest incident, once there is one."""
    ends = time.monotonic() + _WITHIN_S
    while time.monotonic() < ends:
        told = json.loads(home.annul("incidents", "list", "--json", f"--data={home.folder}"))
        if told:
            return str(told[0]["number"])
        time.sleep(0.5)
    message = f"no incident within {_WITHIN_S:.0f} s"
    raise AssertionError(message)


def wait_for_a_person(home: House, number: str) -> None:
    """Wait until a case needs manual action: annul has tried what it may."""
    ends = time.monotonic() + _WITHIN_S
    while time.monotonic() < ends:
        if any(one["number"] == number and one["task"] for one in _cases(home)):
            return
        time.sleep(0.5)
    message = f"case {number} needed nobody within {_WITHIN_S:.0f} s"
    raise AssertionError(message)


def _cases(home: House) -> list[dict[str, Any]]:
    return json.loads(home.annul("cases", "--json", f"--data={home.folder}"))


def _pos(home: House, terminal: str, *words: str) -> str:
    return home.pos(f"--terminal={terminal}", *words)


async def _earlier(home: House) -> None:
    """Write down the hours before, in the form in which the first sales have been counted."""
    pool = await connect(EmbeddedPostgres(home.folder).url, size=1)
    try:
        async with asyncio.timeout(_WITHIN_S):
            while not await pool.fetchval("SELECT EXISTS (SELECT FROM issuer_stats)"):
                await asyncio.sleep(0.1)
        await pool.execute(_EARLIER)
    finally:
        await pool.close()


async def _trained(home: House) -> str:
    """Let the administrator be within one course and through another; give its certificate."""
    pool = await connect(EmbeddedPostgres(home.folder).url, size=1)
    try:
        await pool.execute(_WITHIN)
        return await certified(pool, "admin", "owner", datetime.now(UTC))
    finally:
        await pool.close()


def _said(name: str, slip: str) -> str:
    found = re.search(rf"^{name} +(\S+)", slip, re.MULTILINE)
    assert found, slip
    return found[1]


def _voucher(slip: str) -> str:
    return _said("VOUCHER", slip)


def _case(slip: str) -> str:
    return _said("CASE", slip)
