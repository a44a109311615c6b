"""`annul sim bank`: one round at its folders."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from annul.cli.sim import application
from annul.settle.bank.pain001 import write_pain001
from annul.settle.bank.read import read
from tests.support.bank_orders import order, reference


def _run(tmp_path: Path, *arguments: str) -> tuple[int, str]:
    folders = ["--from", str(tmp_path / "out"), "--to", str(tmp_path / "in")]
    done = CliRunner().invoke(application, ["bank", *folders, "--once", *arguments])
    return done.exit_code, done.output


def test_a_bank_answers_what_it_is_asked_to(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "order.xml").write_bytes(write_pain001(order()))
    assert _run(tmp_path, "--answer", "MT940", "--day", "2026-11-27") == (0, "")
    code, name = _run(tmp_path, "--answer", "MT940", "--day", "2026-11-28")
    assert (code, name) == (0, "000001-mt940.sta\n")
    (row,) = read((tmp_path / "in" / name.strip()).read_bytes(), name).rows
    assert row.reference == reference(1)


@pytest.mark.parametrize("answer", ["camt.055", ""])
def test_a_format_that_it_does_not_write_is_named(tmp_path: Path, answer: str) -> None:
    code, output = _run(tmp_path, "--answer", answer)
    assert code == 2
    assert "MT940" in output


def test_its_folders_are_two(tmp_path: Path) -> None:
    folder = str(tmp_path)
    done = CliRunner().invoke(application, ["bank", "--from", folder, "--to", folder, "--once"])
    assert done.exit_code == 2
    assert "two folders" in done.output
