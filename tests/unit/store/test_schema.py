"""The schema in the URL of a session."""

import pytest

from annul.store.schema import PUBLIC, in_schema


@pytest.mark.parametrize(
    ("url", "schema", "said"),
    [
        ("postgresql://annul@db/annul", PUBLIC, "postgresql://annul@db/annul"),
        ("postgresql://annul@db/annul", "east", "postgresql://annul@db/annul?search_path=east"),
        ("postgresql:///a?host=/s", "east", "postgresql:///a?host=/s&search_path=east"),
        ("postgresql:///a?search_path=west", "east", "postgresql:///a?search_path=west"),
        ("", "east", ""),
    ],
)
def test_it_is_said_once(url: str, schema: str, said: str) -> None:
    assert in_schema(url, schema) == said
