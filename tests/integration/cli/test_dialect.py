"""`annul dialect` without a database and with one: list, show, import, check, export, roll back."""

import asyncio
import json
import re
from pathlib import Path

import asyncpg
import pytest
from typer.testing import CliRunner, Result

from annul.cli import application
from annul.desk.access import Access
from annul.store.clock import SystemClock
from annul.wire.codec import Codec
from annul.wire.dialects import DIALECTS
from annul.wire.specifications.document import read

_PASSWORD = "correct horse battery"
_PACKAGER = """<isopackager>
<isofield id="0" length="4" name="type" class="org.jpos.iso.IFA_NUMERIC"/>
<isofield id="1" length="16" name="bitmap" class="org.jpos.iso.IFA_BITMAP"/>
<isofield id="2" length="19" name="card" class="org.jpos.iso.IFA_LLNUM"/>
<isofield id="3" length="6" name="code" class="org.jpos.iso.IFA_FLLNUM"/>
<isofieldpackager id="48" length="999" name="parts" class="org.jpos.iso.IFA_LLLBINARY"
  packager="org.jpos.iso.packager.EuroSubFieldPackager">
<isofield id="7" length="20" name="a number" class="org.jpos.iso.IFMC_LLCHAR"/>
</isofieldpackager>
<isofield id="128" length="8" name="MAC" class="org.jpos.iso.IFA_BINARY"/>
</isopackager>"""
_PAN = "6200019876543217"


def _run(*words: str) -> Result:
    return CliRunner().invoke(application, ["dialect", *words])


@pytest.fixture
def packager(tmp_path: Path) -> Path:
    file = tmp_path / "Bank-X.xml"
    file.write_text(_PACKAGER)
    return file


@pytest.fixture
def document(tmp_path: Path, packager: Path) -> Path:
    out = tmp_path / "bank_x.toml"
    assert _run("import", str(packager), f"--out={out}").exit_code == 0
    return out


def test_a_packager_file_becomes_a_document(packager: Path, tmp_path: Path) -> None:
    out = tmp_path / "x.toml"
    result = _run("import", str(packager), f"--out={out}", "--extends=iso87_ascii")
    assert result.exit_code == 0
    assert "bank_x: 6 of 7 rows" in result.stdout
    assert "no place for 3: IFA_FLLNUM: a length before it" in result.stderr
    dialect = read(out.read_text())
    assert (dialect.name, sorted(dialect.fields)) == ("bank_x", [2, 48, 128])
    assert 'extends = "iso87_ascii"' in out.read_text()


def test_what_is_imported_is_shown_and_tried(document: Path, tmp_path: Path) -> None:
    shown = _run("show", str(document))
    assert shown.exit_code == 0
    assert "48.07" in shown.stdout
    codec = Codec(read(document.read_text()))
    sample = codec.encode("0200", {2: _PAN, 48: b"0702AB"})
    samples = tmp_path / "samples.txt"
    samples.write_text(f"# two\n\n{sample.hex()}\n{sample.hex()} # again\n")
    result = _run("check", str(document), str(samples))
    assert (result.exit_code, result.stderr) == (0, "")
    assert "2 samples, 0 with a difference" in result.stdout
    samples.write_text(f"{sample.hex()}\n{sample[:-1].hex()}\nnonsense\n")
    result = _run("check", str(document), str(samples))
    assert result.exit_code == 1
    assert "line 2: field 48" in result.stderr
    assert "line 3: no hexadecimal" in result.stderr
    assert _PAN not in result.output


def test_decode_shows_parts_by_their_size(document: Path, tmp_path: Path) -> None:
    codec = Codec(read(document.read_text()))
    dump = tmp_path / "dump"
    dump.write_text(codec.encode("0200", {2: _PAN, 48: b"0716" + _PAN.encode()}).hex())
    result = CliRunner().invoke(application, ["decode", f"--dialect={document}", str(dump)])
    assert result.exit_code == 0
    line = next(line for line in result.stdout.splitlines() if line.startswith("48.07"))
    assert line.split() == ["48.07", "a", "number", "a", "number", "<16", "bytes>"]
    assert _PAN not in result.output


@pytest.mark.parametrize("form", ["toml", "xml", "json", "markdown"])
def test_every_dialect_of_ours_is_exported(form: str, tmp_path: Path) -> None:
    for name in DIALECTS:
        result = _run("export", name, f"--format={form}")
        assert result.exit_code == 0
        if form == "markdown":
            assert result.stdout.startswith(f"# Dialect {name}\n")
            continue
        file = tmp_path / f"again.{form}"
        file.write_text(result.stdout)
        out = tmp_path / "again.toml"
        assert _run("import", str(file), "--name=again", f"--out={out}").exit_code == 0
        lost = re.findall(r"not in this form \d+:", result.stderr)
        assert len(read(out.read_text()).fields) == len(DIALECTS[name].fields) - len(lost)


def test_markdown_in_chinese() -> None:
    assert "| 域 | 名称 |" in _run("export", "cups", "--format=markdown", "--language=zh").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("import", "nothing.xml", "--out=x"), "nothing.xml: No such file"),
        (("import", "{packager}", "--format=json", "--out=x"), "no such JSON"),
        (("import", "{packager}", "--out=x", "--name=Bank X"), "name: small letters"),
        (("import", "{packager}", "--out=x", "--extends=nobody"), "no database answers"),
    ],
)
def test_what_is_wrong_is_said(
    words: tuple[str, ...],
    said: str,
    packager: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ANNUL_DATA", str(tmp_path / "none"))
    result = _run(*(word.format(packager=packager) for word in words))
    assert result.exit_code == 1
    assert said in f"{result.exception} {result.output}"


async def test_a_dialect_is_kept_in_versions(
    database: str, pool: asyncpg.Pool, packager: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANNUL_DATABASE", database)
    monkeypatch.setenv("ANNUL_PASSWORD", _PASSWORD)
    access = Access(pool, SystemClock())
    for name, role in (("olga", "operator"), ("sue", "support")):
        await access.add(name, _PASSWORD, role)
    keep = ("import", str(packager), "--reason=new bank")
    refused = await asyncio.to_thread(_run, *keep, "--user=sue")
    assert refused.exit_code == 1
    kept = await asyncio.to_thread(_run, *keep, "--user=olga")
    assert kept.exit_code == 0, kept.exception
    assert "kept as bank_x, version 1" in kept.stdout
    small = _PACKAGER.replace('id="2" length="19"', 'id="2" length="16"')
    packager.write_text(small)
    assert "version 2" in (await asyncio.to_thread(_run, *keep, "--user=olga")).stdout
    back = ("roll-back", "bank_x", "1", "--user=olga", "--reason=19 after all")
    assert "version 1 counts again, as version 3" in (await asyncio.to_thread(_run, *back)).stdout
    listed = (await asyncio.to_thread(_run, "list")).stdout
    assert "bank_x" in listed
    assert "version 3" in listed
    shown = (await asyncio.to_thread(_run, "show", "bank_x")).stdout
    assert "olga: 19 after all" in shown
    exported = await asyncio.to_thread(_run, "export", "bank_x", "--format=json")
    assert json.loads(exported.stdout)["fields"]["2"]["length"] == 19
    assert (await asyncio.to_thread(_run, "check", "bank_x")).exit_code == 0
    nobody = await asyncio.to_thread(_run, "show", "nobody")
    assert "no dialect nobody" in str(nobody.exception)
