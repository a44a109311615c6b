"""What becomes of a step that a rule of this host does not allow. Pure.

What annul sends by itself passes the rules of a terminal's request, so a plan may be refused here.
"""

from typing import Final

from annul.domain.rulings import Ruling
from annul.domain.text import Text

from .plan import dropped
from .situation import Situation, Step

NOT_ALLOWED: Final = "not_allowed"


def refused(s: Situation, step: Step, ruling: Ruling) -> Step:
    """Take an order off the case, or wait until what annul would do by itself is allowed."""
    why = Text(f"{ruling.said.zh}，{ruling.todo.zh}", f"{ruling.said.en}; {ruling.todo.en}")
    evidence = {"rule": ruling.name, "wanted": step.do}
    if s.case.ordered == step.do:
        return dropped(s, why, evidence | {"ordered": step.do})
    return Step(
        NOT_ALLOWED,
        Text(f"现在不允许：{why.zh}", f"not allowed now: {why.en}"),
        until=s.now + s.pace.seconds(s.pace.poll_s),
        task=ruling.name,
        evidence=evidence,
    )
