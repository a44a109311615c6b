"""tests/ mirrors src/annul/: what holds a module is found by its path; helpers have one place."""

import ast
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Final

import pytest

_TESTS: Final = Path(__file__).parents[1]
_SOURCE: Final = _TESTS.parent / "src" / "annul"
_LEVELS: Final = ("unit", "property", "integration", "acceptance")
_SMALL: Final = 40  # lines that need no test of their own

# Rooms whose modules are tested as a whole, and where.
_ROOMS: Final = {
    "api/v1/*": "integration/api/v1/test_reads.py",  # by what is called
    "cli/*": "acceptance/cli/test_up.py",
    "client/models/*": "acceptance/client/test_resources.py",  # each is read of a real answer
    "operate/measures/*": "unit/operate/measures/test_table.py",  # rows of one table
    "console/*": "acceptance/browser/test_roles.py",  # it walks every page with every role
    "desk/*": "integration/api/v1/test_scopes.py",  # the API and the console are its callers
    "sim/scenes/*": "integration/sim/scenes/test_struck.py",  # it strikes every one
    "operate/drills/*": "acceptance/cli/test_drill.py",  # a drill takes all of it
    "sim/issuer/*": "integration/sim/issuer/test_impolite.py",
    "sim/terminal/*": "integration/sim/terminal/test_soft_terminal.py",
    "simulation/*": "integration/simulation/test_story.py",  # a story needs all of it to hold
    "wire/*": "property/wire/test_roundtrip.py",  # the codec's parts, under its one interface
}
# Single modules that are tested under another name. Where money moves there is no other exception.
_MODULES: Final = {
    "diagnose/strengths": "unit/diagnose/test_signals.py",
    "diagnose/weights": "unit/diagnose/test_causes.py",  # causes are put together with it
    "api/door": "integration/api/test_login.py",  # what its pages share
    "api/problems": "integration/api/v1/test_others.py",
    "api/watched": "integration/api/test_gate.py",
    "client/asked": "acceptance/client/test_resources.py",
    "client/errors": "unit/client/test_transport.py",
    "client/merchants": "acceptance/client/test_resources.py",
    "client/chargebacks": "acceptance/client/test_resources.py",
    "client/clearing": "acceptance/client/test_resources.py",
    "settle/clearing/declared": "integration/desk/test_clearing_expected.py",
    "settle/clearing/counting": "integration/settle/clearing/test_commit.py",
    "settle/clearing/load": "integration/settle/clearing/test_commit.py",
    "settle/chargebacks/proposals": "integration/desk/test_chargeback_proposals.py",
    "settle/chargebacks/errors": "integration/settle/chargebacks/test_book.py",
    "client/payouts": "acceptance/client/test_resources.py",
    "client/incidents": "acceptance/client/test_resources.py",
    "client/interventions": "acceptance/client/test_resources.py",
    "client/playbooks": "acceptance/client/test_resources.py",
    "client/reports": "acceptance/client/test_resources.py",
    "client/whatif": "acceptance/client/test_resources.py",
    "client/signature": "unit/resolve/notify/test_webhooks.py",
    "diagnose/codes": "unit/diagnose/test_rank.py",
    "diagnose/surroundings": "integration/diagnose/test_gather.py",
    "cells/copying": "acceptance/cells/test_moving.py",
    "domain/action_codes": "unit/issuers/test_editions.py",
    "domain/differences": "unit/domain/test_incidents.py",
    "domain/incident": "unit/domain/test_incidents.py",
    "domain/link_profile": "unit/issuers/test_link_profiles.py",
    "domain/link_words": "unit/issuers/test_link_settings.py",
    "domain/notice_incidents": "unit/domain/test_incidents.py",
    "domain/issuer_incidents": "unit/domain/test_incidents.py",
    "domain/clearing_incidents": "unit/domain/test_incidents.py",
    "domain/alarm_incidents": "unit/domain/test_incidents.py",
    "domain/payout_incidents": "unit/domain/test_incidents.py",
    "domain/watch_incidents": "unit/domain/test_incidents.py",
    "domain/head_kinds": "unit/domain/test_heads.py",
    "host/host": "integration/host/test_answering.py",  # what handlers need; it does nothing
    "app/figures": "acceptance/app/test_pages.py",
    "app/watching": "acceptance/app/test_hosting_loops.py",
    "host/asking": "integration/host/test_financial.py",
    "host/passage": "integration/operate/test_tracing.py",
    "host/port": "acceptance/host/test_server_tls.py",
    "host/moves": "acceptance/cells/test_moves_left.py",
    "issuers/connection": "integration/issuers/test_link.py",
    "issuers/errors": "integration/issuers/test_link.py",
    "issuers/key_rows": "integration/issuers/test_key_exchange.py",
    "issuers/limits": "integration/issuers/test_link.py",
    "issuers/seal": "integration/issuers/test_link.py",
    "issuers/trial/line": "integration/issuers/trial/test_trial.py",
    "issuers/trial/talk": "integration/issuers/trial/test_trial.py",
    "operate/incidents/keeping": "integration/operate/incidents/test_gathering.py",
    "operate/trouble": "integration/desk/test_outages.py",
    "domain/playbook_checks": "unit/operate/playbooks/test_reading.py",
    "domain/playbook_flaws": "unit/operate/playbooks/test_reading.py",
    "operate/playbooks/keeping": "integration/operate/playbooks/test_running.py",
    "operate/playbooks/looks": "integration/operate/playbooks/test_looking.py",
    "operate/playbooks/starting": "integration/operate/playbooks/test_by_people.py",
    "operate/playbooks/stepping": "integration/operate/playbooks/test_by_people.py",
    "operate/playbooks/undoing": "integration/operate/playbooks/test_by_people.py",
    "operate/notices/book": "integration/operate/notices/test_spreading.py",
    "operate/notices/facts": "integration/operate/notices/test_telling.py",
    "operate/notices/robots": "integration/operate/notices/test_telling.py",
    "operate/notices/trying": "integration/desk/test_notices.py",
    "operate/reports/mailing": "integration/operate/notices/test_mails.py",
    "operate/reports/counts": "unit/operate/reports/test_report.py",
    "operate/reports/pdf": "unit/operate/reports/test_letter.py",
    "operate/reports/plain": "unit/operate/reports/test_report.py",
    "operate/reports/sections": "unit/operate/reports/test_report.py",
    "operate/reports/workbook": "unit/operate/reports/test_letter.py",
    "renewal": "integration/test_serving_tls.py",
    "resolve/actions": "integration/resolve/test_resolver.py",
    "resolve/differences": "integration/resolve/test_audit.py",
    "resolve/exports": "integration/resolve/test_seals.py",
    "resolve/notify/outbound": "unit/resolve/notify/test_webhooks.py",
    "resolve/pace": "integration/resolve/test_resolver.py",
    "resolve/proof_page": "unit/resolve/test_proof_pdf.py",
    "resolve/sealing": "acceptance/cli/test_audit.py",
    "resolve/situation": "unit/resolve/test_plan.py",
    "resolve/words": "unit/resolve/test_requests.py",
    "security/ciphers": "unit/security/test_vectors.py",
    "security/mac": "unit/security/test_vectors.py",
    "security/masterkey": "unit/security/test_keys.py",
    "security/module": "unit/security/test_keys.py",
    "security/software": "unit/security/test_keys.py",
    "operate/capacity/asking": "integration/operate/capacity/test_judging.py",
    "operate/capacity/measured": "unit/operate/capacity/test_carries.py",
    "operate/capacity/told": "unit/operate/capacity/test_report.py",
    "settle/bank/rows": "unit/settle/bank/test_read.py",
    "settle/bank/values": "unit/settle/bank/test_camt.py",
    "settle/bank/xml": "unit/settle/bank/test_read.py",
    "settle/clearing/fields": "unit/settle/clearing/test_layouts.py",
    "settle/clearing/standing": "integration/settle/clearing/test_again.py",
    "settle/clearing/meanings": "unit/settle/clearing/test_layouts.py",
    "sim/bank/behaviour": "unit/sim/bank/test_bank.py",
    "sim/bank/books": "unit/sim/bank/test_bank.py",
    "sim/bank/orders": "unit/sim/bank/test_bank.py",
    "sim/fleet": "integration/sim/terminal/test_terminal_tls.py",
    "settle/statement/csv_file": "unit/settle/statement/test_files.py",
    "settle/statement/pdf": "unit/settle/statement/test_files.py",
    "settle/statement/workbook": "unit/settle/statement/test_files.py",
    "store/database": "integration/store/test_embedded.py",
    "store/journal_sql": "integration/store/test_journal.py",
}


