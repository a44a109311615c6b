"""How strongly each signal speaks for or against each cause, and how common a cause is.

Weights are in units of log-odds and were set on the seen half of the benches (`bench.diagnosis`),
where the numbers are judged by what they come to; the other half is only measured.
"""

from collections.abc import Mapping
from math import inf
from typing import Final, NamedTuple


class Weights(NamedTuple):
    """`prior` is how common a cause is before anything is known, as log-odds.

    After `lasts_s` seconds a cause is as likely over as still there; `speaks` names the signals
    that speak for it (above zero) or against it.
    """

    prior: float
    lasts_s: float
    speaks: Mapping[str, float]


# What no issuer was asked for can not have failed at one.
_AT_ISSUER: Final = {"refused_here": -6.0}

WEIGHTS: Final[Mapping[str, Weights]] = {
    "original_unfinished": Weights(-1.0, 300, {
        "original_open": 7, "original_was_open": 8, "original_stands": -3,
        "original_missing": -5, "being_undone": -2}),
    "original_declined": Weights(-1.0, inf, {
        "original_declined": 8, "said_declined": 10, "original_stands": -5,
        "original_missing": -5}),
    "original_not_found": Weights(-1.0, 1, {
        "original_missing": 8, "said_missing": 11, "original_stands": -6}),
    "original_mismatch": Weights(-1.0, 1, {
        "other_card": 6, "other_amount": 6, "other_terminal": 6, "other_kind": 10.5,
        "said_differs": 7, "matches": -3, "original_missing": -4}),
    "already_undone": Weights(-1.0, inf, {
        "original_undone": 6, "undone_before": 4, "said_undone": 9, "original_stands": -4,
        "being_undone": -4, "original_was_open": -8}),
    "already_settled": Weights(-1.0, inf, {
        "other_day": 5, "other_batch": 5, "original_advice": 6, "card_gone": 6,
        "said_settled": 6, "original_undone": -4, "original_declined": -4, "by_day": 2.5,
        "by_age": 1.5}),
    "merchant_balance_low": Weights(-1.5, 3_600, {
        "not_covered": 6, "frozen_would_do": -3, "pending_would_do": -3}),
    "funds_frozen": Weights(-2.0, 86_400, {
        "not_covered": 3, "frozen_would_do": 6}),
    "funds_not_arrived": Weights(-2.0, 3_600, {
        "not_covered": 3, "pending_would_do": 6, "frozen_would_do": -3}),
    "terminal_link": Weights(-1.0, 300, {
        "terminal_reversed": 4, "never_came": 8, "terminal_drops": 2, "terminal_reverses": 1,
        "answered_unheard": 2, "silent": -4, "cut_off": -4, "late": -3, "interrupted": -2}),
    "issuer_link": Weights(-1.0, 300, {**_AT_ISSUER,
        "cut_off": 5, "no_way_there": 5, "drops_often": 1.5, "nobody_there": -1, "all_fail": -1,
        "link_steady": -2, "maintenance": -1, "end_of_day": -1}),
    "timeout": Weights(-0.5, 10, {**_AT_ISSUER,
        "silent": 4, "others_fine": 1.5, "late": -3.5, "all_silent": -4, "terminal_reversed": -1,
        "cut_off": -2, "maintenance": -3, "end_of_day": -3, "answered": -4, "not_sent": -5,
        "hurts_nobody": 1, "hurts_issuer": -2, "slower": 1}),
    "late_answer": Weights(-1.0, 120, {**_AT_ISSUER,
        "late": 6, "silent": 1, "late_often": 1, "all_silent": -1, "answered": -4,
        "not_sent": -5, "slower": 1}),
    "issuer_maintenance": Weights(-1.5, 3_600, {**_AT_ISSUER,
        "maintenance": 5, "all_fail": 1.5, "all_silent": 1, "others_same": 1, "others_fine": -3,
        "end_of_day": -1, "hurts_issuer": 1, "silent": 2}),
    "end_of_day": Weights(-1.5, 1_800, {**_AT_ISSUER,
        "end_of_day": 5, "all_fail": 1, "others_same": 1, "others_fine": -3, "maintenance": -1,
        "learnt_hours": 7, "hurts_issuer": 0.5, "silent": 2, "by_day": 2}),
    "issuer_down": Weights(-1.0, 900, {**_AT_ISSUER,
        "all_silent": 5, "all_fail": 4, "nobody_there": 9, "others_same": 1,
        "none_approved": 2.5, "others_fine": -4, "alone": -2, "maintenance": -5,
        "end_of_day": -5, "hurts_issuer": 2, "hurts_range": 3, "hurts_partly": 2.5,
        "hurts_nobody": -1.5, "flapping": 2, "fault_again": 2, "silent": 2, "slower": 0.5}),
    "issuer_limit_amount": Weights(-1.5, inf, {**_AT_ISSUER,
        "rule_amount": 6, "rule_new": -2.5, "all_fail": -1, "keeps_amount": -2.5,
        "learnt_amount": 5.5, "learnt_new": -2.5, "same_again": 0.5, "rule_count": -2,
        "rule_interval": -2, "rule_window": -2, "rule_supported": -2, "by_amount": 5}),
    "issuer_limit_count": Weights(-1.5, 86_400, {**_AT_ISSUER,
        "rule_count": 6, "rule_new": -2.5, "all_fail": -1, "keeps_count": -2.5,
        "learnt_count": 5.5, "learnt_new": -2.5, "same_again": 0.5, "rule_amount": -2,
        "rule_interval": -2, "rule_window": -2, "rule_supported": -2, "by_count": 5}),
    "repeated_too_soon": Weights(-1.5, 60, {
        "rule_interval": 6, "being_undone": 8, "repeated": 0.5, "rule_new": -2.5,
        "keeps_interval": -1.5, "learnt_interval": 5.5, "learnt_new": -2.5, "rule_amount": -2,
        "rule_count": -2, "rule_window": -2, "rule_supported": -2, "by_interval": 5}),
    "outside_void_window": Weights(-1.5, inf, {**_AT_ISSUER,
        "rule_window": 6, "rule_new": -2.5, "all_fail": -1, "keeps_window": -2.5,
        "learnt_age": 5.5, "learnt_new": -2.5, "same_again": 0.5, "rule_amount": -2,
        "rule_count": -2, "rule_interval": -2, "rule_supported": -2, "by_age": 3.5, "by_day": 1.5}),
    "policy_changed": Weights(-2.5, inf, {**_AT_ISSUER,
        "rule_new": 10, "rule_old": -4, "learnt_new": 9, "same_again": 0.5, "by_since": 4}),
    "issuer_unsupported": Weights(-1.5, inf, {**_AT_ISSUER,
        "rule_supported": 6, "rule_new": -4, "all_fail": -2, "all_silent": -2,
        "learnt_never": 5.5, "learnt_new": -2.5, "hurts_voids": 2, "hurts_issuer": -1.5,
        "learnt_amount": -3, "learnt_count": -3, "learnt_interval": -3, "learnt_age": -3,
        "learnt_hours": -3, "same_again": 0.5, "rule_amount": -2, "rule_count": -2,
        "rule_interval": -2, "rule_window": -2, "by_all": 3.5, "by_range": 3.5, "by_since": -0.5,
        "by_nothing": -1, "by_amount": -2, "by_count": -2, "by_interval": -2, "by_age": -2,
        "by_day": -2, "hurts_card": -1}),
    "risk_refusal": Weights(-1.5, inf, {**_AT_ISSUER,
        "card_suspected": 4, "card_declines": 0.5, "card_refused": -1, "card_fine": -3,
        "all_fail": -2, "others_same": -2, "none_approved": -1, "alone": 0.5,
        "hurts_issuer": -1.5, "hurts_shop": 0.5, "learnt_amount": -2, "learnt_count": -2,
        "learnt_interval": -2, "learnt_age": -2, "learnt_hours": -2, "learnt_never": -2,
        "same_again": 0.5, "hurts_card": 2.5}),
    "card_problem": Weights(-1.5, inf, {**_AT_ISSUER,
        "card_refused": 4, "card_declines": 0.8, "card_suspected": -1, "card_fine": -3,
        "all_fail": -2, "others_same": -2, "none_approved": -1, "alone": 0.3,
        "hurts_issuer": -1.5, "hurts_shop": -1, "learnt_amount": -2, "learnt_count": -2,
        "learnt_interval": -2, "learnt_age": -2, "learnt_hours": -2, "learnt_never": -2,
        "same_again": 0.5, "hurts_card": 3}),
    "terminal_misconfigured": Weights(-1.5, 86_400, {
        "not_enabled": 8, "number_used": 8, "malformed": 5, "field_missing": 3,
        "serial_differs": 1.5, "software_current": 1, "software_old": -2, "hurts_terminal": 3,
        "hurts_software": 1}),
    "terminal_outdated": Weights(-2.0, 86_400, {
        "software_old": 4.5, "field_missing": 3.5, "malformed": 2, "software_current": -6,
        "mac_wrong": -2, "batch_out": -2, "unregistered": -3, "hurts_software": 5}),
    "keys_out_of_step": Weights(-1.0, 60, {
        "mac_wrong": 7, "batch_out": 7, "answered": -4}),
    "not_registered": Weights(-1.0, 86_400, {
        "unregistered": 8, "hurts_shop": 3.5, "shop_passes": -4, "hurts_terminal": 2,
        "hurts_software": -2}),
    "acquirer_fault": Weights(-1.5, 60, {
        "interrupted": 6, "host_failed": 6}),
    "issuer_error": Weights(-1.0, 1_800, {**_AT_ISSUER,
        "senseless": 6, "unreadable": 7, "late": -6, "others_fine": 0.6, "all_fail": -2.5,
        "all_silent": -2, "original_missing": -4, "none_approved": -2, "maintenance": -1,
        "end_of_day": -1, "card_refused": -1.5, "card_suspected": -1.5, "rule_amount": -2,
        "rule_count": -2, "rule_interval": -2, "rule_window": -2, "rule_supported": -2,
        "hurts_nobody": 0.4, "hurts_issuer": -1.5, "hurts_shop": -1.5, "hurts_range": -2,
        "hurts_voids": -1, "learnt_amount": -2, "learnt_count": -2, "learnt_interval": -2,
        "learnt_age": -2, "learnt_hours": -2, "learnt_never": -2, "software_old": -2,
        "hurts_terminal": -1.5, "same_again": -1.5, "flapping": -1, "by_nothing": 1.0,
        "by_all": -1, "by_range": -1.5, "by_since": -1, "by_amount": -2, "by_count": -2,
        "by_interval": -2, "by_age": -1, "by_day": -1, "hurts_card": -1.5,
        "hurts_software": -1.5}),
    "unknown": Weights(1.0, 1_800, {**_AT_ISSUER,
        "not_sent": -5, "silent": -3, "cut_off": -4, "no_way_there": -4, "nobody_there": -6,
        "late": -4, "terminal_reversed": -3, "senseless": -4, "unreadable": -4,
        "interrupted": -4, "host_failed": -4, "all_silent": -2, "all_fail": -2,
        "hurts_issuer": -1.5, "hurts_range": -2, "hurts_shop": -1, "hurts_voids": -1,
        "maintenance": -1.5, "end_of_day": -1.5, "rule_amount": -4, "rule_count": -4,
        "rule_interval": -4, "rule_window": -4, "rule_supported": -4, "learnt_amount": -3,
        "learnt_count": -3, "learnt_interval": -3, "learnt_age": -3, "learnt_hours": -3,
        "learnt_never": -3, "card_refused": -1.5, "card_suspected": -1.5, "original_open": -4,
        "original_missing": -4, "original_declined": -5, "original_undone": -4, "other_day": -2,
        "other_batch": -2, "software_old": -1.5, "hurts_nobody": 0.5, "hurts_terminal": -1.5,
        "hurts_partly": -1, "fault_again": -1, "same_again": 0.3, "by_nothing": 0.4,
        "by_all": -1, "by_range": -1, "by_amount": -1, "by_count": -1, "by_interval": -1,
        "by_age": -1, "by_day": -1, "hurts_card": -1, "hurts_software": -1}),
}  # fmt: skip
