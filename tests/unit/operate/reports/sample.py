"""A report with something of everything: what changed, why, and what to do."""

from datetime import UTC, datetime

from annul.domain.text import Text
from annul.operate.reports.counts import Counts
from annul.operate.reports.period import Period
from annul.operate.reports.reading import Advised, Key, Pair, Tables
from annul.operate.reports.report import Report, report

BANK, OTHER, SHOP = "00000101", "00000102", "898000058120000"
AT = datetime(2026, 11, 30, 1, tzinfo=UTC)


def counts(at_once: int = 0, voided: int = 0, refused: int = 0, late: int = 0) -> Counts:
    cases = voided + refused
    return Counts(
        at_once=at_once,
        voided=voided,
        refused=refused,
        decided=cases,
        in_time=cases - late,
        minute=voided,
        day=refused,
    )


def tables() -> Tables:
    """Give a week in which one issuer was down far more than in the week before."""
    down, limit, other = (
        Pair(counts(0, 12), counts(0, 60)),
        Pair(counts(0, 3, 4), counts(0, 5, 6)),
        Pair(counts(0, 8, 3), counts(0, 9, 4)),
    )
    bank = Pair(counts(500), counts(480))
    rest = Pair(counts(400), counts(400))
    late = Pair(Counts(in_time=-2), Counts(in_time=-20))
    groups = {
        Key(): bank + rest + down + limit + other + late,
        Key(issuer=BANK): bank + down + limit,
        Key(issuer=OTHER): rest + other,
        Key(software="3110"): bank + rest + down + limit + other,
        Key(merchant=SHOP): Pair(counts(100), counts(90)) + other,
        Key(merchant=SHOP, cause="original_mismatch"): other,
        Key(issuer=BANK, software="3110"): bank,
        Key(issuer=OTHER, software="3110"): rest,
    }
    for issuer, cause, pair in (
        (BANK, "issuer_down", down),
        (BANK, "issuer_limit_amount", limit),
        (OTHER, "original_mismatch", other),
    ):
        groups[Key(cause=cause)] = pair
        groups[Key(issuer=issuer, cause=cause)] = pair
        groups[Key(issuer=issuer, software="3110", cause=cause)] = pair
    names = {
        ("issuer", BANK): Text("示例银行", "Demo Bank"),
        ("merchant", SHOP): Text("示例茶馆", "Demo Tea House"),
    }
    return Tables(groups, names, [Advised("issuer_down", "cashier", 5, 8)])


def sample(period: str = "2026-W48", merchant: str = "") -> Report:
    return report(tables(), Period.read(period), AT, merchant)
