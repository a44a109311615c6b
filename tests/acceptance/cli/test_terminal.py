"""`annul terminal` beside a running annul: certificates, enrolment, and the first sale over TLS."""

import asyncio
import json
import stat
import tomllib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import asyncpg
import pytest
from pydantic import TypeAdapter

from annul.desk.access import Access
from annul.security.certificates import authority
from annul.security.ciphers import TDES, BlockCipher
from annul.security.tls import Clients, ServerTls, identity_in, server_context
from annul.store.database import connect
from annul.store.embedded import EmbeddedPostgres
from annul.store.temporary import temporary_folder
from tests.support.chips import application, entry
from tests.support.processes import Process, annul, free_port
from tests.support.trained import certified

_PASSWORD: Final = "correct horse battery"
_MERCHANT: Final = "898000058120000"
_CARD: Final = "6200010000000007"
_USERS: Final = {"ada": "administrator", "olga": "operator", "sue": "support", "aude": "auditor"}
_RISKS: Final = ("card numbers", "settle its batch", "made to fit another message")


@dataclass(frozen=True, slots=True)
class Desk:
    """A command line beside a demo that runs."""

    folder: Path
    port: int
    first_password: str

    def annul(self, *words: str, password: str = _PASSWORD, **more: str) -> tuple[int, str, str]:
        """Run a command; give its exit status, what it printed and what it complained of."""
        environment = {
            "ANNUL_PASSWORD": password,
            "ANNUL_CARD": _CARD,
            "ANNUL_TERMINALS_PORT": str(self.port),
            "ANNUL_DATA": str(self.folder),
            **more,
        }
        return annul(*words, environment=environment)

    def enrol(
        self,
        terminal: str,
        out: Path,
        *more: str,
        user: str = "ada",
        reason: str = "new shop",
        password: str = _PASSWORD,
    ) -> tuple[int, str, str]:
        return self.annul(
            "terminal",
            "enrol",
            _MERCHANT,
            terminal,
            f"--out={out}",
            "--host=127.0.0.1",
            f"--user={user}",
            f"--reason={reason}",
            *more,
            password=password,
        )

    async def sells(self, profile: Path) -> str:
        """Sell with a profile as soon as the host knows the terminal; give the slip."""
        words = ("pos", f"--profile={profile}", "--lang=zh", "sale", "1")
        async with asyncio.timeout(20):  # the host looks every two seconds
            while True:
                status, said, complaint = await asyncio.to_thread(self.annul, *words)
                if status == 0:
                    return said
                assert status == 1, complaint  # refused, nothing open

    @asynccontextmanager
    async def base(self) -> AsyncIterator[asyncpg.Pool]:
        opened = await connect(EmbeddedPostgres(self.folder).url, size=1)
        try:
            yield opened
        finally:
            await opened.close()

    async def row(self, terminal: str) -> dict[str, Any] | None:
        async with self.base() as pool:
            found = await pool.fetchrow("SELECT * FROM terminals WHERE terminal_id = $1", terminal)
        return dict(found) if found else None

    async def audited(self, terminal: str) -> list[dict[str, Any]]:
        async with self.base() as pool:
            rows = await pool.fetch(
                "SELECT * FROM audit WHERE action = 'enrol-terminal' AND object = $1 ORDER BY at",
                f"terminal {_MERCHANT} {terminal}",
            )
        return [dict(row) for row in rows]


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    """Run a demo, and add its people."""
    with temporary_folder("annul-") as folder:
        port = free_port()
        environment = {
            "ANNUL_TERMINALS_PORT": str(port),
            "ANNUL_STATUS_PORT": "0",
            "ANNUL_CONSOLE_PORT": "0",
        }
        up = Process("up", ["up", "--demo", f"--data={folder}"], port, folder, environment)
        try:
            asyncio.run(up.start())
            greeting = asyncio.run(up.greeting())
            desk = Desk(folder, port, greeting.partition("one-time password: ")[2].split()[0])
            asyncio.run(_people(desk))
            yield desk
        finally:
            asyncio.run(up.stop())


