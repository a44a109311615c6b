"""What deploy/ holds fits annul: its commands, its settings, and what systemd and others read."""

import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any, Final

import pytest
import typer
import yaml

from annul.cells import directory
from annul.cli import application
from annul.settings import Settings

_ROOT: Final = Path(__file__).parents[2]
_DEPLOY: Final = _ROOT / "deploy"
_FILES: Final = sorted(file for file in _DEPLOY.rglob("*") if file.is_file())
_UNITS: Final = [file for file in _FILES if file.parent.name == "systemd"]
_SERVICES: Final = [file for file in _UNITS if file.suffix == ".service"]
_PROXIES: Final = [file for file in _FILES if file.name == "haproxy.cfg"]
_COMPOSE: Final = yaml.safe_load((_DEPLOY / "containers" / "compose.yaml").read_text())
_SETTINGS: Final = {f"ANNUL_{name.upper()}" for name in Settings.model_fields}
_OF_A_CELL: Final = r"ANNUL_CELL_[A-Z0-9_]+_DATABASE(_OWNER)?"
_OF_COMMANDS: Final = {"ANNUL_CITUS_URL"}


def _named(file: Path) -> str:
    return file.relative_to(_DEPLOY).as_posix()


def _unit(file: Path) -> dict[str, dict[str, list[str]]]:
    """Read a unit: the values of each key of each section."""
    read: dict[str, dict[str, list[str]]] = {}
    section = ""
    for line in file.read_text().splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            read.setdefault(section, {}).setdefault(key, []).append(value)
    return read


def _parses(words: list[str]) -> None:
    """Parse a command line as annul does, without running it."""
    command: Any = typer.main.get_command(application)
    words = [*words]
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    command.make_context("annul", words)


# systemd -------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", _SERVICES, ids=_named)
def test_a_service_starts_what_annul_knows(file: Path) -> None:
    service = _unit(file)["Service"]
    (started,) = service["ExecStart"]
    program, *words = shlex.split(started.replace("${HOSTS}", "2").replace("%i", "east"))
    assert Path(program).name == "annul"
    _parses(words)
    (state,) = service["StateDirectory"]
    assert f"--data=/var/lib/{state}" in started
    assert service["WorkingDirectory"] == [f"/var/lib/{state}"]


@pytest.mark.parametrize("file", _SERVICES, ids=_named)
def test_a_service_may_do_little(file: Path) -> None:
    service = _unit(file)["Service"]
    wanted = {
        "User": "annul", "NoNewPrivileges": "yes", "ProtectSystem": "strict", "ProtectHome": "yes",
        "PrivateDevices": "yes", "PrivateTmp": "yes", "CapabilityBoundingSet": "", "LimitCORE": "0",
        "UMask": "0077", "Restart": "always", "StateDirectoryMode": "0700",
    }  # fmt: skip
    assert {key: service[key] for key in wanted} == {key: [said] for key, said in wanted.items()}


def test_a_host_has_files_for_its_connections_and_time_to_end() -> None:
    service = _unit(_DEPLOY / "systemd" / "annul@.service")["Service"]
    settings = Settings.load(None, data=Path("/nonexistent"))
    assert int(service["LimitNOFILE"][0]) >= 2 * settings.max_connections
    assert int(service["TimeoutStopSec"][0]) > 60  # the slowest issuer
    assert service["KillMode"] == ["mixed"]


