"""What is known of an issuer's unwritten rules when one of its refusals is judged.

That no rule is known is an absent fact, and speaks for nothing.
"""

from collections.abc import Sequence
from datetime import datetime

from annul.domain.learnt import LearntRule, Undoing, about, broken

from .facts import Fact
from .observe import Known


def learnt_facts(rules: Sequence[LearntRule], void: Undoing, at: datetime) -> Known:
    """Give which learnt rule a void breaks with its support; "" if it breaks none that is known."""
    if not about(rules, void):
        return {}
    rule = broken(rules, void)
    if rule is None:
        return {"issuer.learnt_rule": Fact("", f"learnt_rules {rules[0].issuer_id}")}
    source = f"learnt_rules {rule.issuer_id} {rule.id}"
    return {
        "issuer.learnt_rule": Fact(rule.kind.value, source),
        "issuer.learnt_sure": Fact(round(rule.sure, 4), source),
        "issuer.learnt_refused": Fact(rule.refused_beyond, source),
        "issuer.learnt_approved": Fact(rule.approved_within, source),
        "issuer.learnt_number": Fact(rule.number, source),
        "issuer.learnt_since": Fact((at - rule.since).total_seconds(), source),
        "issuer.learnt_changed": Fact(rule.changed, source),
    }
