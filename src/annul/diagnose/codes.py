"""What an issuer's response code to a void usually speaks for, and how strongly.

One fact among others: issuers use codes in their own ways (`code_meanings` says how, where it is
known). Weights are on the scale of `annul.diagnose.causes`. Source: the interbank meaning of the
codes, spread over the causes that are seen behind them.
"""

from collections.abc import Mapping
from typing import Final

MEANT: Final = 5.0  # what an issuer is known to mean by a code
_FOREMOST: Final = 3.0

_MATCH: Final = {"original_mismatch": 1.0, "issuer_error": 1.5}
_RISK: Final = {"risk_refusal": 4.0}
_CARD: Final = {"card_problem": 4.0}
_LIMITS: Final = {
    "issuer_limit_amount": 0.5,
    "issuer_limit_count": 0.5,
    "outside_void_window": 0.5,
    "repeated_too_soon": 0.5,
}

SPEAKS: Final[Mapping[str, Mapping[str, float]]] = {
    "01": {"risk_refusal": 1.5, "card_problem": 1.5},
    "02": {"risk_refusal": 1.5, "card_problem": 1.5},
    "03": {"not_registered": 3.0, "issuer_error": 1.5},
    "04": _RISK,
    "05": {"risk_refusal": 1.2, "card_problem": 1.0, "issuer_unsupported": 0.5, **_LIMITS},
    "06": {"issuer_error": 2.5},
    "07": _RISK,
    "12": {"outside_void_window": 1.0, "issuer_unsupported": 0.8, "already_settled": 0.8,
           "issuer_error": 1.0, "issuer_limit_amount": 0.2, "issuer_limit_count": 0.2},
    "13": {"issuer_limit_amount": 2.0, "issuer_error": 0.3},
    "14": {"card_problem": 3.1, "issuer_error": 0.5},
    "20": {"issuer_error": 2.5},
    "22": {"already_undone": 1.0, "issuer_error": 1.5, "repeated_too_soon": 1.0},
    "25": {"issuer_error": 1.5, "outside_void_window": 1.0, "already_settled": 0.5},
    "30": {"terminal_outdated": 1.0, "terminal_misconfigured": 0.8, "issuer_error": 1.2},
    "31": {"issuer_unsupported": 2.5},
    "33": _CARD,
    "34": _RISK,
    "35": _RISK,
    "36": _CARD,
    "37": _RISK,
    "38": _CARD,
    "40": {"issuer_unsupported": 4.0},
    "41": _CARD,
    "43": {"card_problem": 3.1, "risk_refusal": 1.5},
    "54": _CARD,
    "56": _CARD,
    "57": {"issuer_unsupported": 1.5, "card_problem": 1.0, **_LIMITS},
    "58": {"terminal_misconfigured": 1.5, "issuer_unsupported": 1.2, "not_registered": 0.8},
    "59": _RISK,
    "61": {"issuer_limit_amount": 2.5, "issuer_limit_count": 0.8},
    "62": _CARD,
    "63": _RISK,
    "64": _MATCH,
    "65": {"issuer_limit_count": 2.5, "issuer_limit_amount": 0.5},
    "66": _RISK,
    "67": _CARD,
    "68": {"timeout": 1.0, "issuer_down": 0.8, "issuer_link": 0.5, "late_answer": 0.5},
    "75": _CARD,
    "90": {"end_of_day": 3.0, "issuer_maintenance": 1.0},
    "91": {"issuer_down": 4.0, "issuer_maintenance": 1.6, "end_of_day": 0.8, "issuer_error": 1.2,
           "issuer_link": 0.3},
    "92": {"issuer_link": 2.0, "issuer_down": 1.0},
    "94": {"repeated_too_soon": 2.5, "already_undone": 0.5},
    "96": {"issuer_error": 1.6, "issuer_down": 2.4, "issuer_maintenance": 0.6,
           "acquirer_fault": 0.3},
    "97": {"not_registered": 3.0, "issuer_error": 1.5},
    "98": {"timeout": 1.0, "issuer_link": 0.6, "issuer_down": 4.5, "late_answer": 0.3,
           "terminal_link": 0.2},
    "99": {"keys_out_of_step": 3.0, "issuer_error": 2.5},
    "A0": {"keys_out_of_step": 3.0, "issuer_error": 2.5},
}  # fmt: skip


def foremost(cause: str) -> frozenset[str]:
    """Give the codes that speak for a cause before all others."""
    return frozenset(code for code, speaks in SPEAKS.items() if speaks.get(cause, 0.0) >= _FOREMOST)


# What a code speaks for besides, while it is not known who said it: a host refuses too.
ANYBODY: Final[Mapping[str, Mapping[str, float]]] = {
    "03": {"not_registered": 3.0},
    "09": {"original_unfinished": 4.0},
    "12": {"original_declined": 1.2, "already_settled": 1.5, "original_mismatch": 1.0},
    "14": {"original_mismatch": 2.0},
    "22": {"already_undone": 3.5},
    "25": {"original_not_found": 4.0},
    "30": {"terminal_outdated": 1.0, "terminal_misconfigured": 1.0},
    "51": {"merchant_balance_low": 3.5, "funds_frozen": 1.0, "funds_not_arrived": 1.0},
    "58": {"original_mismatch": 1.5, "terminal_misconfigured": 1.5, "not_registered": 1.0},
    "61": {"terminal_misconfigured": 1.0},
    "64": {"original_mismatch": 3.5},
    "77": {"keys_out_of_step": 5.0},
    "91": {"issuer_link": 1.2},
    "96": {"acquirer_fault": 1.5},
    "97": {"not_registered": 3.0},
    "98": {"timeout": 1.5, "terminal_link": 0.8},
    "A0": {"keys_out_of_step": 2.0},
    "A7": {"keys_out_of_step": 4.0},
}