def _modules() -> Iterator[str]:
    """Name the modules that are long enough, by their paths without the ending."""
    for file in sorted(_SOURCE.rglob("*.py")):
        if file.name == "__init__.py" or "migrations" in file.parts:
            continue
        if len(file.read_text(encoding="utf-8").splitlines()) > _SMALL:
            yield file.relative_to(_SOURCE).with_suffix("").as_posix()


def _is_mirrored(module: str) -> bool:
    """Say whether a test file stands where the module does: of its name, or beginning with it."""
    folder, name = Path(module).parent, Path(module).name
    return any(
        (_TESTS / level / folder / f"test_{name}.py").exists()
        or any((_TESTS / level / folder).glob(f"test_{name}_*.py"))
        for level in _LEVELS
    )


@pytest.mark.parametrize("module", tuple(_modules()))
def test_each_module_is_tested_where_its_path_says(module: str) -> None:
    room = any(fnmatch(module, pattern) for pattern in _ROOMS)
    assert _is_mirrored(module) or module in _MODULES or room, (
        f"no test_{Path(module).name}.py under tests/*/{Path(module).parent}"
    )


def test_no_exception_is_left_over() -> None:
    known = set(_modules())
    assert [module for module in _MODULES if module not in known or _is_mirrored(module)] == []
    assert [
        pattern
        for pattern in _ROOMS
        if not any(fnmatch(module, pattern) and not _is_mirrored(module) for module in known)
    ] == []


