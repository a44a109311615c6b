"""Issuers in trouble: one card for each outage, with what annul does and what people can do."""

from typing import Final

from annul.console.frame.live import View
from annul.console.frame.markup import Html, badge, icon, join, link, tag
from annul.console.shared import amounts
from annul.desk import issuers
from annul.desk.outages import Outage, outages
from annul.desk.roles import Scope
from annul.operate.trouble import VOIDS_WITHIN, Trouble

# Of each kind of trouble: its tone, what is the matter, and what annul does by itself.
SAID: Final = {
    Trouble.LINE: (
        "bad",
        "{issuer}: line down",
        "Voids are waiting. The line reconnects by itself; then they are retried.",
    ),
    Trouble.DOWN: (
        "bad",
        "{issuer} does not answer",
        (
            "Voids are waiting. The issuer is probed every few minutes; handling resumes "
            "once it answers."
        ),
    ),
    Trouble.DEGRADED: (
        "warn",
        "{issuer} answers with errors",
        "Voids are retried at growing intervals.",
    ),
    Trouble.VOIDS: (
        "warn",
        "{issuer} refuses most voids",
        (
            "Each void is handled by its cause: retried, refunded instead, or passed on for "
            "manual action."
        ),
    ),
}
_HOURS: Final = (1, 4)  # of the windows that are offered


async def troubles(view: View) -> Html:
    """Build the cards; nothing when all is well."""
    return join([await _card(view, one) for one in await outages(view.desk)])


async def _card(view: View, outage: Outage) -> Html:
    words, row = view.words, outage.row
    tone, title, doing = SAID[outage.trouble]
    issuer_id = row["issuer_id"]
    since = outage.since
    facts = [
        since and words("since {when}", when=view.when(since)),
        tag("span", _rate(view, outage)),
        outage.cases
        and link(words("{n} open cases", n=outage.cases), f"/cases?state=open&issuer={issuer_id}"),
        outage.money and tag("b", amounts(view, outage.money), cls="num"),
    ]
    shown = [tag("span", one) for one in facts if one]
    following = outage.next_at and words(
        "Next automatic check {when}", when=view.when(outage.next_at, seconds=True)
    )
    return tag(
        "section",
        tag("span", icon("exclamation"), cls="case-icon"),
        tag(
            "div",
            tag("h2", link(words(title, issuer=words.name(row)), f"/issuers/{issuer_id}")),
            tag("p", *shown, cls="outage-facts"),
            tag("p", words(doing), " ", following or None, cls="muted"),
        ),
        tag("div", *await _acts(view, outage), cls="row-of-buttons no-print"),
        cls=f"card outage {tone}",
        data_outage=issuer_id,
    )


def _rate(view: View, outage: Outage) -> str:
    words, row = view.words, outage.row
    if outage.trouble is Trouble.VOIDS:
        return words(
            "{n} of {all} voids approved in {minutes} min",
            n=row["void_approvals"],
            all=row["voids"],
            minutes=int(VOIDS_WITHIN.total_seconds() // 60),
        )
    if outage.trouble is Trouble.LINE and row["trouble"]:
        return str(row["trouble"])
    return words("{n} of {all} requests approved in 5 min", n=row["approvals"], all=row["requests"])


async def _acts(view: View, outage: Outage) -> list[Html]:
    """Offer a window of an hour or four, unless one is announced; and whom to call."""
    words, issuer_id = view.words, outage.row["issuer_id"]
    shown: list[Html] = []
    if outage.window_until is not None:
        until = words("window announced until {when}", when=view.when(outage.window_until))
        shown.append(badge(until, "info"))
    elif view.may(Scope.ISSUERS_WRITE):
        shown += [
            link(
                words("Announce a window, +{n} h", n=hours),
                f"/issuers/{issuer_id}?window={hours}",
                cls="button small",
            )
            for hours in _HOURS
        ]
    people = await issuers.contacts(view.desk, issuer_id)
    shown += [
        tag("span", f"{row['name']} ", view.copied(row["phone"]))
        for row in people[:1]
        if row["phone"]
    ]
    return shown
