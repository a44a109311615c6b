"""Chargebacks: an issuer claims the money of a transaction back, stage by stage, until one ends it.

Every move from one stage to another is a row of `MOVES`: who makes it, what the money does, how
many days whoever is next has. Sources of the defaults: the published timelines of Visa (30 days to
represent and to answer a pre-arbitration), Mastercard (45 each) and American Express (20 days for
an inquiry); of several the shortest is taken. A contract or rule book of one's own goes before.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from .text import Text


class Stage(StrEnum):
    """How far a chargeback is."""

    NOTED = "noted"  # written down; no money has moved
    RETRIEVAL = "retrieval"  # the issuer asks for a copy of the slip
    AFTER_RETRIEVAL = "after_retrieval"  # answered or not: the issuer may charge back
    FIRST = "first_chargeback"
    REPRESENTED = "represented"  # our answer is with the issuer
    SECOND = "second_chargeback"  # also called pre-arbitration
    ARBITRATION = "arbitration"  # the network decides
    WON = "won"
    LOST = "lost"
    ACCEPTED = "accepted"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


STAGES: Final[Mapping[Stage, Text]] = {
    Stage.NOTED: Text("已登记", "entered"),
    Stage.RETRIEVAL: Text("调单", "retrieval request"),
    Stage.AFTER_RETRIEVAL: Text("调单已了结，待发卡行", "after the retrieval, with the issuer"),
    Stage.FIRST: Text("一次拒付", "first chargeback"),
    Stage.REPRESENTED: Text("已再请款，待发卡行", "represented, with the issuer"),
    Stage.SECOND: Text("二次拒付", "second chargeback"),
    Stage.ARBITRATION: Text("仲裁中", "arbitration"),
    Stage.WON: Text("胜诉", "won"),
    Stage.LOST: Text("败诉", "lost"),
    Stage.ACCEPTED: Text("已接受", "accepted"),
    Stage.EXPIRED: Text("逾期未答复", "expired"),
    Stage.WITHDRAWN: Text("发卡行未再主张", "not pursued by the issuer"),
}
ENDS: Final = frozenset({Stage.WON, Stage.LOST, Stage.ACCEPTED, Stage.EXPIRED, Stage.WITHDRAWN})


class Act(StrEnum):
    """What moves a chargeback on."""

    REQUEST = "request"
    CHARGE_BACK = "charge_back"
    ANSWER = "answer"
    REPRESENT = "represent"
    ACCEPT = "accept"
    SECOND = "charge_back_again"
    ARBITRATE = "arbitrate"
    WITHDRAW = "withdraw"
    WIN = "win"
    LOSE = "lose"
    EXPIRE = "expire"


ACTS: Final[Mapping[Act, Text]] = {
    Act.REQUEST: Text("登记调单", "enter the retrieval request"),
    Act.CHARGE_BACK: Text("登记一次拒付", "enter the first chargeback"),
    Act.ANSWER: Text("回复调单", "answer the retrieval request"),
    Act.REPRESENT: Text("再请款", "represent"),
    Act.ACCEPT: Text("接受拒付", "accept"),
    Act.SECOND: Text("登记二次拒付", "enter the second chargeback"),
    Act.ARBITRATE: Text("提交仲裁", "go to arbitration"),
    Act.WITHDRAW: Text("登记发卡行撤回", "enter that the issuer gives it up"),
    Act.WIN: Text("登记仲裁胜诉", "enter that it is won"),
    Act.LOSE: Text("登记仲裁败诉", "enter that it is lost"),
    Act.EXPIRE: Text("期限已过", "the deadline has passed"),
}


class By(StrEnum):
    """Who makes a move. What issuer and network do is entered by one of our people."""

    ISSUER = "issuer"
    US = "us"
    NETWORK = "network"
    CLOCK = "clock"


class Effect(StrEnum):
    """What the money does."""

    NOTHING = "nothing"
    HOLD = "hold"  # from the merchant into `chargeback`
    RETURN = "return"  # from there back to the merchant
    PAY = "pay"  # from there to the issuer


class MoneyState(StrEnum):
    """Where the money is that a chargeback is about."""

    NONE = "none"  # nothing was taken from the merchant
    HELD = "held"
    RETURNED = "returned"
    PAID = "paid"


MONEY: Final[Mapping[MoneyState, Text]] = {
    MoneyState.NONE: Text("未动", "not moved"),
    MoneyState.HELD: Text("已暂扣", "held"),
    MoneyState.RETURNED: Text("已退还商户", "back with the merchant"),
    MoneyState.PAID: Text("已付发卡行", "paid to the issuer"),
}


class Deadline(StrEnum):
    """Which time whoever is next has; the name of its setting."""

    NONE = ""
    ANSWER = "answer_days"
    FILE = "file_days"
    REPRESENT = "represent_days"
    SECOND = "second_days"
    RESPOND = "respond_days"
    RULING = "ruling_days"


# Days, counted from the day of the move.
DAYS: Final[Mapping[Deadline, int]] = {
    Deadline.ANSWER: 20,  # American Express, inquiry
    Deadline.FILE: 120,  # all four networks: cardholders' time to file
    Deadline.REPRESENT: 30,  # Visa, Discover; Mastercard has 45
    Deadline.SECOND: 30,  # Visa; issuers' review has no published end, a pre-arbitration has
    Deadline.RESPOND: 30,  # Visa, answer to a pre-arbitration; Mastercard has 45
    Deadline.RULING: 60,  # nobody publishes one: only told when it is over
}


class Move(NamedTuple):
    """One allowed move. `evidence`: there must be a document, or the proof of what was undone."""

    source: Stage
    act: Act
    target: Stage
    by: By
    effect: Effect = Effect.NOTHING
    deadline: Deadline = Deadline.NONE
    evidence: bool = False


_S, _A, _E, _D = Stage, Act, Effect, Deadline
# from, act, to, who acts, what money does, deadline of who is next, whether it takes evidence
MOVES: Final[tuple[Move, ...]] = (
    Move(_S.NOTED, _A.REQUEST, _S.RETRIEVAL, By.ISSUER, deadline=_D.ANSWER),
    Move(_S.NOTED, _A.CHARGE_BACK, _S.FIRST, By.ISSUER, _E.HOLD, _D.REPRESENT),
    Move(_S.NOTED, _A.WITHDRAW, _S.WITHDRAWN, By.ISSUER),
    Move(_S.RETRIEVAL, _A.ANSWER, _S.AFTER_RETRIEVAL, By.US, deadline=_D.FILE, evidence=True),
    Move(_S.RETRIEVAL, _A.CHARGE_BACK, _S.FIRST, By.ISSUER, _E.HOLD, _D.REPRESENT),
    Move(_S.RETRIEVAL, _A.WITHDRAW, _S.WITHDRAWN, By.ISSUER),
    Move(_S.RETRIEVAL, _A.EXPIRE, _S.AFTER_RETRIEVAL, By.CLOCK, deadline=_D.FILE),
    Move(_S.AFTER_RETRIEVAL, _A.CHARGE_BACK, _S.FIRST, By.ISSUER, _E.HOLD, _D.REPRESENT),
    Move(_S.AFTER_RETRIEVAL, _A.WITHDRAW, _S.WITHDRAWN, By.ISSUER),
    Move(_S.AFTER_RETRIEVAL, _A.EXPIRE, _S.WITHDRAWN, By.CLOCK),
    Move(_S.FIRST, _A.REPRESENT, _S.REPRESENTED, By.US, deadline=_D.SECOND, evidence=True),
    Move(_S.FIRST, _A.ACCEPT, _S.ACCEPTED, By.US, _E.PAY),
    Move(_S.FIRST, _A.WITHDRAW, _S.WITHDRAWN, By.ISSUER, _E.RETURN),
    Move(_S.FIRST, _A.EXPIRE, _S.EXPIRED, By.CLOCK, _E.PAY),
    Move(_S.REPRESENTED, _A.SECOND, _S.SECOND, By.ISSUER, _E.HOLD, _D.RESPOND),
    Move(_S.REPRESENTED, _A.WITHDRAW, _S.WON, By.ISSUER, _E.RETURN),
    Move(_S.REPRESENTED, _A.EXPIRE, _S.WON, By.CLOCK, _E.RETURN),
    Move(_S.SECOND, _A.ARBITRATE, _S.ARBITRATION, By.US, deadline=_D.RULING, evidence=True),
    Move(_S.SECOND, _A.ACCEPT, _S.ACCEPTED, By.US, _E.PAY),
    Move(_S.SECOND, _A.WITHDRAW, _S.WON, By.ISSUER, _E.RETURN),
    Move(_S.SECOND, _A.EXPIRE, _S.EXPIRED, By.CLOCK, _E.PAY),
    # What the network has not ruled on in time is told, and decides nothing.
    Move(_S.ARBITRATION, _A.WIN, _S.WON, By.NETWORK, _E.RETURN),
    Move(_S.ARBITRATION, _A.LOSE, _S.LOST, By.NETWORK, _E.PAY),
    Move(_S.ARBITRATION, _A.WITHDRAW, _S.WON, By.ISSUER, _E.RETURN),
)
_BY_ACT: Final[Mapping[tuple[Stage, Act], Move]] = {(one.source, one.act): one for one in MOVES}
# What a clearing file can tell of: what issuer and network do.
TOLD: Final = tuple(dict.fromkeys(one.act for one in MOVES if one.by in {By.ISSUER, By.NETWORK}))
# Where it is ours to act: a deadline that passes there costs money or a right.
OURS: Final = frozenset(one.source for one in MOVES if one.by is By.US)
# Where the network rules: a deadline that passes there decides nothing, and is told.
RULED: Final = frozenset(one.source for one in MOVES if one.by is By.NETWORK)
# Stages that the clock ends.
TIMED: Final = frozenset(one.source for one in MOVES if one.by is By.CLOCK)


def move(stage: Stage, act: Act) -> Move | None:
    """Give the move that an act makes from a stage; None where it makes none."""
    return _BY_ACT.get((stage, act))


def acts(stage: Stage) -> tuple[Move, ...]:
    """Give what people may do or enter at a stage, in declared order."""
    return tuple(one for one in MOVES if one.source is stage and one.by is not By.CLOCK)


# Reasons and what answers them -------------------------------------------------------------------


class EvidenceKind(StrEnum):
    """What a document shows."""

    SLIP = "slip"
    WIRE = "wire"  # messages with the issuer, masked, with what files told: annul adds it
    GIVEN_BACK = "given_back"  # a void, refund or reversal of it: annul adds it
    CASE = "case"  # the signed proof of its case: annul adds it
    DELIVERY = "delivery"
    TERMS = "terms"
    LETTER = "letter"
    OTHER = "other"


EVIDENCE: Final[Mapping[EvidenceKind, Text]] = {
    EvidenceKind.SLIP: Text("签购单", "slip"),
    EvidenceKind.WIRE: Text("报文与清算记录", "messages and clearing rows"),
    EvidenceKind.GIVEN_BACK: Text("撤销、退货或冲正证明", "proof of a void, refund or reversal"),
    EvidenceKind.CASE: Text("案件证明", "proof of the case"),
    EvidenceKind.DELIVERY: Text("交付凭证", "proof of delivery"),
    EvidenceKind.TERMS: Text("取消与退货条款", "terms of cancelling and refunds"),
    EvidenceKind.LETTER: Text("往来函件", "letters with the customer"),
    EvidenceKind.OTHER: Text("其他", "something else"),
}
# What annul adds by itself, and people do not.
ADDED: Final = frozenset({EvidenceKind.WIRE, EvidenceKind.GIVEN_BACK, EvidenceKind.CASE})


class Reason(StrEnum):
    """Why an issuer claims the money back, by class; networks' codes are finer."""

    NOT_RECOGNISED = "not_recognised"
    NOT_RECEIVED = "not_received"
    DUPLICATE = "duplicate"
    CANCELLED = "cancelled"
    AMOUNT = "amount"
    FRAUD = "fraud"


