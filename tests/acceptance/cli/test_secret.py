"""No secret stands in the arguments of a process: it comes in a file, by input or environment."""

import re
from pathlib import Path

import pytest

from annul.sim.terminal.profile import Profile
from tests.support.processes import Ended, annul, free_port

_URL = "postgresql://annul:tea-and-toast@127.0.0.1:1/annul"
_CARD, _PIN = "6200010000000007", "123456"
_COMMANDS = (
    ("up",),
    ("console",),
    ("cases",),
    ("case", "300000000001"),
    ("promise",),
    ("audit",),
    ("lessons",),
    ("conclude", "--list"),
    ("diagnose", "300000000001"),
    ("add-user", "ada", "--role=auditor"),
    ("terminal", "enrol", "898000058120000", "10000001", "--out=out", "--no-tls"),
)


def _with(folder: Path, database: str, command: tuple[str, ...] = ("cases",)) -> Ended:
    return annul(
        *command,
        f"--data={folder / 'data'}",
        f"--database={database}",
        environment={"ANNUL_PASSWORD": "x"},
        cwd=folder,
        logs=True,
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Give a file with the URL that only its owner reads."""
    file = tmp_path / "database"
    file.write_text(f"{_URL}\n")
    file.chmod(0o600)
    return file


@pytest.mark.parametrize("command", _COMMANDS, ids=" ".join)
def test_a_password_in_an_argument_is_refused(tmp_path: Path, command: tuple[str, ...]) -> None:
    ended = _with(tmp_path, _URL, command)
    assert (ended.status, ended.out) == (1, "")
    assert "holds a password" in ended.err
    assert "mode 0600" in ended.err
    assert "tea-and-toast" not in ended.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://127.0.0.1:1/annul?user=annul&password=tea-and-toast",
        "postgresql://annul:tea-and-toast@127.0.0.1:1,127.0.0.2:1/annul",
    ],
)
def test_it_is_found_wherever_it_stands(tmp_path: Path, url: str) -> None:
    assert "holds a password" in _with(tmp_path, url).err


def test_a_file_is_read_and_its_password_is_said_nowhere(tmp_path: Path, file: Path) -> None:
    ended = _with(tmp_path, str(file))
    assert ended.status == 1
    assert "no database answers" in ended.err
    assert "tea-and-toast" not in ended.err


def test_a_file_that_others_read_or_that_is_not_there_is_refused(
    tmp_path: Path, file: Path
) -> None:
    file.chmod(0o640)
    for name, said in ((file, "can be read by others"), (tmp_path / "none", "cannot be read")):
        ended = _with(tmp_path, str(name))
        assert (ended.status, said in ended.err) == (1, True)


def test_a_url_without_a_password_may_stand_there(tmp_path: Path) -> None:
    ended = _with(tmp_path, "postgresql://annul@/annul?host=/nowhere")
    assert "no database answers" in ended.err


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    """Give the profile of a terminal whose host is away."""
    file = tmp_path / "pos" / "10000001.json"
    Profile(
        merchant="898000058120000", terminal="10000001", master_key="0a" * 16, port=free_port()
    ).write(file)
    return file


@pytest.mark.parametrize(
    "words",
    [
        ("sale", "1", f"--card={_CARD}"),
        ("sale", "1", f"--pin={_PIN}"),
        ("qr-sale", "1", "--code=62 90"),
    ],
)
def test_a_card_or_pin_in_an_argument_is_refused(profile: Path, words: tuple[str, ...]) -> None:
    ended = annul("pos", f"--profile={profile}", *words)
    assert (ended.status, ended.out) == (1, "")
    assert re.search(r"--(card|pin|code) shows it to everybody", ended.err)
    assert _CARD not in ended.err
    assert _PIN not in ended.err


def test_a_card_comes_by_file_or_environment(profile: Path, tmp_path: Path) -> None:
    card = tmp_path / "card"
    card.write_text(_CARD)
    card.chmod(0o600)
    sale = ("pos", f"--profile={profile}", "sale", "1")
    assert "no card" in annul(*sale).err
    assert "no card" not in annul(*sale, f"--card={card}").err
    assert "no card" not in annul(*sale, environment={"ANNUL_CARD": _CARD}).err
