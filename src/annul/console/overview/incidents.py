"""Open incidents by kind: what it is, how many, what it means for the money, what to do, which."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from annul.console.frame.live import View
from annul.console.frame.markup import Html, badge, card, link, tag
from annul.desk import overview as views
from annul.domain.incident import IncidentKind, Reader, Severity, Subject
from annul.domain.incidents import INCIDENTS

_SEVERITIES: Final = {Severity.CRITICAL: "bad", Severity.WARNING: "warn", Severity.NOTICE: "info"}


async def incidents(view: View) -> Html:
    """Build the card."""
    groups = await views.alerts(view.desk)
    shown = [_group(view, rows) for rows in groups]
    empty = tag("p", view.words("None."), cls="empty")
    body = tag("ol", *shown, cls="incidents") if shown else empty
    every = link(view.words("Incidents"), "/incidents")
    return tag("div", card(view.words("Open incidents"), body, aside=every), id="incidents")


def _group(view: View, rows: Sequence[Mapping[str, Any]]) -> Html:
    words, kind = view.words, INCIDENTS.get(rows[0]["kind"])
    many, first = rows[0]["many"], rows[0]["first_at"]
    since = words("{n} since {when}", n=many, when=view.when(first)) if many > 1 else ""
    items = [
        tag(
            "li",
            tag("time", view.when(row["opened_at"])),
            _there(view, row, kind),
            " ",
            link(row["incident"], f"/incidents/{row['incident']}", cls="mono small")
            if row["incident"]
            else None,
        )
        for row in rows
    ]
    more = many - len(rows)
    return tag(
        "li",
        tag("p", *_title(view, rows[0], kind), " ", tag("small", since), cls="incident-title"),
        tag("p", words.of(kind.money), cls="muted") if kind else None,
        tag("p", words.of(kind.advice), cls="muted") if kind else None,
        tag("ul", *items),
        tag("p", words("and {n} more", n=more), cls="muted") if more else None,
    )


def _title(view: View, row: Mapping[str, Any], kind: IncidentKind | None) -> tuple[object, ...]:
    words = view.words
    if kind is None:
        return (words(row["kind"]),)
    tone = _SEVERITIES[kind.severity]
    return badge(words.of(kind.severity.text), tone), " ", tag("b", words.of(kind.title))


def _said(view: View, row: Mapping[str, Any], kind: IncidentKind | None) -> str:
    """Say what one is about; `detail` is of an older version."""
    if row["detail"] or kind is None:
        return row["detail"]
    return kind.said(row["params"], Reader(view.words.language, view.when, view.words))


def _there(view: View, row: Mapping[str, Any], kind: IncidentKind | None) -> Html | str:
    """Say what one is about, and lead there."""
    subject, said = kind.subject if kind else None, _said(view, row, kind)
    if subject is Subject.PAYOUT and row["merchant_id"]:
        return link(said, f"/payouts/{row['subject']}")
    if subject in {Subject.TERMINAL, Subject.BATCH}:
        part = "#batches" if subject is Subject.BATCH else ""
        return link(said, f"/merchants/{row['merchant_id']}{part}")
    if subject is Subject.MERCHANT:
        return link(said, f"/merchants/{row['subject']}")
    if row["number"]:
        return link(said, f"/cases/{row['number']}")
    if row["transaction_id"] and subject is not Subject.DELIVERY:
        return link(said, f"/transactions/{row['transaction_id']}")
    return said