@pytest.mark.parametrize("file", _UNITS, ids=_named)
def test_a_unit_is_one_to_systemd(file: Path, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd here")
    for unit in _UNITS:
        text = unit.read_text().replace("/opt/annul/bin/annul", sys.executable)
        (tmp_path / unit.name).write_text(text)
    said = subprocess.run(
        ["systemd-analyze", "verify", str(tmp_path / file.name)],
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert said.stdout + said.stderr == ""
    assert said.returncode == 0


# Settings and cells --------------------------------------------------------------------------


def test_the_settings_are_annuls_and_the_cell_is_one_of_the_file() -> None:
    settings = Settings.load(_DEPLOY / "annul.toml")
    assert settings.cells is not None
    read = directory.read(_DEPLOY / settings.cells.name, settings.cell)
    own = read.cells.named(settings.cell)
    assert own is not None
    trusted = [ip_network(one) for one in settings.terminals_proxies]
    for cell in read.cells:  # whoever hands on is believed
        for address, _ in cell.terminals:
            assert any(ip_address(address) in network for network in trusted), cell.name


def test_merchants_of_the_example_have_one_home() -> None:
    read = directory.read(_DEPLOY / "cells.toml")
    homes = {one: read.cells.home(one) for one in ("104110012340001", "898000000000007")}
    assert {one: home and home.name for one, home in homes.items()} == {
        "104110012340001": "east",
        "898000000000007": "large",
    }


@pytest.mark.parametrize("file", _FILES, ids=_named)
def test_each_variable_is_a_setting(file: Path) -> None:
    named = set(re.findall(r"\bANNUL_[A-Z_]+\b", file.read_text()))
    unknown = {one for one in named - _SETTINGS - _OF_COMMANDS if not re.fullmatch(_OF_A_CELL, one)}
    assert unknown == set()


@pytest.mark.parametrize("file", _FILES, ids=_named)
def test_no_password_is_written_down(file: Path) -> None:
    in_urls = re.findall(r"://[^/\s:@]+:([^@\s]+)@", file.read_text())
    assert [one for one in in_urls if one != "..." and not one.startswith("${")] == []
    said = re.findall(r"^\s*\w*(?:PASSWORD|KEY)\w*\s*[:=]\s*(.+)$", file.read_text(), re.MULTILINE)
    assert [one for one in said if "${" not in one and not one.startswith("/run/")] == []


# Proxies -------------------------------------------------------------------------------------


def _sections(file: Path) -> Iterator[tuple[str, list[list[str]]]]:
    """Give each section of a configuration of HAProxy: its head, and the words of its lines."""
    head, lines = "", list[list[str]]()
    for line in file.read_text().splitlines():
        words = shlex.split(line, comments=True)
        if words and not line.startswith(" "):
            if head:
                yield head, lines
            head, lines = " ".join(words), []
        elif words:
            lines.append(words)
    yield head, lines


@pytest.mark.parametrize("file", _PROXIES, ids=_named)
def test_a_proxy_deals_out_checks_and_says_who_comes(file: Path) -> None:
    sections = dict(_sections(file))
    defaults = {tuple(line[:-1]): line[-1] for line in sections["defaults"]}
    assert defaults["mode",] == "tcp"
    settings = Settings.load(None, data=Path("/nonexistent"))
    for side in ("client", "server"):  # annul ends what is idle, and knows why
        assert int(defaults["timeout", side].rstrip("s")) > settings.idle_s
    fronts = [lines for head, lines in sections.items() if head.startswith("frontend")]
    backs = {head.split()[1]: lines for head, lines in sections.items() if head[:4] == "back"}
    assert {line[1] for lines in fronts for line in lines if line[0] == "default_backend"} == set(
        backs
    )
    for lines in backs.values():
        assert ["balance", "leastconn"] in lines
        (default,) = [line for line in lines if line[0] == "default-server"]
        assert {"check", "send-proxy-v2"} <= set(default)
        assert len([line for line in lines if line[0] == "server"]) > 1


@pytest.mark.parametrize("file", _PROXIES, ids=_named)
def test_a_proxy_is_one_to_haproxy(file: Path) -> None:
    if shutil.which("haproxy") is None:
        pytest.skip("no HAProxy here")
    subprocess.run(["haproxy", "-c", "-f", str(file)], timeout=30, check=True)


# Containers ----------------------------------------------------------------------------------


def _services() -> dict[str, Any]:
    return {name: one for name, one in _COMPOSE["services"].items() if one.get("image") == "annul"}


@pytest.mark.parametrize("name", sorted(_services()))
def test_a_container_runs_what_annul_knows(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    service = _services()[name]
    _parses(service["command"])
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    for variable, value in service["environment"].items():
        assert isinstance(value, str), variable
        monkeypatch.setenv(variable, value)
    settings = Settings.load(None, data=Path("/nonexistent"))
    if "up" in service["command"]:
        proxy = _COMPOSE["services"]["proxy"]["networks"]["inside"]["ipv4_address"]
        assert settings.terminals_proxies == [f"{proxy}/32"]
        (network,) = _COMPOSE["networks"]["inside"]["ipam"]["config"]
        assert ip_address(proxy) in ip_network(network["subnet"])


def test_containers_name_what_is_there() -> None:
    services = _COMPOSE["services"]
    proxied = {
        line[2].partition(":")[0]
        for head, lines in _sections(_DEPLOY / "containers" / "haproxy.cfg")
        for line in lines
        if head.startswith("backend") and line[0] == "server"
    }
    assert proxied == {name for name, one in _services().items() if "up" in one["command"]}
    mounted = set[str]()
    for one in services.values():
        assert set(one.get("depends_on", ())) <= set(services)
        assert set(one["networks"]) <= set(_COMPOSE["networks"])
        mounted |= {volume.partition(":")[0] for volume in one.get("volumes", ())}
    named = {one for one in mounted if not one.startswith(".")}
    assert named == set(_COMPOSE["volumes"])
    files = {one for one in mounted - named if one != "./master.key"}
    assert [one for one in files if not (_DEPLOY / "containers" / one).is_file()] == []


def test_a_cell_of_the_containers_has_its_database() -> None:
    (cell,) = tomllib.loads((_DEPLOY / "containers" / "cells.toml").read_text())
    (variable,) = _services()["founded"]["environment"]
    assert variable == f"ANNUL_CELL_{cell.upper()}_DATABASE"


def test_an_image_is_locked_and_not_root() -> None:
    text = (_DEPLOY / "containers" / "Containerfile").read_text().replace("\\\n", " ")
    lines = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    first = lines[: next(i for i, line in enumerate(lines) if line[:2] == ["FROM", "postgres:18"])]
    assert "--require-hashes" in text
    assert [line[1] for line in first if line[0] == "USER"] == ["10001"]
    assert [line[0] for line in first].index("USER") < [line[0] for line in first].index("CMD")
    (command,) = [line[1:] for line in first if line[0] == "CMD"]
    _parses(yaml.safe_load(" ".join(command)))
    copied = [one for line in lines if line[0] == "COPY" for one in line[1:-1] if one[0] != "-"]
    here = [one for one in copied if not one.startswith("/opt/")]
    assert here
    assert [one for one in here if not (_ROOT / one).exists()] == []


@pytest.mark.parametrize("file", [f for f in _FILES if f.suffix == ".sh"], ids=_named)
def test_a_script_is_one_to_bash(file: Path) -> None:
    subprocess.run(["bash", "-n", str(file)], timeout=10, check=True)


def test_an_image_has_what_modules_read() -> None:
    """What is installed from a checkout is there anyway; an image has what the package names."""
    package = tomllib.loads((_ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    source = _ROOT / "src" / "annul"
    taken = {file for one in package["package-data"]["annul"] for file in source.glob(one)}
    there = {
        file
        for file in source.rglob("*.*")
        if file.is_file() and file.suffix not in {".py", ".pyc"}
    }
    assert {file.relative_to(source).as_posix() for file in there - taken} == set()
