"""Breaks and files on the overview, what files told on a transaction's page, and in a shop's."""

from annul.console.frame.live import View
from annul.console.frame.markup import Html, card, join, link, table, tag
from annul.desk import breaks, clearing
from annul.desk.break_rows import told_of
from annul.desk.roles import Scope
from annul.domain.clearing import EFFECTS, Effect

from .plain import difference, mark, standing
from .said import OUTCOMES, Row, kind, state, sums

_LATEST = 50
_OWN = 5


async def tiles(view: View) -> list[tuple[object, str, str, str, str]]:
    """Give tiles of breaks that wait, and of files; to who may see them."""
    words = view.words
    if not view.may(Scope.CLEARING_READ):
        return []
    found = await breaks.sums(view.desk, view.visitor)
    count = sum(row["count"] for row in found)
    late = sum(row["overdue"] for row in found)
    under = sums(view, found, "in_question") if found else ""
    tone = "bad" if late else "warn" if count else ""
    if late:
        under = f"{under} · {words('overdue: {n}', n=late)}"
    shown: list[tuple[object, str, str, str, str]] = [
        (count, words("Breaks to be decided"), "/breaks", tone, under)
    ]
    files = await clearing.files(view.desk, view.visitor, _LATEST)
    staged = sum(row["state"] == "staged" for row in files.rows)
    waits = "warn" if staged else ""
    shown.append((staged, words("Files waiting for commit"), "/clearing", waits, ""))
    return shown


async def told(view: View, merchant: str, transaction: object) -> Html | None:
    """Show what clearing files told of a transaction: rows, proofs, and breaks; none: nothing."""
    words = view.words
    if not view.may(Scope.CLEARING_READ):
        return None
    rows = await told_of(view.desk, view.visitor, merchant, transaction)
    broken = (await breaks.search(view.desk, view.visitor, transaction=transaction)).rows
    if not rows and not broken:
        return None
    lines = [_line(view, row) for row in rows]
    heads = ("File", "Day", "What it tells", "Amount", "What came of it")
    differs = [
        tag("li", link(kind(view, row), f"/breaks/{row['id']}"), " ", state(view, row))
        for row in broken
    ]
    shown = table([words(head) for head in heads], lines) if lines else None
    listed = tag("ul", *differs, cls="plain-list") if differs else None
    return card(words("What clearing files told"), shown, listed)


def _line(view: View, row: Row) -> tuple[object, ...]:
    words = view.words
    name: object = words("the issuer's file")
    if row["file_id"]:
        name = link(row["name"], f"/clearing/{row['file_id']}")
    line = tag("small", words("line {n}", n=row["line"]), cls="under")
    outcome = OUTCOMES.get(row["outcome"])
    came = words.of(outcome[0]) if outcome else words("a break")
    if row["proves"]:
        proved = words("proved: {state} before", state=words(row["was"]))
        came = join((came, tag("small", proved, cls="under")))
    return (
        join((tag("span", name, cls="mono"), line)),
        str(row["settles_on"] or row["day"]),
        words.of(EFFECTS[Effect(row["effect"])]),
        view.amount(row["amount"], row["currency"]),
        came,
    )


async def my_breaks(view: View, merchant: str) -> Html:
    """Say in plain words what differs with issuers, to a shop; nothing where nothing does."""
    words = view.words
    if not merchant or not view.may(Scope.CLEARING_READ):
        return Html()
    wanted = {"merchant_id": merchant, "state": "waiting"}
    found = await breaks.search(view.desk, view.visitor, limit=_OWN, **wanted)
    if not found.rows:
        return Html()
    lines = [_own(view, row) for row in found.rows]
    there = "/breaks" if view.visitor.merchant_id else f"/breaks?merchant={merchant}"
    every = link(words("All differences"), there)
    return tag(
        "section",
        tag("header", tag("h2", words("Differences with banks"))),
        tag("ul", *lines, cls="shop-rows differences"),
        tag("p", every, cls="following"),
        cls="card",
        id="differences",
    )


def _own(view: View, row: Row) -> Html:
    amount = row["of_amount"] if row["of_amount"] is not None else abs(row["money"])
    said = tag(
        "span",
        tag("b", view.amount(amount, row["currency"]), cls="num"),
        tag("small", difference(view, row)),
        tag("small", standing(view, row)),
    )
    return tag("li", tag("a", said, mark(view, row), href=f"/breaks/{row['id']}"))