@pytest.mark.parametrize("test", sorted({*_ROOMS.values(), *_MODULES.values()}))
def test_what_takes_the_place_of_a_mirror_is_there(test: str) -> None:
    assert (_TESTS / test).exists()


@pytest.mark.parametrize("level", ["unit", "property", "integration"])
def test_each_folder_of_tests_is_a_room(level: str) -> None:
    folders = {file.parent for file in (_TESTS / level).rglob("test_*.py")}
    places = [folder.relative_to(_TESTS / level) for folder in folders]
    assert [place for place in places if not (_SOURCE / place).is_dir()] == []


# Helpers -------------------------------------------------------------------------------------


@cache  # every worker collects this file, one runs it
def _imported() -> tuple[tuple[Path, str], ...]:
    return tuple(_imports())


def _imports() -> Iterator[tuple[Path, str]]:
    """Name every module that a file of tests/ imports; of its own folder with a dot before."""
    for file in sorted(_TESTS.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from ((file, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield file, "." * node.level + (node.module or "")


def test_no_test_imports_a_bench() -> None:
    assert [str(file) for file, name in _imported() if name.split(".")[0] == "bench"] == []


def test_what_several_rooms_use_lives_in_support() -> None:
    """Of another room nothing is imported; within a folder helpers are no tests themselves."""
    strayed = [
        f"{file.relative_to(_TESTS)}: {name}"
        for file, name in _imported()
        if (name.startswith("tests.") and not name.startswith("tests.support"))
        or name.startswith((".test_", ".."))
    ]
    assert strayed == []
