"""Messages that most tests begin with."""

from annul.sim.terminal.journal import Record
from tests.support.wire import Answer, Keyed, Wire, sale


async def sell(owner: Keyed, wire: Wire, trace: str, amount: int = 10_000) -> Record:
    answer = await owner.sell(wire, trace, amount)
    assert answer.code == "00"
    return _record(owner, trace, amount, answer)


def _record(owner: Keyed, trace: str, amount: int, answer: Answer) -> Record:
    get = answer.message.get
    return Record(
        batch=owner.batch,
        trace=trace,
        kind="sale",
        amount=amount,
        card="",
        fields={},
        rrn=str(get(37, "")),
        auth_code=str(get(38, "")).strip(),
    )


def reversal_of(owner: Keyed, trace: str, amount: int = 10_000) -> bytes:
    return owner.signed("0400", sale(owner.who, trace, amount, owner.batch) | {39: "98"})
