"""Examples of every call: curl by what the API says of itself, Python by what its client offers."""

import json
import shlex
from collections.abc import Mapping
from typing import Any, Final

Schema = Mapping[str, Any]
# What stands for each part of an address.
_PLACES: Final = {
    "transaction": "019f2b6e-8d3a-7c41-9b57-2f60c1d4a8e3",
    "conclusion": "019f2b6e-91c2-7a05-8e44-70b3d9f6c215",
    "order": "019f2b6e-95f7-73d8-a1c9-5e08b4729d60",
    "webhook": "019f2b6e-9a1b-7e62-b730-84d5f1c3e9a7",
    "delivery": "019f2b6e-9e4f-7196-8c2d-3b7a60e5d4f1",
    "void": "519820000417",
    "refund": "519820000431",
    "number": "519820000417",
    "period": "2026-11",
    "report": "2026-W48",
    "user": "li",
    "length": "week",
    "certificate": "T7K3F9Q2MWA",
    "drill": "D261128-402913",
    "merchant": "104110058120001",
    "issuer": "00000101",
    "terminal": "60014702",
    "batch": "000012",
    "trace": "000347",
    "valid_from": "2026-12-01",
    "card_type": "debit",
    "day": "2026-12-01",
    "payout": "019f2b6e-a2d5-7b31-9c06-1f8e4a7d52c3",
    "file": "019f2b6e-a6f8-7c90-8d17-2a9f5b8e63d4",
    "account": "019f2b6e-ab1b-7d4e-9e28-3b0a6c9f74e5",
    "move": "019f2b6e-af3e-7e02-8f39-4c1b7d0a85f6",
    "identity": "019f2b6e-b3d1-7a14-8e40-5d2c8e1b96a7",
    "proposal": "019f2b6e-b5cc-7b19-9e8a-7f4e8a3d19c2",
    "name": "bank-of-tea",
    "channel": "019f2b6e-b7c4-7d21-9f50-6e3d9f2ca8b1",
    "incident": "E261127-482913",
    "playbook": "issuer_down",
    "run": "P261127-482913",
    "document": "019f2b6e-b876-7c25-9f51-6e3d9f2c07b8",
}
# What a call is told in its body; the address of what is told about it in its query.
_BODIES: Final[Mapping[str, Any]] = {
    "POST /voids": {"merchant": "104110058120001", "original": {"rrn": "519820000416"}},
    "POST /refunds": {
        "merchant": "104110058120001",
        "original": {"rrn": "519820000416"},
        "amount": 1000,
    },
    "POST /cases/{number}/acts": {"action": "note", "reason": "the customer has called"},
    "POST /cases/{number}/advice": {"helped": True},
    "POST /diagnosis": {
        "request": "02003020048008c080182000000000000100000001230120003330303030303030303030313130"
        "30303030303138393830303030353831323030303031353600112300000700000012000007000007",
        "response": "0210202000000280000020000000012334303130303030303031",
    },
    "POST /what-if": {"kind": "merchant", "setting": "amount_limit", "number": 100_000},
    "PATCH /merchants/{merchant}": {"retry_voids": True, "reason": "as agreed"},
    "PUT /merchants/{merchant}/terms/{valid_from}": {
        "cycle": "calendar",
        "days": 1,
        "reason": "new contract",
    },
    "PUT /merchants/{merchant}/cut-overs/{valid_from}": {
        "cut_over": "06:00",
        "reason": "new contract",
    },
    "PUT /merchants/{merchant}/fees/{card_type}/{valid_from}": {
        "rate_ppm": 4_500,
        "cap": 1_800,
        "reason": "new contract",
    },
    "POST /merchants/{merchant}/batch-differences/{terminal}/{batch}/{trace}/resolve": {
        "how": "host_stands",
        "reason": "slip seen",
    },
    "POST /payouts/run": {"reason": "before the holiday"},
    "POST /payouts/{payout}/approve": {"reason": "seen"},
    "POST /payouts/{payout}/cancel": {"reason": "the account has changed"},
    "POST /payout-files/{file}/take": {"reason": "brought to the bank"},
    "POST /bank-files/{file}/confirm": {"reason": "the bank was asked"},
    "POST /clearing/files/{file}/commit": {"reason": "seen the preview"},
    "POST /clearing/files/{file}/drop": {"reason": "the wrong file"},
    "POST /clearing/files/{file}/discard": {"reason": "the issuer has sent another"},
    "POST /clearing/files/{file}/again/preview": {"rules": None},
    "POST /clearing/files/{file}/again": {"reason": "the rules have changed"},
    "PUT /clearing/rules": {
        "carry_minutes": 120,
        "carry_days": 2,
        "large": 1_000_000,
        "due_hours": 72,
        "due_hours_large": 24,
        "second_person_from": 100_000,
        "discard_second_person_from": 100_000,
        "reason": "their files come two days later",
    },
    "PUT /clearing/maps/{name}": {
        "columns": {"rrn": "reference", "amount": "amount"},
        "unit": "major",
    },
    "POST /incidents/{incident}/owner": {"owner": "li"},
    "POST /incidents/{incident}/notes": {"text": "called their duty desk"},
    "POST /incidents/{incident}/close": {"reason": "over since noon"},
    "POST /incidents/{incident}/learnt": {"text": "their window begins at 23:30"},
    "POST /incidents/{incident}/reopen": {"reason": "it goes on"},
    "POST /incidents/{incident}/merge": {"into": "E261127-482914", "reason": "one network"},
    "POST /incidents/{incident}/split": {"kinds": ["case_late"], "reason": "another matter"},
    "POST /breaks/workbook": {"content": "UEsDBA==", "apply": False},
    "POST /breaks/assign": {"ids": [_PLACES["identity"]], "owner": "li"},
    "POST /breaks/resolve": {"ids": [_PLACES["identity"]], "reason": "as suggested"},
    "POST /breaks/{identity}/resolve": {"resolution": "ours_stand", "reason": "their letter"},
    "POST /breaks/{identity}/confirm": {"reason": "letter seen"},
    "POST /breaks/{identity}/reject": {"reason": "which letter?"},
    "POST /report-subscriptions": {
        "user": "li",
        "length": "week",
        "mail": "li@bank.example",
        "reason": "reads it on Mondays",
    },
    "POST /interventions": {
        "kind": "retries_paused",
        "minutes": 30,
        "issuer": "00000101",
        "reason": "its voids fail",
    },
    "POST /interventions/{identity}/confirm": {"reason": "seen as well"},
    "POST /interventions/{identity}/end": {"reason": "it works again"},
    "POST /playbooks/check": {"text": 'name = "night_window"'},
    "POST /playbooks/dry": {"name": "issuer_down", "about": {"issuer": "00000101"}},
    "POST /playbooks/{playbook}/runs": {
        "about": {"issuer": "00000101"},
        "reason": "their duty desk has called",
    },
    "POST /playbook-runs/{run}/answer": {"step": "why", "value": "fault"},
    "POST /playbook-runs/{run}/do": {"step": "hold", "reason": "no end in sight"},
    "POST /playbook-runs/{run}/propose": {"step": "refund_instead", "reason": "customers wait"},
    "POST /playbook-runs/{run}/confirm": {"step": "refund_instead"},
    "POST /playbook-runs/{run}/skip": {"step": "network", "reason": "they have called us"},
    "POST /playbook-runs/{run}/stop": {"reason": "it was a test of theirs"},
    "POST /playbook-runs/{run}/undo": {"reason": "it works again"},
    "POST /chargebacks": {
        "number": "CB20261123001",
        "transaction": "300000000001",
        "claims": "cancelled",
        "reason": "from the network",
    },
    "POST /chargebacks/proposals/{proposal}/accept": {
        "number": "CB1",
        "claims": "cancelled",
        "reason": "their file",
    },
    "POST /chargebacks/proposals/{proposal}/dismiss": {"reason": "not ours"},
    "POST /chargebacks/{identity}/act": {"act": "represent", "reason": "the void is proved"},
    "POST /chargebacks/{identity}/confirm": {"reason": "seen"},
    "POST /chargebacks/{identity}/reject": {"reason": "answer it first"},
    "POST /chargebacks/{identity}/assign": {"owner": "li"},
    "POST /bank-files": {
        "name": "statement.csv",
        "content": "cmVmZXJlbmNlLHNhaWQsYW1vdW50LGN1cnJlbmN5Cg==",
        "reason": "statement of the day",
    },
    "PUT /merchants/{merchant}/accounts/{account}": {
        "holder": "示例茶馆",
        "bank": "104100000004",
        "number": "6222000000000000017",
        "reason": "contract",
    },
    "POST /merchants/{merchant}/accounts/{account}/use": {"reason": "permit seen"},
    "POST /merchants/{merchant}/accounts/{account}/reject": {"reason": "not its own"},
    "POST /merchants/{merchant}/accounts/{account}/stop": {"reason": "asked by the shop"},
    "POST /merchants/{merchant}/accounts/{account}/use-again": {"reason": "the bank erred"},
    "PUT /merchants/{merchant}/moves/{move}": {
        "kind": "freeze",
        "amount": 10000,
        "reason": "dispute",
    },
    "POST /merchants/{merchant}/moves/{move}/approve": {"reason": "seen"},
    "POST /merchants/{merchant}/moves/{move}/reject": {"reason": "not due"},
    "POST /webhooks": {"merchant": "104110058120001", "url": "https://shop.example/annul"},
    "POST /orders/{order}/approve": {"reason": "seen"},
    "POST /orders/{order}/reject": {"reason": "the customer keeps it"},
    "POST /transactions/{transaction}/conclusions": {
        "done": True,
        "reason": "the issuer has written so",
        "evidence_name": "letter.pdf",
        "evidence": "bGV0dGVy",
    },
    "POST /transactions/{transaction}/conclusions/{conclusion}/confirm": {"reason": "seen"},
}
_QUERIES: Final = {
    "GET /voids/{void}": "wait=30",
    "GET /refunds/{refund}": "wait=30",
    "GET /cases": "state=open&limit=20",
    "GET /transactions": "kind=void&limit=20",
    "GET /merchants": "limit=20",
    "GET /capacity/planned": "tps=100",
    "GET /merchants/{merchant}/fees": "amount=10000",
    "GET /merchants/{merchant}/fees/difference": (
        "first=2026-11-01&last=2026-11-30&card_type=debit&rate_ppm=4500&cap=1800"
    ),
    "GET /merchants/{merchant}/margin": "month=2026-11",
    "GET /payouts": "state=paid&limit=20",
    "POST /clearing/files": "name=IND26112301ACOM",
    "POST /clearing/files/look": "name=day.csv",
    "GET /breaks": "state=waiting&kind=state",
    "GET /incidents": "state=open&scope=issuer",
    "GET /downtimes": "hours=24",
    "GET /playbook-runs": "state=live",
    "GET /breaks/workbook": "state=waiting&lang=en",
    "GET /chargebacks": "stage=live",
    "POST /chargebacks/{identity}/evidence": "kind=slip&name=slip.pdf",
    "GET /merchants/{merchant}/statements/{period}": "format=csv&lang=en",
    "GET /reports/{report}/file": "format=xlsx&lang=en",
    "GET /promise": "hours=24",
    "DELETE /transactions/{transaction}/conclusions/{conclusion}": "reason=mistaken",
    "DELETE /report-subscriptions/{user}/{length}": "reason=moved",
}
_KEYED: Final = frozenset(
    {
        *("POST /voids", "POST /refunds", "POST /clearing/files", "POST /chargebacks"),
        *("POST /chargebacks/{identity}/act", "POST /chargebacks/{identity}/evidence"),
        *("POST /playbooks/{playbook}/runs", "POST /report-subscriptions"),
    }
)
_SENT: Final = {
    "POST /clearing/files": "IND26112301ACOM",
    "POST /clearing/files/look": "day.csv",
    "POST /chargebacks/{identity}/evidence": "slip.pdf",
}
_STREAMED: Final = frozenset({"GET /cases/events"})
_FILES: Final = {
    "POST /payout-files/{file}/take": "payouts.xml",
    "GET /breaks/workbook": "breaks.xlsx",
    "GET /chargebacks/{identity}/evidence/{document}": "slip.pdf",
    "GET /cases/{number}/proof": "proof.zip",
    "GET /merchants/{merchant}/statements/{period}": "statement.csv",
    "GET /reports/{report}/file": "report.xlsx",
    "GET /training/certificates/{certificate}/file": "certificate.pdf",
    "GET /drills/{drill}/file": "drill.pdf",
    "GET /cases/{number}/proof.pdf": "proof.pdf",
    "GET /transactions/{transaction}/conclusions/{conclusion}/evidence": "evidence",
}
# What only people with a session may do has none.
_PYTHON: Final[Mapping[str, str]] = {
    "GET /payouts": 'for one in annul.payouts.list(state="paid"):\n'
    "    print(one.run_on, one.merchant, one.amount)",
    "GET /payouts/{payout}": 'whole = annul.payouts.get("{payout}")\n'
    "print(whole.state, [one.business_date for one in whole.days])",
    "GET /payouts/days/{day}": 'for one in annul.payouts.day(date.fromisoformat("{day}")):\n'
    "    print(one.currency, one.came, one.out)",
    "POST /payouts/run": 'made = annul.payouts.run("before the holiday")\nprint(made.made)',
    "POST /payouts/{payout}/cancel": 'annul.payouts.cancel("{payout}", "the account has changed")',
    "GET /payout-files": "for one in annul.payouts.files():\n    print(one.name, one.total)",
    "POST /payout-files/{file}/take": 'Path("payouts.xml").write_bytes(\n'
    '    annul.payouts.take_file("{file}", "brought to the bank")\n)',
    "GET /bank-files": "for one in annul.payouts.bank_files():\n    print(one.name, one.outcomes)",
    "POST /bank-files": 'path = Path("statement.csv")\n'
    "annul.payouts.read_bank_file(path.read_bytes(), path.name, 'statement of the day')",
    "GET /clearing/files": "for one in annul.clearing.list():\n    print(one.name, one.state)",
    "POST /clearing/files": 'path = Path("IND26112301ACOM")\n'
    'with path.open("rb") as file:\n    print(annul.clearing.read(file, path.name).rows)',
    "POST /clearing/files/look": 'path = Path("day.csv")\n'
    'with path.open("rb") as file:\n    print(annul.clearing.look(file, path.name).map)',
    "GET /clearing/files/{file}": 'whole = annul.clearing.get("{file}")\n'
    "print(whole.state, [(one.kind, one.count) for one in whole.breaks])",
    "GET /clearing/files/{file}/bad-lines": 'for one in annul.clearing.bad_lines("{file}"):\n'
    "    print(one.line, one.reason.en)",
    "GET /clearing/files/{file}/differences": 'for one in annul.clearing.differences("{file}"):\n'
    "    print(one.line, one.money, one.account)",
    "POST /clearing/files/{file}/preview": 'print(annul.clearing.preview("{file}").kinds)',
    "POST /clearing/files/{file}/commit": 'annul.clearing.commit("{file}", "seen the preview")',
    "POST /clearing/files/{file}/drop": 'annul.clearing.drop("{file}", "the wrong file")',
    "POST /clearing/files/{file}/discard": "annul.clearing.discard("
    '"{file}", "the issuer has sent another")',
    "POST /clearing/files/{file}/again/preview": 'found = annul.clearing.preview_again("{file}")\n'
    "print([(one.before, one.after, one.count) for one in found.changes])",
    "POST /clearing/files/{file}/again": 'annul.clearing.again("{file}", "the rules have changed")',
    "GET /clearing/expected": "for one in annul.clearing.expected():\n"
    "    print(one.settles_on, one.layout, one.state)",
    "GET /clearing/rules": "for one in annul.clearing.rules():\n"
    "    print(one.version, one.state, one.rules)",
    "PUT /clearing/rules": "latest = next(one for one in annul.clearing.rules() "
    'if one.state == "in_force")\n'
    "rules = latest.rules.model_copy(update=dict(carry_days=2))\n"
    'annul.clearing.set_rules(rules, "their files come two days later")',
    "GET /clearing/maps": "for one in annul.clearing.maps():\n    print(one.name, one.map.columns)",
    "PUT /clearing/maps/{name}": 'with open("day.csv", "rb") as file:\n'
    '    guessed = annul.clearing.look(file, "day.csv").map\n'
    'annul.clearing.save_map("{name}", guessed)',
    "DELETE /clearing/maps/{name}": 'annul.clearing.forget_map("{name}")',
    "GET /incidents": 'for one in annul.incidents.list(state="open", scope="issuer"):\n'
    "    print(one.number, one.title.en, one.cause)",
    "GET /incidents/{incident}": 'whole = annul.incidents.get("{incident}")\n'
    "print(whole.case_count, [one.text.en for one in whole.events])",
    "POST /incidents/{incident}/acknowledge": 'annul.incidents.acknowledge("{incident}")',
    "POST /incidents/{incident}/owner": 'annul.incidents.own("{incident}", "li")',
    "POST /incidents/{incident}/notes": (
        'annul.incidents.note("{incident}", "called their duty desk")'
    ),
    "POST /incidents/{incident}/close": 'annul.incidents.close("{incident}", "over since noon")',
    "POST /incidents/{incident}/learnt": (
        'annul.incidents.learn("{incident}", "their window begins at 23:30")'
    ),
    "POST /incidents/{incident}/reopen": 'annul.incidents.reopen("{incident}", "it goes on")',
    "POST /incidents/{incident}/merge": (
        'annul.incidents.merge("{incident}", "E261127-482914", "one network")'
    ),
    "POST /incidents/{incident}/split": "new = annul.incidents.split(\n"
    '    "{incident}", "another matter", kinds=["case_late"]\n)\nprint(new)',
    "GET /downtimes": "for one in annul.incidents.downtimes():\n"
    "    print(one.issuer, one.started_at, one.ended_at)",
    "GET /breaks": 'for one in annul.breaks.list(state="waiting", kind="state"):\n'
    "    print(one.merchant, one.money, one.cause)",
    "GET /breaks/sums": "for one in annul.breaks.sums():\n"
    "    print(one.kind, one.count, one.money)",
    "GET /breaks/workbook": 'Path("breaks.xlsx").write_bytes('
    'annul.breaks.workbook(state="waiting", lang="en"))',
    "POST /breaks/workbook": 'content = Path("breaks.xlsx").read_bytes()\n'
    "for row in annul.breaks.decide(content).decisions:\n    print(row.row, row.problem)",
    "POST /breaks/assign": 'annul.breaks.assign(["{identity}"], "li")',
    "POST /breaks/resolve": 'done = annul.breaks.resolve_many(["{identity}"], "as suggested")\n'
    "print([(one.id, one.state, one.code) for one in done.items])",
    "GET /chargebacks": 'for one in annul.chargebacks.list(stage="live"):\n'
    "    print(one.number, one.stage, one.due_at)",
    "GET /chargebacks/proposals": "for one in annul.chargebacks.proposals():\n"
    "    print(one.reference, one.act, one.follows)",
    "GET /chargebacks/sums": "for one in annul.chargebacks.sums():\n"
    "    print(one.stage, one.count, one.held)",
    "POST /chargebacks": "one = annul.chargebacks.enter(\n"
    '    "CB20261123001", "300000000001", "cancelled", "from the network"\n)\n'
    "print(one.stage, one.suggested)",
    "GET /chargebacks/{identity}": 'whole = annul.chargebacks.get("{identity}")\n'
    "print(whole.stage, whole.follows)",
    "POST /chargebacks/{identity}/act": (
        'annul.chargebacks.act("{identity}", "represent", "the void is proved")'
    ),
    "POST /chargebacks/{identity}/assign": 'annul.chargebacks.assign("{identity}", "li")',
    "POST /chargebacks/{identity}/evidence": 'with open("slip.pdf", "rb") as file:\n'
    '    annul.chargebacks.add_evidence("{identity}", "slip", file, "slip.pdf")',
    "GET /chargebacks/{identity}/evidence/{document}": 'Path("slip.pdf").write_bytes('
    'annul.chargebacks.evidence("{identity}", "{document}"))',
    "GET /breaks/{identity}": 'whole = annul.breaks.get("{identity}")\n'
    "print(whole.differs, whole.suggested)",
    "POST /breaks/{identity}/resolve": 'annul.breaks.resolve("{identity}", "ours_stand", "letter")',
    "GET /merchants/{merchant}/accounts": 'for one in annul.accounts.list("{merchant}"):\n'
    "    print(one.holder, one.account, one.state)",
    "PUT /merchants/{merchant}/accounts/{account}": "annul.accounts.ask(\n"
    '    "{merchant}",\n    holder="示例茶馆",\n    bank="104100000004",\n'
    '    number="6222000000000000017",\n    reason="contract",\n    identity="{account}",\n)',
    "POST /merchants/{merchant}/accounts/{account}/reject": "annul.accounts.reject("
    '"{merchant}", "{account}", "not its own")',
    "POST /merchants/{merchant}/accounts/{account}/stop": "annul.accounts.stop("
    '"{merchant}", "{account}", "asked by the shop")',
    "POST /merchants/{merchant}/accounts/{account}/use-again": "annul.accounts.use_again("
    '"{merchant}", "{account}", "the bank erred")',
    "GET /merchants/{merchant}/moves": 'for one in annul.accounts.moves("{merchant}"):\n'
    "    print(one.kind, one.amount, one.state)",
    "PUT /merchants/{merchant}/moves/{move}": "annul.accounts.move(\n"
    '    "{merchant}", "freeze", 10000, "dispute", identity="{move}"\n)',
    "POST /merchants/{merchant}/moves/{move}/reject": "annul.accounts.reject_move("
    '"{merchant}", "{move}", "not due")',
    "GET /transactions": 'for one in annul.transactions.list(kind="void"):\n'
    "    print(one.rrn, one.amount, one.state)",
    "GET /transactions/{transaction}": 'chain = annul.transactions.get("{transaction}")\n'
    "print(chain.original.state)",
    "GET /money-in-question": "for one in annul.money_in_question.list():\n"
    "    print(one.since, one.rrn, one.amount)",
    "GET /transactions/{transaction}/conclusions": "found = annul.money_in_question.get("
    '"{transaction}")\nprint(found.possible, found.if_done.en)',
    "POST /transactions/{transaction}/conclusions": "annul.money_in_question.propose(\n"
    '    "{transaction}",\n    done=True,\n    reason="the issuer has written so",\n'
    '    evidence=b"letter",\n    evidence_name="letter.pdf",\n)',
    "DELETE /transactions/{transaction}/conclusions/{conclusion}": (
        'annul.money_in_question.withdraw("{transaction}", "{conclusion}", "mistaken")'
    ),
    "GET /transactions/{transaction}/conclusions/{conclusion}/evidence": (
        'letter = annul.money_in_question.evidence("{transaction}", "{conclusion}")'
    ),
    "POST /voids": 'void = annul.voids.create({{"rrn": "519820000416"}}, "{merchant}")\n'
    "print(void.state, void.money.en)",
    "GET /voids/{void}": 'void = annul.voids.wait("{void}", within_s=60)\nprint(void.state)',
    "POST /refunds": "refund = annul.refunds.create(\n"
    '    {{"rrn": "519820000416"}}, "{merchant}", 1000\n)\nprint(refund.state)',
    "GET /refunds/{refund}": 'refund = annul.refunds.wait("{refund}", within_s=60)',
    "GET /orders": "for order in annul.orders.waiting():\n    print(order.id, order.amount)",
    "GET /orders/{order}": 'order = annul.orders.get("{order}")',
    "GET /cases/events": "for change in annul.cases.events():\n"
    "    print(change.number, change.step, change.ended)",
    "GET /cases": 'for case in annul.cases.list("open"):\n'
    "    print(case.number, case.cause, case.due_at)",
    "GET /cases/{number}": 'case = annul.cases.get("{number}")\nprint(case.allowed)',
    "POST /cases/{number}/acts": ('annul.cases.act("{number}", "note", "the customer has called")'),
    "GET /cases/{number}/proof": 'proof = annul.cases.proof("{number}")',
    "GET /cases/{number}/proof.pdf": 'page = annul.cases.printed("{number}")',
    "POST /cases/{number}/advice": 'annul.cases.answer("{number}", helped=True)',
    "GET /diagnosis/advice": (
        "for one in annul.diagnosis.helped():\n    print(one.cause, one.helped, one.answers)"
    ),
    "POST /diagnosis": "found = annul.diagnosis.of_messages(\n"
    '    "{request}",\n    "{response}",\n)\n'
    "print(found.causes[0].title.en)",
    "GET /diagnosis/{void}": 'found = annul.diagnosis.of_void("{void}")',
    "GET /merchants": "for one in annul.merchants.list():\n    print(one.id, one.name_en)",
    "GET /merchants/{merchant}": 'merchant = annul.merchants.get("{merchant}")',
    "PATCH /merchants/{merchant}": (
        'annul.merchants.change("{merchant}", "as agreed", retry_voids=True)'
    ),
    "GET /merchants/{merchant}/terminals": (
        'for terminal in annul.merchants.terminals("{merchant}"):\n    print(terminal.id)'
    ),
    "GET /merchants/{merchant}/batch-differences": (
        'for one in annul.merchants.differences("{merchant}"):\n'
        "    print(one.batch, one.trace, one.claimed, one.kept)"
    ),
    "POST /merchants/{merchant}/batch-differences/{terminal}/{batch}/{trace}/resolve": (
        'for one in annul.merchants.differences("{merchant}", batch="{batch}"):\n'
        '    annul.merchants.resolve_difference(one, "host_stands", "slip seen")'
    ),
    "GET /merchants/{merchant}/days": (
        'for day in annul.merchants.days("{merchant}"):\n    print(day.net, day.due_on)'
    ),
    "GET /merchants/{merchant}/statements/{period}": (
        'content = annul.merchants.statement("{merchant}", "{period}", "csv")'
    ),
    "GET /capacity": "for cell in annul.capacity.list():\n    print(cell.cell, cell.most)",
    "GET /capacity/planned": (
        "for cell in annul.capacity.planned(100):\n    print(cell.cell, cell.planned)"
    ),
    "POST /what-if": (
        'tried = annul.what_if.merchant("amount_limit", 100_000)\nprint(tried.sums, tried.more)'
    ),
    "GET /reports/{report}": (
        'week = annul.reports.get("{report}")\nprint(week.now.asked, week.first)'
    ),
    "GET /reports/{report}/file": 'content = annul.reports.file("{report}", "xlsx", "en")',
    "GET /report-subscriptions": (
        "for one in annul.report_subscriptions.list():\n    print(one.user, one.length, one.latest)"
    ),
    "POST /report-subscriptions": (
        'annul.report_subscriptions.create("{user}", "{length}", "li@bank.example", "wanted")'
    ),
    "DELETE /report-subscriptions/{user}/{length}": (
        'annul.report_subscriptions.end("{user}", "{length}", "moved")'
    ),
    "GET /training/progress": (
        "for one in annul.training.progress():\n    print(one.person, one.course, one.done, one.of)"
    ),
    "GET /training/certificates/{certificate}": (
        'held = annul.training.certificate("{certificate}")\nprint(held.person, held.valid)'
    ),
    "GET /training/certificates/{certificate}/file": (
        'content = annul.training.file("{certificate}")'
    ),
    "GET /drills": (
        "for run in annul.drills.list():\n"
        "    print(run.number, run.drill, run.total, run.total_alone)"
    ),
    "GET /drills/known": (
        "for drill in annul.drills.known():\n    print(drill.name, drill.minutes)"
    ),
    "GET /drills/{drill}": (
        'run = annul.drills.get("{drill}")\n'
        "for moment in run.timeline:\n    print(moment.minute, moment.who, moment.text.en)"
    ),
    "GET /drills/{drill}/file": 'content = annul.drills.file("{drill}", "en")',
    "GET /merchants/{merchant}/terms": 'terms = list(annul.merchants.terms("{merchant}"))',
    "PUT /merchants/{merchant}/terms/{valid_from}": (
        'annul.merchants.agree("{merchant}", date(2026, 12, 1), "new contract", cycle="calendar")'
    ),
    "GET /merchants/{merchant}/cut-overs": 'ends = list(annul.merchants.cut_overs("{merchant}"))',
    "PUT /merchants/{merchant}/cut-overs/{valid_from}": (
        'annul.merchants.agree_on_cut_over("{merchant}", date(2026, 12, 1), "winter", "06:00")'
    ),
    "GET /merchants/{merchant}/fees": (
        'for line in annul.merchants.fees("{merchant}", amount=10_000):\n'
        "    print(line.card_type, line.rate_ppm, line.sample)"
    ),
    "PUT /merchants/{merchant}/fees/{card_type}/{valid_from}": (
        "annul.merchants.agree_on_price(\n"
        '    "{merchant}", date(2026, 12, 1), "new contract",\n'
        '    card_type="debit", rate_ppm=4_500, cap=1_800,\n)'
    ),
    "GET /merchants/{merchant}/fees/difference": (
        "found = annul.merchants.fee_difference(\n"
        '    "{merchant}", date(2026, 11, 1), date(2026, 11, 30),\n'
        '    card_type="debit", rate_ppm=4_500, cap=1_800,\n)\n'
        "print([one.difference for one in found])"
    ),
    "GET /merchants/{merchant}/margin": (
        'for day in annul.merchants.margin("{merchant}", "2026-11"):\n'
        "    print(day.business_date, day.margin)"
    ),
    "GET /issuers": "for one in annul.issuers.list():\n    print(one.id, one.name_en)",
    "GET /issuers/{issuer}": 'issuer = annul.issuers.get("{issuer}")',
    "GET /issuers/{issuer}/rules": (
        'for rule in annul.issuers.rules("{issuer}"):\n    print(rule.rule, rule.number, rule.sure)'
    ),
    "GET /promise": "print(annul.promise())",
    "POST /webhooks": 'made = annul.webhooks.create("https://shop.example/annul", "{merchant}")\n'
    "print(made.id)",
    "GET /webhooks": "for webhook in annul.webhooks.list():\n    print(webhook.id, webhook.url)",
    "DELETE /webhooks/{webhook}": 'annul.webhooks.end("{webhook}")',
    "GET /webhooks/{webhook}/deliveries": (
        'for attempt in annul.webhooks.deliveries("{webhook}"):\n'
        "    print(attempt.at, attempt.status)"
    ),
    "POST /webhooks/{webhook}/deliveries/{delivery}/replay": (
        'annul.webhooks.replay("{webhook}", "{delivery}")'
    ),
    "GET /playbooks": "for one in annul.playbooks.list():\n    print(one.name, one.needs)",
    "GET /playbooks/{playbook}": 'whole = annul.playbooks.get("{playbook}")\n'
    "print([one.title.en for one in whole.steps])",
    "POST /playbooks/check": 'text = Path("night_window.toml").read_text()\n'
    "print(annul.playbooks.check(text).flaws)",
    "POST /playbooks/dry": 'dry = annul.playbooks.dry("issuer_down", issuer="00000101")\n'
    "print([(one.id, one.comes, one.word) for one in dry.steps])",
    "POST /playbooks/{playbook}/runs": (
        'run = annul.playbooks.start("{playbook}", "their duty desk has called", issuer="00000101")'
    ),
    "GET /playbook-runs": 'for one in annul.playbooks.runs(state="live"):\n'
    "    print(one.number, one.step)",
    "GET /playbook-runs/{run}": 'run = annul.playbooks.run("{run}")\nprint(run.state, run.here)',
    "POST /playbook-runs/{run}/answer": 'annul.playbooks.answer("{run}", "why", "fault")',
    "POST /playbook-runs/{run}/do": 'annul.playbooks.do("{run}", "hold", "no end in sight")',
    "POST /playbook-runs/{run}/propose": (
        'annul.playbooks.propose("{run}", "refund_instead", "customers wait")'
    ),
    "POST /playbook-runs/{run}/confirm": 'annul.playbooks.confirm("{run}", "refund_instead")',
    "POST /playbook-runs/{run}/skip": (
        'annul.playbooks.skip("{run}", "network", "they have called us")'
    ),
    "POST /playbook-runs/{run}/stop": 'annul.playbooks.stop("{run}", "it was a test of theirs")',
    "POST /playbook-runs/{run}/undo": 'annul.playbooks.undo("{run}", "it works again")',
    "GET /interventions": (
        "for one in annul.interventions.list():\n    print(one.kind, one.state, one.valid_until)"
    ),
    "POST /interventions": (
        'why = "its voids fail"\n'
        'annul.interventions.begin("retries_paused", 30, why, issuer="{issuer}")'
    ),
    "POST /interventions/{identity}/confirm": (
        'annul.interventions.confirm("{identity}", "seen as well")'
    ),
    "POST /interventions/{identity}/end": 'annul.interventions.end("{identity}", "it works again")',
    "GET /notices/channels": (
        "for channel in annul.notices.channels():\n    print(channel.name, channel.error)"
    ),
    "POST /notices/channels/{channel}/test": ('print(annul.notices.test("{channel}").outcome)'),
    "GET /health": "print(annul.health())",
}


