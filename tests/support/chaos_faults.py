"""What goes wrong at the issuer of `make chaos`, as its control takes it."""

from typing import Any, Final

_STUBBORN: Final = "6200029"  # cards whose issuer takes no reversal, ever
LIAR: Final = "620004"  # cards whose issuer denies what it has approved
_DROPPED: Final = "620002"  # cards whose issuer's line is dropped now and then
# What goes wrong at the issuer, as its control takes it; it answers within 800 ms or never in time.
_FAULTS: Final[list[dict[str, Any]]] = [
    {"kind": "delay", "rate": 0.10, "low_ms": 5, "high_ms": 60},
    {"kind": "delay", "rate": 0.03, "low_ms": 250, "high_ms": 700},
    {"kind": "delay", "rate": 0.01, "low_ms": 900, "high_ms": 2_500},
    {"kind": "lost_request", "rate": 0.01},
    {"kind": "lost_answer", "rate": 0.01},
    {"kind": "duplicate", "rate": 0.02},
    {"kind": "garbled", "rate": 0.005},
    {"kind": "close_before", "rate": 0.001, "bin": _DROPPED},
    {"kind": "close_after", "rate": 0.001, "bin": _DROPPED},
    {"kind": "code", "rate": 0.02, "code": "05"},
    # Voids in particular, with codes that say little.
    {"kind": "code", "rate": 0.06, "code": "91", "of_kind": "void"},
    {"kind": "code", "rate": 0.03, "code": "96", "of_kind": "void"},
    {"kind": "code", "rate": 0.01, "code": "59", "of_kind": "void"},
    {"kind": "code", "rate": 0.01, "code": "12", "of_kind": "void"},
    {"kind": "lost_answer", "rate": 0.03, "of_kind": "void"},
    {"kind": "delay", "rate": 0.02, "of_kind": "void", "low_ms": 900, "high_ms": 1_500},
    {"kind": "code", "rate": 1.0, "code": "40", "of_kind": "void", "bin": "620003"},
    # What is booked is not what is said.
    # In silence only within its time: a host leaves a request a second to go (`issuers.limits`) and
    # holds for undone what is denied after both. Later it takes a second word.
    {"kind": "books_late_silently", "rate": 0.01, "low_ms": 410, "high_ms": 780},
    *({"kind": "booked_code", "rate": 0.005, "code": code} for code in ("91", "96", "68", "98")),
    {"kind": "delay", "rate": 0.02, "low_ms": 795, "high_ms": 805},
    {"kind": "partial", "rate": 0.005},
    {"kind": "other_amount", "rate": 0.005},
    {"kind": "other_currency", "rate": 0.003},
    {"kind": "other_terminal", "rate": 0.003},
    {"kind": "other_reference", "rate": 0.003},
    {"kind": "other_trace", "rate": 0.003},
    {"kind": "long_balance", "rate": 0.005},
    # Reversals that are refused, some for good.
    *(
        {"kind": "code", "rate": 0.03, "code": code, "of_kind": "reversal"}
        for code in ("94", "30", "96")
    ),
]
# Two words to one request, or one that comes when nobody awaits it. If the second never reaches a
# host that lives on, only the issuer's clearing file can tell what it booked: so they keep clear of
# lines that are dropped, and of kills.
_TWO_WORDS: Final[list[dict[str, Any]]] = [
    fault | {"bin": prefix}
    for prefix in ("620001", "620003")
    for fault in (
        {"kind": "books_late", "rate": 0.015, "low_ms": 850, "high_ms": 2_500, "of_kind": "sale"},
        {"kind": "books_late", "rate": 0.03, "low_ms": 850, "high_ms": 2_500, "of_kind": "void"},
        {"kind": "twice", "rate": 0.005, "of_kind": "sale"},
        {"kind": "wavers", "rate": 0.02},
    )
]
REFUSED: Final = {
    "kind": "code",
    "rate": 1.0,
    "code": "94",
    "of_kind": "reversal",
    "bin": _STUBBORN,
}
# Reversals that are denied though it was booked. An issuer that denies what it has never answered
# can be found out by its clearing files only, so these cards meet no silence: their issuer is one
# that stands in for no other, and whose line so never drops.
LIARS_ISSUER: Final = "00000303"
_DENIED: Final[list[dict[str, Any]]] = [
    {"kind": "forgets", "rate": 0.02, "bin": LIAR},
    {"kind": "code", "rate": 0.30, "code": "25", "of_kind": "reversal", "bin": LIAR},
    {"kind": "code", "rate": 0.10, "code": "12", "of_kind": "reversal", "bin": LIAR},
]
_BINS: Final = ("620001", "620002", "620003")

ONE_WORD: Final[list[dict[str, Any]]] = [
    *(fault | {"bin": prefix} for fault in _FAULTS if "bin" not in fault for prefix in _BINS),
    *(fault for fault in _FAULTS if "bin" in fault),
    REFUSED,
]
ALL: Final[list[dict[str, Any]]] = [*ONE_WORD, *_DENIED, *_TWO_WORDS]