async def _people(desk: Desk) -> None:
    async with desk.base() as pool:
        access = Access(pool)
        for name, role in _USERS.items():
            assert await access.add(name, _PASSWORD, role)


def _mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def _key(out: Path, terminal: str) -> tuple[bytes, str]:
    """Put the two components together; give the key and the check value beside them."""
    key, check = 0, ""
    for number in (1, 2):
        text = (out / f"{terminal}-component-{number}.txt").read_text()
        key ^= int(text.split("XOR): ")[1].split()[0], 16)
        check = text.split("whole key: ")[1].strip()
    return key.to_bytes(16, "big"), check


# Certificates --------------------------------------------------------------------------------


def test_certificates_say_what_to_write_into_the_settings(desk: Desk, tmp_path: Path) -> None:
    words = ("terminal", "certificates", "localhost", "127.0.0.1", f"--data={tmp_path}")
    status, said, _ = desk.annul(*words)
    assert status == 0
    table = tomllib.loads(said.partition("In annul.toml:")[2])["terminals_tls"]
    tls = TypeAdapter(ServerTls).validate_python(table)
    assert tls.clients is Clients.WANTED
    server_context(tls)
    assert _mode(tls.key) == _mode(tmp_path / "tls" / "ca.key") == 0o600
    before = {file: file.read_bytes() for file in (tmp_path / "tls").iterdir()}
    status, again, _ = desk.annul(*words)
    assert (status, again) == (0, said)
    assert {file: file.read_bytes() for file in (tmp_path / "tls").iterdir()} == before
    status, again, _ = desk.annul(*words, "--renew")
    assert (status, again) == (0, said)
    assert tls.key.read_bytes() == before[tls.key]
    assert tls.certificate.read_bytes() != before[tls.certificate]


def test_certificates_of_a_running_demo_are_its_own(desk: Desk) -> None:
    before = (desk.folder / "tls" / "server.pem").read_bytes()
    status, said, _ = desk.annul("terminal", "certificates", "localhost", "127.0.0.1")
    assert status == 0
    assert str((desk.folder / "tls" / "ca.pem").resolve()) in said
    assert (desk.folder / "tls" / "server.pem").read_bytes() == before


# Enrolment -----------------------------------------------------------------------------------


