"""What is written from the table: as it stands in docs/, and as Grafana and Prometheus read it."""

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from annul.operate.measures.__main__ import WRITTEN, main
from annul.operate.measures.grafana import dashboard, rules
from annul.operate.measures.series import Series
from annul.operate.measures.table import series
from tests.support.prometheus import named

_DOCS: Final = Path(__file__).parents[4] / "docs"
_EXPOSED: Final = {name for one in series() for name in one.names}


@pytest.mark.parametrize("name", WRITTEN)
def test_what_stands_in_docs_is_what_the_table_says(name: str) -> None:
    write, language = WRITTEN[name]
    assert (_DOCS / name).read_text(encoding="utf-8") == write(language), "run make measures"


def test_all_of_them_are_written_at_once(tmp_path: Path) -> None:
    main(tmp_path)
    assert {str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*.*")} == set(WRITTEN)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_dashboard_has_a_panel_for_each_series_and_none_over_another(language: str) -> None:
    board: dict[str, Any] = json.loads(dashboard(language))
    panels = [one for one in board["panels"] if one["type"] == "timeseries"]
    assert [one["description"].split("\n")[0] for one in panels] == [one.name for one in series()]
    assert len({one["id"] for one in board["panels"]}) == len(board["panels"])
    taken: set[tuple[int, int]] = set()
    for one in board["panels"]:
        at = one["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken
        assert at["x"] + at["w"] <= 24
        taken |= cells
    for one in panels:
        [target] = one["targets"]
        assert set(named(target["expr"])) <= _EXPOSED
        assert target["datasource"]["uid"] == "${source}"
        assert set(re.findall(r"{{(\w+)}}", target["legendFormat"])) == set(_of(one).labels)


def _of(panel: dict[str, Any]) -> Series:
    return next(one for one in series() if panel["description"].split("\n")[0] == one.name)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_rules_are_read_as_the_table_has_them(language: str) -> None:
    read: Any = yaml.safe_load(rules(language))
    [group] = read["groups"]
    alerts = [(one, alert) for one in series() for alert in one.alerts]
    assert len(group["rules"]) == len(alerts)
    for rule, (one, alert) in zip(group["rules"], alerts, strict=True):
        assert rule == {
            "alert": alert.name,
            "expr": alert.when,
            "for": alert.for_,
            "labels": {"severity": alert.severity},
            "annotations": {"summary": alert.says.speak(language), "series": one.name},
        }
        assert re.fullmatch(r"\d+[mh]", rule["for"])
        assert rule["expr"].count("(") == rule["expr"].count(")")
        assert set(named(rule["expr"])) <= _EXPOSED


@pytest.mark.parametrize("language", ["en", "zh"])
def test_grafana_finds_in_the_dashboard_what_it_needs(language: str) -> None:
    board: dict[str, Any] = json.loads(dashboard(language))
    assert {"uid", "title", "schemaVersion", "version", "panels", "templating", "time"} <= set(
        board
    )
    assert re.fullmatch(r"[a-zA-Z0-9_-]{1,40}", board["uid"])
    assert "id" not in board, "it is given by the Grafana that takes it"
    [source] = board["templating"]["list"]
    assert (source["type"], source["query"]) == ("datasource", "prometheus")
    for one in board["panels"]:
        assert {"id", "type", "title", "gridPos"} <= set(one)
        assert set(one["gridPos"]) == {"h", "w", "x", "y"}
        if one["type"] == "row":
            assert one["collapsed"] is False, "else its panels stand within it"
            continue
        assert one["datasource"] == {"type": "prometheus", "uid": f"${{{source['name']}}}"}
        references = [target["refId"] for target in one["targets"]]
        assert references == sorted(set(references)) != []
        assert set(one["fieldConfig"]) == {"defaults", "overrides"}
        assert one["fieldConfig"]["defaults"]["unit"] in _UNITS
    titles = [one["title"] for one in board["panels"]]
    assert all(titles)


# Source: grafana.com/docs, standard options, units.
_UNITS: Final = {"short", "ops", "s", "bytes", "Bps", "percentunit"}