def curl(call: str) -> str:
    """Write a call, such as `GET /cases`, for curl; key and address are in the environment."""
    method, path = call.split(" ")
    address = f"$ANNUL{path.format(**_PLACES)}"
    if call in _QUERIES:
        address += f"?{_QUERIES[call]}"
    flags = "-N -sS" if call in _STREAMED else "-sS"
    lines = [f'curl {flags} "{address}"', '-H "Authorization: Bearer $KEY"']
    if method not in {"GET", "POST"} or (method == "POST" and call not in _BODIES):
        lines.append(f"-X {method}")
    if call in _KEYED:
        lines.append('-H "Idempotency-Key: order-4711"')
    if call in _BODIES:
        body = shlex.quote(json.dumps(_BODIES[call]))
        lines += ['-H "Content-Type: application/json"', f"-d {body}"]
    if call in _SENT:  # as it stands, and never held in memory whole
        lines += ['-H "Content-Type: application/octet-stream"', f"-T {_SENT[call]}"]
    if call in _FILES:
        lines.append(f"-o {_FILES[call]}")
    return " \\\n  ".join(lines)


def python(call: str, address: str) -> str:
    """Write a call for the typed client; empty where only people with a session may do it."""
    if call not in _PYTHON:
        return ""
    does = _PYTHON[call].format(**_PLACES, **_BODIES["POST /diagnosis"])
    within = "\n".join(f"    {line}" for line in does.splitlines())
    return (
        "import os\n\nfrom annul.client import Client\n\n"
        f'with Client("{address}", key=os.environ["KEY"]) as annul:\n{within}'
    )
