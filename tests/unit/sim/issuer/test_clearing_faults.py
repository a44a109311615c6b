"""What is wrong with a clearing file is what was asked for, and nothing else."""

import pytest

from annul.sim.issuer.clearing_faults import CHANGES, OF_FILES, ClearingFault, FaultRow
from tests.support.issuer_day import DAY, SHOP, IssuerDay, rows_of


@pytest.fixture
def issuer() -> IssuerDay:
    return IssuerDay()


_WRONG: dict[ClearingFault, tuple[int, str]] = {
    # how many rows more there are, and the field that is another one
    ClearingFault.ROW_MISSING: (-1, ""),
    ClearingFault.ROW_TWICE: (1, ""),
    ClearingFault.OTHER_AMOUNT: (0, "amount"),
    ClearingFault.OTHER_DAY: (0, "sent_at"),
    ClearingFault.OTHER_FEE: (0, "fee"),
    ClearingFault.OTHER_CURRENCY: (0, "currency"),
    ClearingFault.DONE_ALTHOUGH_NOT: (1, ""),
    ClearingFault.VOID_LEFT_OUT: (-1, ""),
    ClearingFault.REVERSAL_LEFT_OUT: (-1, ""),
    ClearingFault.STRANGER: (1, ""),
}


@pytest.mark.parametrize("kind", _WRONG)
def test_a_fault_of_rows_is_what_it_says_and_nothing_else(
    issuer: IssuerDay, kind: ClearingFault
) -> None:
    good = issuer.read()
    issuer.files.faults.rows = [FaultRow(kind, left=1)]
    [file] = issuer.files.of(DAY)
    rows = rows_of(file.content, "COMA")
    [played] = file.played
    more, field = _WRONG[kind]
    assert (played.kind, played.merchant) == (kind, SHOP)
    assert len(rows) == len(good) + more
    if field:
        [changed] = [
            (before, after) for before, after in zip(good, rows, strict=True) if before != after
        ]
        assert changed[0]._replace(**{field: getattr(changed[1], field)}) == changed[1]
        assert changed[0].rrn == played.rrn
    rest = {(row.rrn, row.effect) for row in good} - {(row.rrn, row.effect) for row in rows}
    assert len(rest) == (1 if more < 0 else 0)


def test_every_fault_has_a_change() -> None:
    assert set(CHANGES) == set(ClearingFault)
    assert set(_WRONG) | OF_FILES == set(ClearingFault)


def test_the_same_day_has_the_same_faults_and_another_turn_others(issuer: IssuerDay) -> None:
    issuer.files.faults.rows = [FaultRow(ClearingFault.ROW_MISSING, rate=0.5)]
    first, again = (issuer.files.of(DAY)[0] for _ in range(2))
    assert first == again
    turns = {issuer.files.of(DAY, turn=turn)[0].played for turn in range(6)}
    assert len(turns) > 1
