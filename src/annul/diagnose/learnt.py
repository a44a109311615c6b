"""What is known of an issuer's unwritten rules when one of its refusals is judged.

That no rule is known is an absent fact, and speaks for nothing.
"""

from collections.abc import Sequence
from datetime import datetime

from annul.domain.business_day import Calendar
from annul.domain.learnt import ROLE_OF, AskedBack, LearntRule, about, allowed_in, broken
from annul.domain.records import Transaction

from .facts import Fact
from .observe import Known


def asked_back(
    void: Transaction,
    original: Transaction | None,
    calendar: Calendar,
    voids_today: int | None = None,
    since_last_s: float | None = None,
) -> AskedBack:
    """Give a void or refund as rules see it; of its card's day what is known of before it."""
    sold = original.received_at if original else None
    return AskedBack(
        role=ROLE_OF[void.kind],
        prefix=void.card_masked[:6],
        amount=void.amount,
        age_s=(void.received_at - sold).total_seconds() if sold else None,
        place=None if voids_today is None else voids_today + 1,
        since_s=since_last_s,
        minute=_minute(calendar.local(void.received_at)),
        sale_minute=_minute(calendar.local(sold)) if sold else None,
        whole=void.amount == original.amount if original else None,
    )


def _minute(local: datetime) -> int:
    return local.hour * 60 + local.minute


def learnt_facts(rules: Sequence[LearntRule], void: AskedBack, at: datetime) -> Known:
    """Give which learnt rule a void breaks with its support; "" if it breaks none that is known."""
    if not about(rules, void):
        return {}
    rule = broken(rules, void)
    if rule is None:
        return {"issuer.learnt_rule": Fact("", f"learnt_rules {rules[0].issuer_id}")}
    source = f"learnt_rules {rule.issuer_id} {rule.id}"
    wait_s = allowed_in(rule, void)
    return ({} if wait_s is None else {"issuer.learnt_wait": Fact(wait_s, source)}) | {
        "issuer.learnt_rule": Fact(rule.kind.value, source),
        "issuer.learnt_sure": Fact(round(rule.sure, 4), source),
        "issuer.learnt_refused": Fact(rule.refused_beyond, source),
        "issuer.learnt_approved": Fact(rule.approved_within, source),
        "issuer.learnt_number": Fact(rule.number, source),
        "issuer.learnt_since": Fact((at - rule.since).total_seconds(), source),
        "issuer.learnt_changed": Fact(rule.changed, source),
    }