async def test_a_terminal_is_enrolled_and_sells_over_tls_at_once(
    desk: Desk, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    status, said, complaint = desk.enrol("90000001", out)
    assert status == 0, complaint
    assert not any(risk in complaint for risk in _RISKS[:2])
    key, check = _key(out, "90000001")
    assert BlockCipher(TDES, key).check_value().hex().upper() == check
    assert check in said
    assert key.hex() not in (said + complaint).lower()
    assert {file.name for file in out.iterdir()} == {
        "90000001.json",
        "90000001-component-1.txt",
        "90000001-component-2.txt",
    }
    assert [_mode(file) for file in out.iterdir()] == [0o600] * 3
    assert _mode(out) == 0o700
    profile = json.loads((out / "90000001.json").read_text())
    assert profile["master_key"] == key.hex()
    assert profile["port"] == desk.port + 1
    assert Path(profile["tls"]["certificate"]).is_absolute()
    slip = await desk.sells(out / "90000001.json")
    assert "620001******0007" in slip
    identity = identity_in(Path(profile["tls"]["certificate"]))
    row = await desk.row("90000001")
    assert row is not None
    assert (row["tls_identity"], row["key_form"], row["signed_in"]) == (identity, "003", True)
    (audited,) = await desk.audited("90000001")
    assert (audited["who"], audited["role"], audited["reason"]) == (
        "ada",
        "administrator",
        "new shop",
    )
    assert audited["detail"] == {
        "key_form": "003",
        "mac": "unionpay_ecb",
        "dialect": "",
        "replace": False,
        "tls_identity": identity,
        "unbound": False,
        "check_value": check,
    }


@pytest.mark.parametrize(("terminal", "form"), [("90000011", "914"), ("90000012", "937")])
async def test_a_terminal_of_a_better_form_sells_as_well(
    desk: Desk, tmp_path: Path, terminal: str, form: str
) -> None:
    status, _, complaint = desk.enrol(terminal, tmp_path, f"--form={form}", user="olga")
    assert status == 0, complaint
    assert await desk.sells(tmp_path / f"{terminal}.json")
    (audited,) = await desk.audited(terminal)
    assert (audited["role"], audited["detail"]["key_form"]) == ("operator", form)


async def test_what_is_given_up_is_said(desk: Desk, tmp_path: Path) -> None:
    status, said, complaint = desk.enrol("90000021", tmp_path, "--no-tls", "--unbound")
    assert status == 0, complaint
    assert all(risk in complaint for risk in _RISKS)
    assert "certificate  none" in said
    profile = json.loads((tmp_path / "90000021.json").read_text())
    assert profile["port"] == desk.port
    assert "tls" not in profile
    assert await desk.sells(tmp_path / "90000021.json")
    (audited,) = await desk.audited("90000021")
    assert audited["detail"]["unbound"]
    assert audited["detail"]["tls_identity"] == ""


async def test_a_better_mac_without_tls_has_fewer_risks(desk: Desk, tmp_path: Path) -> None:
    status, _, complaint = desk.enrol("90000022", tmp_path, "--no-tls", "--form=913")
    assert status == 0
    assert [risk in complaint for risk in _RISKS] == [True, False, False]


async def test_a_certificate_of_ones_own_pki_is_taken(desk: Desk, tmp_path: Path) -> None:
    foreign = authority(tmp_path / "pki", "pki", datetime.now(UTC))
    pair = foreign.client("90000023", _MERCHANT, datetime.now(UTC))
    status, said, complaint = desk.enrol(
        "90000023", tmp_path / "out", f"--certificate={pair.certificate}"
    )
    assert status == 0, complaint
    assert pair.identity in said
    row = await desk.row("90000023")
    assert row is not None
    assert row["tls_identity"] == pair.identity
    status, _, complaint = desk.enrol(
        "90000024", tmp_path / "out", f"--certificate={tmp_path / 'none.pem'}"
    )
    assert status == 1
    assert "none.pem holds no certificate" in complaint
    assert await desk.row("90000024") is None


# Refused -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("terminal", "user", "password", "reason"),
    [
        ("90000031", "sue", _PASSWORD, "new shop"),
        ("90000032", "aude", _PASSWORD, "new shop"),
        ("90000033", "ada", "wrong password", "new shop"),
        ("90000034", "ada", _PASSWORD, ""),
        ("90000035", "ada", _PASSWORD, "   "),
        ("90000036", "nobody", _PASSWORD, "new shop"),
        ("90000037", "admin", "one-time", "new shop"),
    ],
)
async def test_who_may_not_enrols_nothing(
    desk: Desk, tmp_path: Path, terminal: str, user: str, password: str, reason: str
) -> None:
    out = tmp_path / "out"
    if password == "one-time":
        password = desk.first_password
    made = sorted((desk.folder / "tls").iterdir())
    status, said, complaint = desk.enrol(terminal, out, user=user, password=password, reason=reason)
    assert (status, said) == (1, "")
    assert password not in complaint
    assert not out.exists()
    assert await desk.row(terminal) is None
    assert await desk.audited(terminal) == []
    assert sorted((desk.folder / "tls").iterdir()) == made  # no certificate to be shown elsewhere


