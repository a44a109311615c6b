"""Settings: command line over environment over file, and a clear refusal of what is wrong."""

from pathlib import Path
from typing import Any, Final

import pytest
from pydantic import ValidationError

from annul.security.tls import Clients, ClientTls, ServerTls
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


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"audit": 364}, "audit is kept for 365 days at least"),
        ({"everything": 1}, "everything is none of"),
        ({"audit": 36_501}, "36500"),
    ],
)
def test_nothing_goes_sooner_than_it_may(tmp_path: Path, chosen: dict[str, int], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Settings.load(None, data=tmp_path, retention_days=chosen)
    (tmp_path / "annul.toml").write_text("[retention_days]\naudit = 365\n")
    assert Settings.load(None, data=tmp_path).retention_days == {"audit": 365}


def test_secrets_do_not_show(tmp_path: Path) -> None:
    settings = Settings.load(
        None, data=tmp_path, master_key="ab" * 32, database="postgres://u:pw@h/d"
    )
    assert "abab" not in repr(settings)
    assert "pw" not in repr(settings)


# TLS -----------------------------------------------------------------------------------------


def test_tls_is_read_from_tables_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "annul.toml").write_text(
        """
        node = 1

        [terminals_tls]
        certificate = "port.pem"
        key = "port.key"
        clients = "wanted"
        client_ca = "shops.pem"

        [issuer_tls.00000101]
        ca = "bank.pem"
        name = "pos.bank.example"
        minimum = "1.3"
        """
    )
    settings = Settings.load(None, data=tmp_path)
    assert settings.terminals_tls == ServerTls(
        Path("port.pem"), Path("port.key"), Clients.WANTED, Path("shops.pem")
    )
    assert settings.issuer_tls == {
        "00000101": ClientTls(Path("bank.pem"), "pos.bank.example", minimum="1.3")
    }
    assert settings.status_tls is settings.console_tls is None
    assert settings.origins()["issuer_tls"] == "file"


def test_tls_is_read_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANNUL_STATUS_TLS", '{"certificate": "s.pem", "key": "s.key"}')
    monkeypatch.setenv("ANNUL_ISSUER_TLS", '{"00000101": {"ca": "bank.pem"}}')
    settings = Settings.load(None, data=tmp_path)
    assert settings.status_tls == ServerTls(Path("s.pem"), Path("s.key"))
    assert settings.issuer_tls == {"00000101": ClientTls(Path("bank.pem"))}


def test_the_short_form_is_the_consoles(tmp_path: Path) -> None:
    settings = Settings.load(None, data=tmp_path, tls_certificate="c.pem", tls_key="c.key")
    assert settings.console_tls == ServerTls(Path("c.pem"), Path("c.key"))
    settings = Settings.load(None, data=tmp_path, tls_certificate="both.pem")
    assert settings.console_tls == ServerTls(Path("both.pem"), Path("both.pem"))


_OWN: Final = {"certificate": "a.pem", "key": "a.key"}


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("status_tls.key", {"status_tls": {"certificate": "a.pem"}}),
        # A slip of the pen must not open the port to everybody.
        ("status_tls.client", {"status_tls": _OWN | {"client": "required"}}),
        ("status_tls.clients", {"status_tls": _OWN | {"clients": "maybe"}}),
        ("terminals_tls", {"terminals_tls": _OWN | {"clients": "required"}}),
        ("terminals_tls", {"terminals_tls": _OWN | {"client_ca": "shops.pem"}}),
        ("console_tls.minimum", {"console_tls": _OWN | {"minimum": "1.1"}}),
        ("console_tls", {"console_tls": _OWN, "tls_certificate": "b.pem"}),
        ("console_tls", {"tls_key": "b.key"}),
        ("issuer_tls.00000101.nmae", {"issuer_tls": {"00000101": {"ca": "a", "nmae": "b"}}}),
        ("issuer_tls.bank", {"issuer_tls": {"bank": {"ca": "a"}}}),
    ],
)
def test_what_is_wrong_with_tls_is_named(tmp_path: Path, name: str, given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as raised:
        Settings.load(None, data=tmp_path, **given)
    (fault,) = raised.value.errors()
    assert ".".join(str(part) for part in fault["loc"]).removesuffix(".[key]") == name


def test_json_that_is_none_names_the_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANNUL_STATUS_TLS", '{"certificate"')
    with pytest.raises(ValidationError, match="status_tls"):
        Settings.load(None, data=tmp_path)


def test_an_owner_goes_with_a_database_of_ones_own(tmp_path: Path) -> None:
    owner = "postgresql://annul_owner:secret@db.example/annul"
    with pytest.raises(ValidationError, match="give database too"):
        Settings.load(None, data=tmp_path, database_owner=owner)
    own = Settings.load(
        None, data=tmp_path, database="postgresql://annul@x/y", database_owner=owner
    )
    assert "secret" not in repr(own)


def test_a_second_factor_is_asked_of_roles_that_there_are(tmp_path: Path) -> None:
    assert Settings.load(None, data=tmp_path).second_factor_roles == []
    (tmp_path / "annul.toml").write_text('second_factor_roles = ["administrator", "operator"]\n')
    roles = Settings.load(None, data=tmp_path).second_factor_roles
    assert roles == ["administrator", "operator"]
    with pytest.raises(ValidationError, match="second_factor_roles"):
        Settings.load(None, data=tmp_path, second_factor_roles=["emperor"])
