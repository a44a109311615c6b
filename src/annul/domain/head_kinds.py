"""By what each kind of what is raised is gathered, and what ends it: one table."""

from collections.abc import Mapping
from typing import Final

from .alarm_incidents import ALARM_INCIDENTS
from .heads import By, Ends, Gathering, HeadScope
from .incidents import INCIDENTS

_HEALTH: Final = Gathering(HeadScope.ISSUER, By.ISSUER)
_OUTAGE: Final = Gathering(HeadScope.ISSUER, By.ISSUER, outage=True)
_ANSWERS: Final = Gathering(HeadScope.ANSWERS, By.ISSUER)
_SAID: Final = Gathering(HeadScope.ANSWERS, By.ISSUER, Ends.PEOPLE)
_TERMINAL: Final = Gathering(HeadScope.TERMINAL, By.TERMINAL)
_MERCHANT: Final = Gathering(HeadScope.MERCHANT, By.MERCHANT)
_CASE: Final = Gathering(HeadScope.CASE, By.SUBJECT)
_BY_CAUSE: Final = Gathering(HeadScope.CASE, By.CAUSE)
_SYSTEM: Final = Gathering(HeadScope.SYSTEM, By.ONE)
_PROCESS: Final = Gathering(HeadScope.PROCESS, By.PROCESS)
_BANK: Final = Gathering(HeadScope.BANK, By.ONE, Ends.PEOPLE)
_FILE: Final = Gathering(HeadScope.FILE, By.SUBJECT)
_FILE_LOOK: Final = Gathering(HeadScope.FILE, By.SUBJECT, Ends.PEOPLE)
_BOOKS: Final = Gathering(HeadScope.BOOKS, By.KIND)

GATHERED: Final[Mapping[str, Gathering]] = {
    # issuers
    "issuer_in_trouble": _OUTAGE,
    "circuit_open": _OUTAGE,
    "outbox_full": _HEALTH,
    "forward_reversal": _HEALTH,
    "forward_advice": _HEALTH,
    "issuer_key_refused": _HEALTH,
    "outcome_unproved": _HEALTH,
    **{one.kind: Gathering(HeadScope.STREAM, By.STREAM) for one in ALARM_INCIDENTS},
    "issuer_errs": _ANSWERS,
    "late_approval": _ANSWERS,
    "disputed": _ANSWERS,
    "advice_declined": _SAID,
    "answer_of_nothing": _SAID,
    "answers_contradict": _SAID,
    "approved_twice": _SAID,
    "original_forgotten": _SAID,
    # cases and conclusions
    "case_late": _BY_CAUSE,
    "case_fault": _SYSTEM,
    "capacity_short": Gathering(HeadScope.RESOURCE, By.SUBJECT),
    "case_acquirer_fault": _SYSTEM,
    "escalated": Gathering(HeadScope.CASE, By.CAUSE, Ends.PEOPLE),
    "conclusion_waits": _CASE,
    "conclusion_overtaken": Gathering(HeadScope.CASE, By.SUBJECT, Ends.PEOPLE),
    "concluded_as_done": Gathering(HeadScope.CASE, By.SUBJECT, Ends.PEOPLE),
    # terminals and people
    "reversal_not_possible": Gathering(HeadScope.TERMINAL, By.TERMINAL, Ends.PEOPLE),
    "wrong_mac": Gathering(HeadScope.TERMINAL, By.TERMINAL, Ends.PEOPLE),
    "batch_differs": _TERMINAL,
    "vouchers_guessed": _TERMINAL,
    "sign_ins_refused": Gathering(HeadScope.ACCESS, By.ONE),
    # processes, merchants, webhooks
    "loop_stands_still": _PROCESS,
    "move_stands_still": _MERCHANT,
    "webhook_failed": Gathering(HeadScope.WEBHOOK, By.WEBHOOK),
    "deliveries_full": Gathering(HeadScope.WEBHOOK, By.ONE),
    "channel_refused": Gathering(HeadScope.CHANNEL, By.SUBJECT),
    "report_not_mailed": Gathering(HeadScope.CHANNEL, By.SUBJECT),
    # payouts and the bank
    **dict.fromkeys(
        (
            "payout_unknown",
            "payout_differs",
            "payout_contradicted",
            "payout_twice",
        ),
        _BANK,
    ),
    "payout_failed": _MERCHANT,
    "payouts_fail": Gathering(HeadScope.BANK, By.ONE),
    "bank_sum_differs": _FILE_LOOK,
    "bank_other_account": _FILE_LOOK,
    "payout_file_stands_still": _FILE_LOOK,
    "bank_file_unreadable": _FILE_LOOK,
    # clearing and books
    "clearing_breaks": _FILE,
    # Closed by themselves, and by people where the file will not come, or stays as it is.
    "file_late": _FILE_LOOK,
    "file_wrong": _FILE_LOOK,
    "chargeback_due_soon": _MERCHANT,
    "chargeback_ruling_late": _MERCHANT,
    "chargebacks_proposed": _FILE,
    "clearing_proof_stands": _SAID,
    **{kind: _BOOKS for kind in INCIDENTS if kind.startswith("audit_")},
}
_UNKNOWN: Final = Gathering(HeadScope.SYSTEM, By.KIND, Ends.PEOPLE)
OUTAGES: Final = tuple(kind for kind, how in GATHERED.items() if how.outage)
BY_PEOPLE: Final = tuple(kind for kind, how in GATHERED.items() if how.ends is Ends.PEOPLE)


def gathering_of(kind: str) -> Gathering:
    """Say how a kind is gathered; one of another version by itself, and people close it."""
    return GATHERED.get(kind, _UNKNOWN)
