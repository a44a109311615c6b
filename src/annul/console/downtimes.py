"""Which issuers' cards have trouble, in a few words, for who is about to take a card."""

from datetime import timedelta
from typing import Final

from annul.desk.incidents import Downtime, downtimes
from annul.domain.text import Text

from .frame.live import View
from .frame.markup import Html, icon, tag

_COLON: Final = Text("：", ": ")


async def card_trouble(view: View) -> Html:
    """Say it for each issuer that is down now; nothing when all is well."""
    found = [one for one in await _now(view) if one.ended_at is None]
    if not found:
        return Html()
    lines = [tag("li", _said(view, one), data_downtime=one.issuer) for one in found]
    return tag(
        "section",
        tag("span", icon("exclamation"), cls="case-icon"),
        tag("ul", *lines),
        cls="card outage warn card-trouble",
        role="status",
    )


async def _now(view: View) -> list[Downtime]:
    return await view.shared("downtimes", lambda: downtimes(view.desk, timedelta()))


def _said(view: View, one: Downtime) -> Html:
    words = view.words
    until = ""
    if one.ends_at is not None:
        until = words("expected to end {when}", when=view.when(one.ends_at))
    name = tag("b", words("Cards of {issuer}", issuer=words.of(one.name)))
    since = words("since {when}", when=view.when(one.started_at))
    rest = " · ".join(part for part in (words.of(one.what), since, until) if part)
    return tag("span", name, words.of(_COLON), rest)