async def test_a_shop_gets_a_terminal_once_somebody_there_is_certified(
    desk: Desk, tmp_path: Path
) -> None:
    words = ("terminal", "enrol", _MERCHANT, "20000077", f"--out={tmp_path}", "--no-tls")
    who = ("--user=ada", "--reason=new shop")
    needs = {"ANNUL_TRAINING": '{"required": {"terminal": ["cashier"]}}'}
    status, _, complaint = desk.annul(*words, *who, **needs)
    assert status == 1
    assert f"{_MERCHANT} has no valid certificate of: cashier" in " ".join(complaint.split())
    assert await desk.row("20000077") is None
    async with desk.base() as pool:
        await Access(pool).add("mei", _PASSWORD, "cashier", _MERCHANT)
        await certified(pool, "mei", "cashier", datetime.now(UTC))
    assert desk.annul(*words, *who, **needs)[0] == 0
    assert await desk.row("20000077") is not None


@pytest.mark.parametrize(
    ("terminal", "more", "why"),
    [
        ("9000003", (), "terminal"),
        ("900000310", (), "terminal"),
        ("../../x1", (), "terminal"),
        ("90000051", ("--form=007",), "007"),
        ("90000052", ("--form=003", "--mac=sm4"), "003"),
        ("90000053", ("--no-tls", "--form=914", "--mac=unionpay_ecb"), "914"),
    ],
)
async def test_what_can_not_be_is_refused_before_anything_is_made(
    desk: Desk, tmp_path: Path, terminal: str, more: tuple[str, ...], why: str
) -> None:
    out = tmp_path / "out"
    made = sorted((desk.folder / "tls").iterdir())
    status, said, complaint = desk.enrol(terminal, out, *more)
    assert (status, said) == (1, "")
    assert why in complaint
    assert not out.exists()
    assert await desk.row(terminal) is None
    assert sorted((desk.folder / "tls").iterdir()) == made


async def test_a_merchant_that_there_is_not_is_named(desk: Desk, tmp_path: Path) -> None:
    status, _, complaint = desk.annul(
        "terminal",
        "enrol",
        "898000000000099",
        "90000031",
        f"--out={tmp_path / 'out'}",
        "--user=ada",
        "--reason=new shop",
        "--no-tls",
    )
    assert status == 1
    assert "898000000000099" in complaint
    assert not (tmp_path / "out").exists()


async def test_without_an_authority_it_says_how_to_come_by_one(desk: Desk, tmp_path: Path) -> None:
    url = EmbeddedPostgres(desk.folder).url
    status, _, complaint = desk.enrol(
        "90000031", tmp_path / "out", f"--database={url}", f"--data={tmp_path / 'elsewhere'}"
    )
    assert status == 1
    assert "annul terminal certificates" in complaint
    assert not (tmp_path / "out").exists()
    assert await desk.row("90000031") is None


async def test_under_another_master_key_nothing_is_enrolled(desk: Desk, tmp_path: Path) -> None:
    config = tmp_path / "annul.toml"
    config.write_text(f'master_key = "{"0b" * 32}"\n')
    status, _, complaint = desk.enrol("90000061", tmp_path / "out", f"--config={config}")
    assert status == 1
    assert "belongs to another local master key" in complaint
    assert not (tmp_path / "out").exists()
    assert await desk.row("90000061") is None


# There already -------------------------------------------------------------------------------


