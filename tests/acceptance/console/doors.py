"""Every door of annul, and whom it opens to: what is not in these tables fails the walk."""

from typing import Any, Final

OFFICE: Final = frozenset({"support", "operator", "administrator", "auditor"})
DESK: Final = OFFICE - {"auditor"}
HANDS: Final = DESK - {"support"}
ADMIN: Final = frozenset({"administrator"})
SHOPS: Final = frozenset({"cashier", "merchant"})
READERS: Final = OFFICE | {"merchant"}
EVERYBODY: Final = OFFICE | SHOPS
NOBODY: Final = frozenset[str]()

# Pages of the console.
PAGES: Final = {
    "/": OFFICE,
    "/cases": READERS,
    "/cases/{number}": READERS,
    "/money": READERS,
    "/transactions": READERS,
    "/transactions/{transaction}": READERS,
    "/issuers": OFFICE,
    "/issuers/{issuer}": OFFICE,
    "/dialects": OFFICE,
    "/dialects/{dialect}": OFFICE,
    "/merchants": OFFICE,
    "/merchants/{merchant}": OFFICE,
    "/pos": DESK | SHOPS,
    "/shop": EVERYBODY,
    "/payouts": READERS,
    "/payouts/{payout}": READERS,
    "/clearing": OFFICE,
    "/clearing/{clearing}": OFFICE,
    "/breaks": READERS,
    "/breaks/{break}": READERS,
    "/api": READERS,
    "/account": EVERYBODY,
    "/admin": ADMIN,
    "/audit": ADMIN | {"auditor"},
    "/capacity": OFFICE,
}

# What pages fetch: lists as files, and what pickers find.
FILES: Final = {
    "/export/cases": READERS,
    "/export/transactions": READERS,
    "/export/merchants": OFFICE,
    "/export/payouts": READERS,
    "/choices/merchants": OFFICE,
    "/choices/issuers": OFFICE,
}

