"""`annul drill`: a sandbox is played to its end, ends all that it started, and is scored."""

import json
from pathlib import Path

import pytest

from annul.cli.drill_house import house
from annul.operate.drills.keeping import runs
from tests.support.processes import annul


def test_drills_are_named_in_both_languages() -> None:
    named = annul("drill", "list", "--lang=zh")
    assert named.status == 0, named.err
    assert "节日夜晚" in named.out
    assert "broken-update" in annul("drill", "list", "--lang=en").out


@pytest.mark.timeout(400)
async def test_a_drill_is_played_scored_and_kept(tmp_path: Path, database: str) -> None:
    folder = tmp_path / "one"
    asked = ("--speed=30", f"--folder={folder}", "--lang=en", "--team=night shift")
    played = annul("drill", "run", "voids-are-not-done-any-more", *asked, within_s=180)
    assert played.status == 0, played.out + played.err
    assert "one-time password" in played.out
    assert len(list((folder / "pos").glob("*.json"))) == 1
    kept = json.loads((folder / "drill.json").read_text(encoding="utf-8"))
    assert [one["kind"] for one in kept["truths"]] == ["voids_are_not_done_any_more"]
    assert kept["money"] > 0
    assert (folder / "truth.jsonl").stat().st_mode & 0o077 == 0
    scored = annul("drill", "score", str(folder), "--json", within_s=180)
    told = json.loads(scored.out)
    assert told["money_alone"] > 0
    assert told["parts"]["noticed"] == {"points": 0.0, "of": 15}
    assert all(text["en"] != text["zh"] for text in told["proposals"])
    assert told["proposals"]
    async with house((None, None, None), folder) as pool:
        (own,) = await runs(pool)
    assert own.record.number == told["number"]
    assert own.score is not None
    assert own.score.total == told["total"]
    file, there = tmp_path / "drill.pdf", f"--database={database}"
    assert annul("drill", "score", str(folder), f"--out={file}", there).status == 0
    assert file.read_bytes().startswith(b"%PDF")
    listed = json.loads(annul("drill", "list", "--json", there).out)
    assert {one["drill"] for one in listed["drills"]} >= {"holiday-evening", "broken-update"}
    (run,) = listed["runs"]
    assert (run["number"], run["total"]) == (told["number"], told["total"])
    assert run["team"] == "night shift"
    assert run["total_alone"] == told["total_alone"] > 0
    again = annul("drill", "run", "wrong-card", f"--folder={folder}")
    assert again.status != 0
    assert "folder" in again.err
