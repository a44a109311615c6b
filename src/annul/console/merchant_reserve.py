"""What of a merchant's days is held back against what may come back: how much, why, until when."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from annul.console.frame.live import View
from annul.console.frame.markup import Html, details, tag
from annul.desk import settlement as views

_PPM_OF_PERCENT: Final = 10_000
_SHOWN: Final = 14  # days
_HALF: Final = 0.5


async def reserve_list(view: View, merchant_id: str) -> Html:
    """Say what is held back of which day until when, and why; nothing where nothing is."""
    rows = await views.reserves(view.desk, view.visitor, merchant_id)
    currencies = dict.fromkeys(row["currency"] for row in rows)
    return tag(
        "div",
        *(_one(view, [row for row in rows if row["currency"] == one]) for one in currencies),
        cls="reserves",
    ) if rows else Html()  # fmt: skip


def _one(view: View, rows: Sequence[Mapping[str, Any]]) -> Html:
    words, currency = view.words, rows[0]["currency"]
    held = tag("b", view.amount(rows[0]["held"], currency), cls="num day-net")
    until = words("until {day} at the latest", day=max(row["free_on"] for row in rows))
    head = tag(
        "span", tag("b", words("Held back")), " ", tag("span", until, cls="muted"), held,
        cls="day-head",
    )  # fmt: skip
    days = tag(
        "ul",
        *(
            tag("li", words(
                "{amount} of {day}: free at the end of {until}",
                amount=view.amount(row["left_over"], currency), day=row["on_day"],
                until=row["free_on"],
            ))
            for row in rows[:_SHOWN]
        ),
    )  # fmt: skip
    more = len(rows) - _SHOWN
    rest = tag("p", words("and of {n} more days", n=more), cls="muted") if more > 0 else None
    latest = max(rows, key=lambda row: row["on_day"])
    why = tag("p", " ".join(_why(view, latest)))
    return details(head, why, days, rest, cls="merchant-day merchant-reserve")


def _why(view: View, row: Mapping[str, Any]) -> list[str]:
    """Give the reason of the latest day, in sentences."""
    words, reason = view.words, row["reason"]

    def money(name: str) -> str:
        return view.amount(reason[name], row["currency"])

    share = Decimal(row["share_ppm"]) / _PPM_OF_PERCENT
    said = [
        words("What is paid out at once may have to be given back: voids, refunds, disputes."),
        words("Of {day}, {percent} % was held back.", day=row["on_day"], percent=f"{share:.2f}"),
    ]
    if "contract" in reason:
        return [*said, words("The contract says so.")]
    said.append(
        words(
            "Up to {target} may still come back of what was sold so far: as of any shop "
            "{expected}, and of this one up to {times} times as much, as its last {n} days show.",
            target=money("target"),
            expected=money("expected"),
            times=f"{reason['times']:.1f}",
            n=reason["days"],
        )
    )
    if reason["weight"] < _HALF:
        said.append(words("As few days are known of it, what is usual at all shops counts more."))
    if reason["single"]:
        said.append(words("{amount} of it is for a single large sale.", amount=money("single")))
    if reason["unusual"]:
        said.append(
            words(
                "{amount} of it is for days that sold far more than usual.",
                amount=money("unusual"),
            )
        )
    return said