# Calls of the API, each with what is sent so that nothing but who asks can be wrong.
_CONCLUSION: Final = {
    "done": False,
    "reason": "the issuer wrote so",
    "evidence": "bGV0dGVy",
    "evidence_name": "letter.pdf",
}
_ORDER: Final = {"merchant": "{merchant}", "original": {"rrn": "{rrn}"}}
# A void of 100.00, in hexadecimal.
_MESSAGE: Final = (
    "02003020048008c08018200000000000010000000123012000333030303030303030303031313030303030303138"
    "393830303030353831323030303031353600112300000100000012000001000001"
)
_OF: Final = "/transactions/{transaction}/conclusions"
_ACCOUNTS: Final = "/merchants/{merchant}/accounts/{account}"
_NEW_ACCOUNT: Final = {
    "holder": "Tea",
    "bank": "104100000004",
    "number": "6222000000000000017",
    "reason": "contract",
}
_DIFFERENCE: Final = "/merchants/{merchant}/batch-differences/{terminal}/{batch}/{trace}"
_MOVES: Final = "/merchants/{merchant}/moves/{move}"
CALLS: Final[dict[str, tuple[frozenset[str], Any]]] = {
    "GET /transactions": (READERS, None),
    "GET /transactions/{transaction}": (READERS, None),
    "GET /money-in-question": (READERS, None),
    f"GET {_OF}": (READERS, None),
    f"POST {_OF}": (HANDS, _CONCLUSION),
    f"POST {_OF}/{{conclusion}}/confirm": (HANDS, {"reason": "seen"}),
    f"DELETE {_OF}/{{conclusion}}?reason=mistaken": (HANDS, None),
    f"GET {_OF}/{{conclusion}}/evidence": (HANDS | {"auditor"}, None),
    "POST /voids": (HANDS, _ORDER),
    "GET /voids/{void}": (READERS, None),
    "POST /refunds": (HANDS, _ORDER),
    "GET /refunds/{refund}": (READERS, None),
    "GET /orders": (HANDS, None),
    "GET /orders/{order}": (HANDS, None),
    "POST /orders/{order}/approve": (HANDS, {"reason": "seen"}),
    "POST /orders/{order}/reject": (HANDS, {"reason": "no"}),
    "GET /cases": (READERS, None),
    "GET /cases/events": (READERS, None),
    "GET /cases/{number}": (READERS, None),
    "POST /cases/{number}/acts": (DESK | SHOPS, {"action": "withdraw", "reason": "it stands"}),
    "GET /cases/{number}/proof": (READERS, None),
    "GET /cases/{number}/proof.pdf": (READERS, None),
    "POST /diagnosis": (OFFICE, {"request": _MESSAGE}),
    "GET /diagnosis/{void}": (OFFICE, None),
    "GET /merchants": (OFFICE, None),
    "GET /merchants/{merchant}": (OFFICE, None),
    "PATCH /merchants/{merchant}": (HANDS, {"retry_voids": True, "reason": "agreed"}),
    "GET /merchants/{merchant}/terminals": (OFFICE, None),
    "GET /merchants/{merchant}/days": (OFFICE, None),
    "GET /merchants/{merchant}/statements/{period}": (READERS, None),
    "GET /merchants/{merchant}/terms": (OFFICE, None),
    "PUT /merchants/{merchant}/terms/{valid_from}": (HANDS, {"reason": "agreed"}),
    "GET /merchants/{merchant}/cut-overs": (OFFICE, None),
    "PUT /merchants/{merchant}/cut-overs/{valid_from}": (
        HANDS,
        {"cut_over": "06:00", "reason": "agreed"},
    ),
    "GET /merchants/{merchant}/fees": (OFFICE, None),
    "PUT /merchants/{merchant}/fees/{card_type}/{valid_from}": (
        HANDS,
        {"rate_ppm": 4_000, "reason": "agreed"},
    ),
    "GET /merchants/{merchant}/fees/difference"
    "?first=2026-01-01&last=2026-01-02&card_type=debit&rate_ppm=4000": (OFFICE, None),
    "GET /merchants/{merchant}/margin?month=2026-01": (OFFICE, None),
    "GET /merchants/{merchant}/batch-differences": (READERS, None),
    f"POST {_DIFFERENCE}/resolve": (HANDS, {"how": "host_stands", "reason": "slip seen"}),
    "GET /merchants/{merchant}/accounts": (READERS, None),
    f"PUT {_ACCOUNTS}": (HANDS, _NEW_ACCOUNT),
    f"POST {_ACCOUNTS}/use": (HANDS, {"reason": "seen"}),
    f"POST {_ACCOUNTS}/reject": (HANDS, {"reason": "no"}),
    f"POST {_ACCOUNTS}/stop": (HANDS, {"reason": "asked by the shop"}),
    f"POST {_ACCOUNTS}/use-again": (HANDS, {"reason": "asked by the shop"}),
    "GET /merchants/{merchant}/moves": (READERS, None),
    f"PUT {_MOVES}": (HANDS, {"kind": "correction", "amount": 1, "reason": "fee"}),
    f"POST {_MOVES}/approve": (HANDS, {"reason": "seen"}),
    f"POST {_MOVES}/reject": (HANDS, {"reason": "no"}),
    "GET /payouts": (READERS, None),
    "POST /payouts/run": (HANDS, {"reason": "now"}),
    "GET /payouts/days/{day}": (READERS, None),
    "GET /payouts/{payout}": (READERS, None),
    "POST /payouts/{payout}/approve": (HANDS, {"reason": "seen"}),
    "POST /payouts/{payout}/cancel": (HANDS, {"reason": "no"}),
    "GET /payout-files": (READERS, None),
    "POST /payout-files/{file}/take": (HANDS, {"reason": "brought"}),
    "GET /clearing/files": (READERS, None),
    "POST /clearing/files?name=a": (HANDS, {}),
    "POST /clearing/files/look?name=a": (HANDS, {}),
    "GET /clearing/files/{file}": (READERS, None),
    "GET /clearing/files/{file}/bad-lines": (READERS, None),
    "POST /clearing/files/{file}/preview": (HANDS, None),
    "POST /clearing/files/{file}/commit": (HANDS, {"reason": "seen"}),
    "POST /clearing/files/{file}/drop": (HANDS, {"reason": "wrong"}),
    "POST /clearing/files/{file}/discard": (HANDS, {"reason": "wrong"}),
    "GET /clearing/maps": (READERS, None),
    "PUT /clearing/maps/{name}": (HANDS, {"columns": {"amount": "a"}}),
    "DELETE /clearing/maps/{name}": (HANDS, None),
    "GET /breaks": (READERS, None),
    "GET /breaks/sums": (READERS, None),
    "GET /breaks/workbook": (READERS, None),
    "POST /breaks/workbook": (HANDS, {"content": "UEsDBA=="}),
    "POST /breaks/assign": (HANDS, {"ids": ["{identity}"], "owner": ""}),
    "POST /breaks/resolve": (
        HANDS,
        {"ids": ["{identity}"], "resolution": "ours_stand", "reason": "seen"},
    ),
    "GET /breaks/{identity}": (READERS, None),
    "POST /breaks/{identity}/resolve": (HANDS, {"resolution": "ours_stand", "reason": "seen"}),
    "POST /breaks/{identity}/confirm": (HANDS, {"reason": "seen"}),
    "POST /breaks/{identity}/reject": (HANDS, {"reason": "no"}),
    "GET /bank-files": (READERS, None),
    "POST /bank-files": (
        HANDS,
        {"name": "a.csv", "content": "cmVmZXJlbmNlLHNhaWQK", "reason": "statement"},
    ),
    "POST /bank-files/{file}/confirm": (HANDS, {"reason": "seen"}),
    "GET /issuers": (OFFICE, None),
    "GET /issuers/{issuer}": (OFFICE, None),
    "GET /issuers/{issuer}/rules": (OFFICE, None),
    "GET /promise": (OFFICE, None),
    "GET /webhooks": (HANDS, None),
    "POST /webhooks": (HANDS, {"url": "https://192.0.2.7/told", "merchant": "{merchant}"}),
    "GET /webhooks/{webhook}/deliveries": (HANDS, None),
    "POST /webhooks/{webhook}/deliveries/{delivery}/replay": (HANDS, None),
    "DELETE /webhooks/{webhook}": (HANDS, None),
}

