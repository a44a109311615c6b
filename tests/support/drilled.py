"""A drill that was run, and annul left alone beside it."""

from datetime import timedelta

from annul.domain.drills import Deed, Did, Truth
from annul.operate.drills.record import Alone, Record

from .shops import NOW

_TRUTH = Truth("issuer_is_down", ("issuer_down",), frozenset({"00001001"}), 2.0, 8.0)
RUN = Record(
    drill="issuer-is-down",
    seed=7,
    speed=2.0,
    began=NOW,
    ended=NOW + timedelta(minutes=7),
    truths=(_TRUTH,),
    deeds=(
        Deed(2.5, Did.SAW, "00001001", who="olga"),
        Deed(3.0, Did.NAMED, "00001001", "issuer_down", "olga"),
        Deed(3.5, Did.ACTED, "00001001", "refunds_instead", "otto"),
    ),
    ends=(9.0,),
    money=100.0,
    team="night shift",
    started_by="li",
)
ALONE = Alone((_TRUTH,), (None,), 400.0)