async def test_a_terminal_that_is_there_is_not_replaced_unasked(desk: Desk, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert desk.enrol("90000041", out)[0] == 0
    before = {file: file.read_bytes() for file in out.iterdir()}
    row = await desk.row("90000041")
    status, said, complaint = desk.enrol("90000041", out, "--no-tls")
    assert (status, said) == (1, "")
    assert "--replace" in complaint
    assert {file: file.read_bytes() for file in out.iterdir()} == before
    assert await desk.row("90000041") == row
    assert len(await desk.audited("90000041")) == 1
    assert await desk.sells(out / "90000041.json")


async def test_a_terminal_that_is_replaced_has_a_new_key_and_sells_on(
    desk: Desk, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert desk.enrol("90000042", out)[0] == 0
    old, _ = _key(out, "90000042")
    slip = await desk.sells(out / "90000042.json")
    status, _, complaint = desk.enrol("90000042", out, "--replace", reason="key was seen")
    assert status == 0, complaint
    new, _ = _key(out, "90000042")
    assert new != old
    assert await desk.sells(out / "90000042.json") != slip
    first, second = await desk.audited("90000042")
    assert (first["detail"]["replace"], second["detail"]["replace"]) == (False, True)
    assert second["reason"] == "key was seen"


async def test_a_replaced_key_opens_nothing_any_more(desk: Desk, tmp_path: Path) -> None:
    assert desk.enrol("90000043", tmp_path / "old", "--no-tls")[0] == 0
    assert await desk.sells(tmp_path / "old" / "90000043.json")
    assert desk.enrol("90000043", tmp_path / "new", "--no-tls", "--replace")[0] == 0
    assert await desk.sells(tmp_path / "new" / "90000043.json")  # the host has taken it up
    status, _, complaint = await asyncio.to_thread(
        desk.annul,
        "pos",
        f"--profile={tmp_path / 'old' / '90000043.json'}",
        "sale",
        "1",
    )
    assert (status, "refused the sign-in" in complaint or "check value" in complaint) == (1, True)


async def test_files_that_are_there_are_closed_to_others_before_keys_go_in(
    desk: Desk, tmp_path: Path
) -> None:
    names = ("90000044.json", "90000044-component-1.txt", "90000044-component-2.txt")
    for name in names:
        (tmp_path / name).touch()
        (tmp_path / name).chmod(0o644)
    assert desk.enrol("90000044", tmp_path)[0] == 0
    assert {name: oct(_mode(tmp_path / name)) for name in names} == dict.fromkeys(names, "0o600")


# What terminals download for chips -----------------------------------------------------------


def _emv(
    desk: Desk, file: Path, user: str = "ada", reason: str = "new keys"
) -> tuple[int, str, str]:
    return desk.annul("terminal", "emv", str(file), f"--user={user}", f"--reason={reason}")


async def test_what_is_loaded_for_chips_is_there_and_in_the_audit(
    desk: Desk, tmp_path: Path
) -> None:
    file = tmp_path / "emv.json"
    said = {"ca_public_keys": [entry(1), entry(2, active=False)], "aids": [application()]}
    file.write_text(json.dumps(said))
    status, told, complaint = _emv(desk, file)
    assert status == 0, complaint
    assert "F000000001 01  until 2099-12-31" in told
    assert "F000000001 02  no more" in told
    async with desk.base() as pool:
        keys = await pool.fetch("SELECT key_index, active FROM ca_public_keys ORDER BY key_index")
        (row,) = await pool.fetch("SELECT * FROM audit WHERE action = 'load-emv'")
    assert [tuple(one) for one in keys] == [(1, True), (2, False)]
    assert (row["who"], row["object"], row["reason"]) == ("ada", "file emv.json", "new keys")
    assert row["detail"] == {"keys": 1, "keys_ended": 1, "aids": 1, "aids_ended": 0}


async def test_who_may_not_or_loads_what_is_wrong_changes_nothing(
    desk: Desk, tmp_path: Path
) -> None:
    file = tmp_path / "emv.json"
    file.write_text(json.dumps({"ca_public_keys": [entry(9)]}))
    for more in ({"user": "aude"}, {"user": "sue"}, {"reason": " "}):
        assert _emv(desk, file, **more)[0] != 0
    status, _, complaint = _emv(desk, tmp_path / "none.json")
    assert (status != 0, "can not be read" in complaint) == (True, True)
    file.write_text(json.dumps({"ca_public_keys": [entry(9), entry(9, index="0A")]}))
    status, _, complaint = _emv(desk, file)
    assert (status != 0, "hash is not that of its parts" in complaint) == (True, True)
    async with desk.base() as pool:
        assert await pool.fetchval("SELECT count(*) FROM ca_public_keys WHERE key_index = 9") == 0
