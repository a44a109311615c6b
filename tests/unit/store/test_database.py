"""Named queries."""

from pathlib import Path

import pytest

from annul.store.database import load_queries


def test_each_query_has_a_name_and_a_description() -> None:
    queries = load_queries("annul.store", "journal.sql")
    assert {"open", "open_undo", "conclude"} <= set(queries)
    for name, query in queries.items():
        assert query.name == name
        assert query.description.endswith(".")
        assert ";" not in query.sql


def test_a_file_without_queries_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty_queries").mkdir()
    (tmp_path / "empty_queries" / "__init__.py").touch()
    (tmp_path / "empty_queries" / "x.sql").write_text("SELECT 1;\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ValueError, match="no named queries"):
        load_queries("empty_queries", "x.sql")
