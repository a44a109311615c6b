"""What annul is made of: a bill of materials (CycloneDX), and whether any of it is vulnerable.

`python -m tools.dependencies` writes the bill of `requirements/base.txt`, then asks pip-audit's
service of known vulnerabilities about all that is locked, `requirements/dev.txt` included. Status 1
when one is known; 0 when none is, and when nobody answers, which is said on one line.
"""

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final, cast

import requests
from pip_audit._dependency_source import RequirementSource
from pip_audit._service import OsvService, ResolvedDependency, ServiceError

_ROOT: Final = Path(__file__).parents[1]
_SHIPPED: Final = _ROOT / "requirements" / "base.txt"
_ALL: Final = _ROOT / "requirements" / "dev.txt"
_BUILD: Final = _ROOT / "build"


def locked(file: Path) -> list[ResolvedDependency]:
    """Give what a locked file names for this platform; each line has its version and hashes."""
    found = RequirementSource([file], require_hashes=True, disable_pip=True).collect()
    known = (cast("ResolvedDependency", one) for one in found if not one.is_skipped())
    return sorted(known, key=lambda one: one.canonical_name)


def bill(parts: Iterable[ResolvedDependency]) -> str:
    """Give the bill of materials as JSON; of the same parts it is the same."""
    made = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "annul"}},
        "components": [
            {
                "type": "library",
                "name": part.canonical_name,
                "version": str(part.version),
                "purl": f"pkg:pypi/{part.canonical_name}@{part.version}",
            }
            for part in parts
        ],
    }
    return json.dumps(made, indent=2) + "\n"


def vulnerable(parts: Iterable[ResolvedDependency], service: OsvService) -> Iterable[str]:
    """Give a line for each known vulnerability.

    Raises `ServiceError` or `requests.RequestException` when the service does not answer.
    """
    for part in parts:
        for one in service.query(part)[1]:
            mended = ", ".join(str(version) for version in one.fix_versions) or "no version"
            yield f"{part.canonical_name} {part.version}: {one.id}, mended in {mended}"


def main() -> int:
    """Write the bill, then ask; give the exit status."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--bill", type=Path, default=_BUILD / "sbom.json")
    options.add_argument("--service", default=OsvService.DEFAULT_OSV_URL)
    options.add_argument("--within", type=int, default=5, help="seconds for one answer")
    given = options.parse_args()
    given.bill.parent.mkdir(parents=True, exist_ok=True)
    given.bill.write_text(bill(locked(_SHIPPED)), encoding="utf-8")
    service = OsvService(_BUILD / "osv", given.within, given.service)
    status = 0
    try:
        for line in vulnerable(locked(_ALL), service):
            print(line, file=sys.stderr)
            status = 1
    except (ServiceError, requests.RequestException) as error:
        print(f"known vulnerabilities: could not ask ({type(error).__name__}), nothing is proved")
    return status


if __name__ == "__main__":
    sys.exit(main())
