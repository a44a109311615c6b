"""The dashboard for Grafana and the alert rules for Prometheus, written from the table."""

import json
from typing import Any, Final

from annul.domain.text import Text

from .series import Series
from .table import TABLE, series

_SCHEMA: Final = 39  # version of Grafana's format of dashboards, read by 10.4 and later
_WIDTH, _HEIGHT, _ACROSS = 8, 8, 3  # of a panel, of 24 columns
_SOURCE: Final = {"type": "prometheus", "uid": "${source}"}
_TITLE: Final = Text("annul：收单主机", "annul: acquiring host")


def dashboard(language: str) -> str:
    """Write the dashboard: a row for each group, a panel for each series."""
    panels: list[dict[str, Any]] = []
    y = 0
    for group in TABLE:
        panels.append(_row(len(panels) + 1, group.title.speak(language), y))
        y += 1
        for number, one in enumerate(group.series):
            at = {"h": _HEIGHT, "w": _WIDTH, "x": number % _ACROSS * _WIDTH}
            panels.append(
                _panel(len(panels) + 1, one, language)
                | {"gridPos": at | {"y": y + number // _ACROSS * _HEIGHT}}
            )
        y += -(-len(group.series) // _ACROSS) * _HEIGHT
    board = {
        "uid": "annul" if language == "en" else f"annul-{language}",
        "title": _TITLE.speak(language),
        "tags": ["annul"],
        "schemaVersion": _SCHEMA,
        "version": 1,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "browser",
        "templating": {
            "list": [
                {
                    "name": "source",
                    "label": "Prometheus",
                    "type": "datasource",
                    "query": "prometheus",
                }
            ]
        },
        "panels": panels,
    }
    return json.dumps(board, ensure_ascii=False, indent=1) + "\n"


def _row(number: int, title: str, y: int) -> dict[str, Any]:
    at = {"h": 1, "w": 24, "x": 0, "y": y}
    return {"id": number, "type": "row", "title": title, "collapsed": False, "gridPos": at}


def _panel(number: int, one: Series, language: str) -> dict[str, Any]:
    legend = " ".join(f"{{{{{label}}}}}" for label in one.labels) or one.name
    means = "\n".join(f"- {value}: {text.speak(language)}" for value, text in one.values.items())
    return {
        "id": number,
        "type": "timeseries",
        "title": one.help.speak(language),
        "description": f"{one.name}\n{means}".strip(),
        "datasource": _SOURCE,
        "fieldConfig": {
            "defaults": {"unit": one.panel_unit},
            "overrides": [],
        },
        "options": {"legend": {"showLegend": True, "displayMode": "list", "placement": "bottom"}},
        "targets": [
            {"refId": "A", "datasource": _SOURCE, "expr": one.expression, "legendFormat": legend}
        ],
    }


def rules(language: str) -> str:
    """Write the rules as YAML; every text is a JSON string, which is one of YAML too."""
    lines = ["# Written by `make measures`.", "groups:", "  - name: annul", "    rules:"]
    for one in series():
        for alert in one.alerts:
            lines += [
                f"      - alert: {alert.name}",
                f"        expr: {_quoted(alert.when)}",
                f"        for: {alert.for_}",
                "        labels:",
                f"          severity: {alert.severity}",
                "        annotations:",
                f"          summary: {_quoted(alert.says.speak(language))}",
                f"          series: {one.name}",
            ]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
