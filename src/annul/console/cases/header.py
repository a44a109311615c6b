"""The head of a case's page: how it stands, where the money is, by when, and what one can do."""

from typing import Any

from annul.console.frame.live import View
from annul.console.frame.markup import Html, badge, icon, link, tag
from annul.console.shared import CASE_TONES, case_state
from annul.desk.surroundings import Surroundings
from annul.domain.kinds import KINDS
from annul.resolve.case import Case
from annul.resolve.ends import ended
from annul.resolve.people import ACTIONS
from annul.resolve.requests import COMPLETED

from .plain_words import following, headline, money, transaction_of, why


def header(view: View, case: Case, whole: dict[str, Any], around: Surroundings) -> Html:
    """Build it: number and state, the headline, money, cause and next step, and the clock."""
    words = view.words
    tone = "good" if case.step == COMPLETED else CASE_TONES[case.ended]
    if not case.ended and (case.task or case.proposed):
        tone = "warn"
    state = case_state(view, case.ended, case.kind, case.step, asked=bool(case.task))
    # A shop is told no names of the desk.
    had = (
        not view.visitor.merchant_id
        and case.assigned_to
        and badge(
            words(
                "taken by {who} until {when}",
                who=case.assigned_to,
                when=view.when(case.assigned_until),
            ),
            "info",
        )
    )
    title = f"{case.number} · {words.of(ended(case.ended, case.kind, case.step))}"
    number = tag("span", words("Case"), " ", view.copied(case.number), cls="case-number")
    lines = (
        (words("Money"), money(view, whole)),
        (words("Cause"), why(view, case, whole)),
        (words("Next step"), following(view, case)),
    )
    told = [tag("div", tag("dt", name), tag("dd", said)) for name, said in lines if said]
    return tag(
        "section",
        tag("p", number, state, had or None, cls="case-tags"),
        tag("h1", headline(view, case), data_title=title),
        tag("dl", *told, cls="case-lines"),
        _known(view, case, whole, around),
        _clock(view, case),
        cls=f"card case-head {tone}",
    )


def _known(view: View, case: Case, whole: dict[str, Any], around: Surroundings) -> Html:
    words = view.words
    original = transaction_of(whole, case.original_id)
    shop = words.of(around.merchant)
    pairs = (
        (words("Card"), tag("span", case.card_masked, cls="mono")),
        (words("Kind"), words.of(KINDS[case.kind].title)),
        (words("Merchant"), link(shop, f"/merchants/{case.merchant_id}", title=case.merchant_id)),
        (words("Terminal"), tag("span", case.terminal_id, cls="mono")),
        (words("Issuer"), _issuer(view, case, around)),
        (words("Voucher of the sale"), view.copied(original["trace"]) if original else ""),
        (words("Authorisation code"), view.copied(original["auth_code"]) if original else ""),
    )
    shown = [tag("span", tag("small", name), " ", value) for name, value in pairs if value]
    return tag("p", *shown, cls="case-known")


def _issuer(view: View, case: Case, around: Surroundings) -> object:
    name = view.words.of(around.issuer)
    return link(name, f"/issuers/{case.issuer_id}", title=case.issuer_id) if case.issuer_id else ""


def _clock(view: View, case: Case) -> Html:
    """Show the time that is left, counted down by the browser; once ended, how long it took."""
    words = view.words
    if case.ended and case.ended_at:
        took = view.span((case.ended_at - case.opened_at).total_seconds())
        late = case.ended_at > case.first_due_at
        said = words("took {span}, overdue", span=took) if late else words("took {span}", span=took)
        return tag(
            "p",
            tag("small", words("Closed")),
            tag("b", view.when(case.ended_at)),
            tag("small", said),
            cls=f"case-clock {'bad' if late else ''}",
        )
    left = (case.first_due_at - view.desk.clock.now()).total_seconds()
    said = words("Due by {when}", when=view.when(case.first_due_at))
    count = tag("b", _left(left), data_left=int(left), cls="num", role="timer")
    checked = words(
        "Next automatic check {when}", when=view.when(case.next_action_at, seconds=True)
    )
    return tag(
        "p",
        tag("small", said),
        count,
        tag("small", checked),
        cls=f"case-clock {'bad' if left < 0 else ''}",
    )


def _left(seconds: float) -> str:
    """Write a length of time as a clock does; the script writes it alike."""
    whole = int(abs(seconds))
    return f"{'−' if seconds < 0 else ''}{whole // 3600:d}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def proposal(view: View, case: Case, whole: dict[str, Any]) -> Html:
    """Show what waits for a second person, its reason first."""
    words = view.words
    if not case.proposed:
        return Html()
    made = next(
        (one for one in reversed(whole["timeline"]) if one["what"] == "proposed"),
        None,
    )
    reason = str(made["evidence"].get("reason", "")) if made else ""
    what = words.of(ACTIONS[case.proposed].said)
    own = case.proposed_by == view.visitor.name
    return tag(
        "section",
        tag("span", icon("person"), cls="case-icon"),
        tag(
            "div",
            tag("h2", words("Dual approval: {what}", what=what)),
            tag("blockquote", reason or words("No reason was recorded.")),
            tag(
                "p",
                words(
                    "{who} proposes it for {amount} on card {card}.",
                    who=case.proposed_by,
                    amount=view.amount(case.amount, case.currency),
                    card=case.card_masked,
                ),
                " ",
                words("A second person has to approve it.") if own else None,
            ),
        ),
        cls="card case-proposal",
        id="proposal",
    )