REASONS: Final[Mapping[Reason, Text]] = {
    Reason.NOT_RECOGNISED: Text("持卡人不认识该交易", "the cardholder does not recognise it"),
    Reason.NOT_RECEIVED: Text("未收到商品或服务", "goods or services not received"),
    Reason.DUPLICATE: Text("重复扣款", "charged twice"),
    Reason.CANCELLED: Text("已撤销、已取消或已退货", "voided, cancelled or refunded before"),
    Reason.AMOUNT: Text("金额不符", "the amount differs"),
    Reason.FRAUD: Text("持卡人否认，疑似欺诈", "denied by the cardholder as fraud"),
}
_K = EvidenceKind
ANSWERS: Final[Mapping[Reason, tuple[EvidenceKind, ...]]] = {
    Reason.NOT_RECOGNISED: (_K.SLIP, _K.WIRE, _K.LETTER),
    Reason.NOT_RECEIVED: (_K.DELIVERY, _K.LETTER, _K.TERMS),
    Reason.DUPLICATE: (_K.SLIP, _K.WIRE, _K.GIVEN_BACK),
    Reason.CANCELLED: (_K.GIVEN_BACK, _K.CASE, _K.TERMS),
    Reason.AMOUNT: (_K.SLIP, _K.WIRE),
    Reason.FRAUD: (_K.SLIP, _K.WIRE, _K.DELIVERY),
}


def suggested(stage: Stage, claimed: int, given_back: int) -> Act | None:
    """Give what is suggested: what has gone back before, even in part, is answered by its proof.

    `claimed` and `given_back` in minor units. None: people decide by what evidence there is.
    """
    if claimed <= 0 or given_back <= 0:
        return None
    ours = (Act.ANSWER, Act.REPRESENT, Act.ARBITRATE)
    return next((act for act in ours if move(stage, act) is not None), None)
