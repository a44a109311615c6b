"""The books on disk: closed to others, and without a card number."""

import json
from pathlib import Path

import pytest

from annul.sim.issuer.books_file import BooksFile
from annul.sim.issuer.lines import WrongBooks

PAN = "6200019876543217"
_NEW = {"what": "request", "at": "2026-11-23T12:00:00", "key": [], "entry": {"pan": PAN, "n": 1}}
_OLD = {"what": "request", "sent": "1123120000", "pan": PAN}
_OTHER = {"what": "restore", "at": "2026-11-23T12:00:00"}


def _written(file: Path, *rows: object) -> None:
    books = BooksFile(file)
    for row in rows:
        books.write(json.dumps(row) + "\n")
    books.flush()
    books.close()


def _taken_up(file: Path) -> list[object]:
    books = BooksFile(file)
    books.close()
    return [json.loads(line) for line in books.lines]


def _modes(folder: Path) -> set[str]:
    return {oct(one.stat().st_mode & 0o777) for one in folder.iterdir()}


def test_what_is_written_is_read_again_and_holds_no_card_number(tmp_path: Path) -> None:
    file = tmp_path / "issuers" / "1.jsonl"
    for _ in range(2):
        _written(file, _NEW, _OTHER, _OLD)
    assert _taken_up(file) == [_NEW, _OTHER, _OLD] * 2
    assert PAN not in file.read_text()
    assert _modes(file.parent) == {"0o600"}
    assert file.parent.stat().st_mode & 0o777 == 0o700


def test_a_file_of_an_older_version_is_closed_and_sealed_when_it_is_opened(tmp_path: Path) -> None:
    file = tmp_path / "1.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in (_OLD, _OTHER, _NEW)))
    file.chmod(0o644)
    assert _taken_up(file) == [_OLD, _OTHER, _NEW]
    assert PAN not in file.read_text()
    assert _modes(tmp_path) == {"0o600"}
    assert _taken_up(file) == [_OLD, _OTHER, _NEW]


def test_what_is_no_line_is_left_to_whoever_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "1.jsonl"
    odd = ['{"what": "request"', "[]", "7", '{"entry": null}']
    file.write_text("\n".join(odd) + "\n")
    books = BooksFile(file)
    books.close()
    assert books.lines == odd
    assert file.read_text().splitlines() == odd


@pytest.mark.parametrize("lost", [True, False])
def test_books_that_do_not_open_are_refused(tmp_path: Path, lost: bool) -> None:
    file = tmp_path / "1.jsonl"
    _written(file, _NEW)
    if lost:
        file.with_suffix(".key").unlink()
    else:
        row = json.loads(file.read_text())
        row["entry"]["card"] = "tea"
        file.write_text(json.dumps(row))
    with pytest.raises(WrongBooks, match="do not open under"):
        BooksFile(file)
