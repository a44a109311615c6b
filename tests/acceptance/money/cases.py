"""What tests of cases do: look once, act as a person, wait for a case."""

from typing import Any

from annul.diagnose.lessons import Lessons
from annul.resolve.book import Book
from annul.resolve.case import Case
from annul.resolve.people import People
from annul.sim.terminal.journal import Record
from tests.support.site import RogueSite
from tests.support.soft import Cashier


def book_of(site: RogueSite) -> Book:
    return site.running.resolver._book


async def looked_at(site: RogueSite) -> Case:
    """Let the resolver look once at the one case that there is."""
    book, now = book_of(site), site.running.host.clock.now()
    await book.open(now)
    (case,) = await book.latest(only_open=False, limit=10)
    await site.running.resolver.advance(case)
    return await book.reread(case)


async def act(site: RogueSite, case: Case, name: str, role: str = "operator") -> str:
    people = People(book_of(site), Lessons(site.pool))
    now = site.running.host.clock.now()
    return await people.act(
        case, name, who="olga", role=role, reason="顾客在等", second_person_from=10**9, now=now
    )


async def case_that(site: RogueSite, condition: str) -> Any:
    await site.until(f"EXISTS (SELECT FROM cases WHERE {condition})")
    return await site.pool.fetchrow("SELECT * FROM cases")


async def sold_and_refused(site: RogueSite, till: Cashier) -> Record:
    sale = await till.take("sale", 10_000)
    site.rogue.always("void", "92")
    return sale
