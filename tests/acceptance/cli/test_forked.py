"""A command that the tests fork is what the installed program is: the same words, the same end."""

import signal
import subprocess
from pathlib import Path

import pytest

from tests.support import processes
from tests.support.processes import Process, annul, free_port


@pytest.mark.parametrize(
    "words",
    [
        ("--help",),
        ("cse",),
        ("decode", "00"),
        ("users",),
        ("terminal", "show"),
        ("up", "--database=postgresql://annul@127.0.0.1:1/annul"),
    ],
    ids=lambda words: words[0],
)
def test_forked_and_installed_say_and_end_the_same(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert processes.nursery is not None
    environment = {"ANNUL_VOID_TIME_SCALE": "0.5", "COLUMNS": "100", "LANG": "zh_CN.UTF-8"}
    forked = annul(*words, environment=environment, cwd=tmp_path)
    monkeypatch.setattr(processes, "nursery", None)
    assert annul(*words, environment=environment, cwd=tmp_path) == forked


async def test_a_fork_is_a_process_of_its_own(tmp_path: Path) -> None:
    port = free_port()
    words = ["sim", "issuer", f"--port={port}", f"--control-port={free_port()}"]
    issuer, again = (Process(name, words, port, tmp_path) for name in ("issuer", "again"))
    await issuer.start()
    assert issuer.running is not None
    assert issuer.running.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        issuer.running.wait(0.01)
    issuer.kill()
    assert issuer.running.poll() == -signal.SIGKILL
    await again.start()
    await again.stop()
    assert again.running is not None
    assert again.running.poll() == -signal.SIGTERM
