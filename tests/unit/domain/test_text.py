"""Whoever reads neither language that annul has reads English."""

import pytest

from annul.domain.text import Text


@pytest.mark.parametrize(
    ("language", "said"),
    [("zh", "已撤销"), ("en", "voided"), ("", "voided"), ("de", "voided"), ("zh-TW", "voided")],
)
def test_a_text_is_spoken_in_a_language(language: str, said: str) -> None:
    assert Text("已撤销", "voided").speak(language) == said
