"""Settings: command line over environment over file, and a clear refusal of what is wrong."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from annul.settings import Settings


def test_order_of_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "annul.toml").write_text('node = 1\nacquirer_id = "12345678"\nmax_in_flight = 7\n')
    monkeypatch.setenv("ANNUL_NODE", "2")
    monkeypatch.setenv("ANNUL_MAX_IN_FLIGHT", "8")
    given = {"data": tmp_path, "max_in_flight": 9, "log_level": None}
    settings = Settings.load(None, **given)
    assert (settings.acquirer_id, settings.node, settings.max_in_flight) == ("12345678", 2, 9)
    origins = settings.origins()
    assert origins["acquirer_id"] == "file"
    assert origins["node"] == "environment"
    assert origins["max_in_flight"] == "command line"
    assert origins["log_level"] == "default"


def test_listens_on_loopback_by_default(tmp_path: Path) -> None:
    settings = Settings.load(None, data=tmp_path)
    assert settings.terminals_host == settings.status_host == "127.0.0.1"


@pytest.mark.parametrize(
    ("name", "value"),
    [("node", 10), ("zone", "Nowhere/None"), ("acquirer_id", "12"), ("unheard_of", "1")],
)
def test_a_wrong_value_is_named(tmp_path: Path, name: str, value: object) -> None:
    with pytest.raises((ValidationError, KeyError), match=f"{name}|No time zone"):
        Settings.load(None, data=tmp_path, **{name: value})


def test_secrets_do_not_show(tmp_path: Path) -> None:
    settings = Settings.load(
        None, data=tmp_path, master_key="ab" * 32, database="postgres://u:pw@h/d"
    )
    assert "abab" not in repr(settings)
    assert "pw" not in repr(settings)