# All else that is served, and why it need not know who asks.
OPEN: Final = {
    "GET /login": "to sign in",
    "POST /login": "to sign in",
    "GET /reset": "a link of an administrator, good once",
    "POST /reset": "a link of an administrator, good once",
    "GET /health": "says up",
    "GET /favicon.ico": "a picture",
    "GET /api/v1/health": "says up",
    "GET /api/v1/openapi.json": "describes the API to whoever writes a program",
    "/assets": "style",
}
# What anybody who is known may do: it concerns nobody else.
OWN: Final = {
    "GET /password": "choose one's own",
    "POST /password": "choose one's own",
    "GET /login/code": "the second step of one's own sign-in",
    "POST /login/code": "the second step of one's own sign-in",
    "GET /factor": "one's own second factor",
    "POST /factor": "one's own second factor",
    "GET /factor/remove": "one's own second factor",
    "POST /factor/remove": "one's own second factor",
    "POST /logout": "end one's own session",
    "POST /find": "what one may see anyhow, by what one has in hand",
    "GET /language": "one's own language",
    "GET /theme": "one's own cookie",
}

# Commands that reach the database. Each act with its words, and who may do it by name and password.
ACTS: Final[dict[str, tuple[tuple[str, ...], frozenset[str]]]] = {
    "case do": (("case", "{number}", "do", "look"), DESK),
    "case note": (("case", "{number}", "note"), DESK),
    "case close": (("case", "{number}", "close"), HANDS),
    "case confirm-cause": (("case", "{number}", "confirm-cause", "timeout"), DESK),
    "conclude": (("conclude", "{unknown}", "not-done", "--evidence", "{file}"), HANDS),
    "conclude --save-evidence": (
        ("conclude", "{proposed}", "--save-evidence", "{saved}"),
        HANDS | {"auditor"},
    ),
    "conclude --withdraw": (("conclude", "{proposed}", "--withdraw"), HANDS),
    "audit --explain": (("audit", "--explain", "{rrn}"), HANDS),
    "lessons --undo": (("lessons", "--undo", "{number}"), ADMIN),
    "add-user": (("add-user", "new-{role}", "--role", "auditor"), ADMIN),
    "dialect import": (
        ("dialect", "import", "{document}", "--format", "toml", "--name", "new_{role}"),
        HANDS,
    ),
    "dialect roll-back": (("dialect", "roll-back", "bank_x", "1"), HANDS),
    "issuer profile": (("issuer", "profile", "00000101", "--pin-format", "3"), ADMIN),
    "issuer link": (("issuer", "link", "00000101", "--set", "timeout_ms=9000"), HANDS),
    "payouts run": (("payouts", "run"), HANDS),
    "payouts approve": (("payouts", "approve", "{payout}"), HANDS),
    "payouts cancel": (("payouts", "cancel", "{payout}"), HANDS),
    "payouts take": (("payouts", "take", "{payout_file}", "--output", "{out}"), HANDS),
    "payouts confirm": (("payouts", "confirm", "{payout_file}"), HANDS),
    "payouts read": (("payouts", "read", "{file}"), HANDS),
    "reconcile": (("reconcile", "{file}"), HANDS),
    "breaks resolve": (("breaks", "resolve", "{identity}", "--as", "ours_stand"), HANDS),
    "breaks confirm": (("breaks", "confirm", "{identity}"), HANDS),
    "breaks reject": (("breaks", "reject", "{identity}"), HANDS),
    "breaks assign": (("breaks", "assign", "{identity}"), HANDS),
    "breaks import": (("breaks", "import", "{file}"), HANDS),
    "issuer key": (("issuer", "key", "00000101", "--kind", "zone"), ADMIN),
    "issuer ask": (("issuer", "ask", "00000101"), HANDS),
    "terminal emv": (("terminal", "emv", "{chips}"), HANDS),
    "terminal enrol": (
        ("terminal", "enrol", "{merchant}", "9999{n:04d}", "--out", "{out}", "--no-tls"),
        HANDS,
    ),
}
# Of no merchant, though its scope opens the calls: there is nothing for who belongs to one.
HIDDEN: Final = frozenset({"GET /clearing/files/{file}", "GET /clearing/files/{file}/bad-lines"})
# Whoever reaches the database with its owner's rights reads it without these as well.
READS: Final = frozenset(
    {
        "audit export",
        "breaks export",
        "breaks list",
        "breaks show",
        "audit key",
        "case",
        "cases",
        "conclude",
        "diagnose",
        "dialect check",
        "dialect export",
        "dialect list",
        "dialect show",
        "link test",
        "terminal test",
        "issuer keys",
        "issuer rules",
        "lessons",
        "payouts files",
        "payouts list",
        "payouts show",
        "promise",
        "retention",
        "capacity",
        "statement",
        "users",
    }
)
# These serve, make what they serve with, or do what hosts do by themselves; nobody acts by them.
SERVES: Final = frozenset({"up", "console", "terminal certificates", "settle"})
