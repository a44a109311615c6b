"""How many connections the kernel's limit on open files allows, each in a process of its own."""

import json
import subprocess
import sys
from typing import Any, Final

import pytest

_SCRIPT: Final = """
import json, resource, sys
from structlog.testing import capture_logs
from annul.host.descriptors import connections_allowed
soft, hard, wanted = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
with capture_logs() as logs:
    allowed = connections_allowed(wanted)
limits = resource.getrlimit(resource.RLIMIT_NOFILE)
print(json.dumps({"allowed": allowed, "limits": limits, "logs": logs}))
"""


def _allowed(soft: int, hard: int, wanted: int) -> dict[str, Any]:
    result = subprocess.run(
        [sys.executable, "-c", _SCRIPT, str(soft), str(hard), str(wanted)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_fewer_are_allowed_than_wanted_where_the_limit_is_hard_and_it_is_said() -> None:
    found = _allowed(1_024, 1_024, 20_000)
    assert found["allowed"] == 1_024 - 256
    assert found["limits"] == [1_024, 1_024]
    (line,) = found["logs"]
    assert line["event"] == "fewer_connections"
    assert line["log_level"] == "warning"
    assert (line["wanted"], line["allowed"], line["descriptors"]) == (20_000, 768, 1_024)
    assert "LimitNOFILE" in line["next_step"]


def test_a_soft_limit_is_raised_as_far_as_the_hard_one() -> None:
    found = _allowed(512, 4_096, 20_000)
    assert found["limits"] == [4_096, 4_096]
    assert found["allowed"] == 4_096 - 256
    assert [line["event"] for line in found["logs"]] == ["fewer_connections"]


def test_a_soft_limit_is_raised_no_further_than_is_needed() -> None:
    found = _allowed(512, 4_096, 1_000)
    assert found == {"allowed": 1_000, "limits": [1_256, 4_096], "logs": []}


@pytest.mark.parametrize("wanted", [1, 767, 768])
def test_a_limit_that_is_enough_is_left_alone(wanted: int) -> None:
    assert _allowed(1_024, 4_096, wanted) == {
        "allowed": wanted,
        "limits": [1_024, 4_096],
        "logs": [],
    }


def test_one_connection_is_allowed_at_the_least() -> None:
    found = _allowed(200, 200, 20_000)
    assert (found["allowed"], len(found["logs"])) == (1, 1)
