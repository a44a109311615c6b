"""What all answers have in common, whoever makes them and whoever reads them."""

import inspect
import json
import pkgutil
from datetime import UTC, datetime
from importlib import import_module
from typing import Annotated, Literal
from uuid import UUID

import pytest
from pydantic import Field, ValidationError

from annul.client import UnreadableError, models
from annul.client.models.parts import NEWER, Id, Model, Said, Shown, Time
from annul.client.models.webhooks import MadeWebhook
from annul.client.reading import read


def test_an_alias_is_for_rows_of_annul_and_not_for_json():
    class Row(Model, frozen=True):
        merchant: str = Field(validation_alias="merchant_id")

    assert Row.model_validate({"merchant_id": "1"}) == Row(merchant="1")
    assert read(Row, b'{"merchant": "1", "merchant_id": 2}').merchant == "1"
    with pytest.raises(UnreadableError, match="merchant: Field required"):
        read(Row, b'{"merchant_id": "1"}')


def test_annul_answers_only_as_it_documents_where_others_read_more():
    class Answer(Model, frozen=True):
        id: Id = ""
        at: Time | None = None
        state: Annotated[Literal["open"], NEWER] = "open"
        text: Shown | None = None

    identity, at = UUID(int=1), datetime(2026, 1, 1, tzinfo=UTC)
    made = Answer.model_validate({"id": identity, "at": at, "text": "已撤销"})
    assert made.id == str(identity)
    assert json.loads(made.model_dump_json()) == {
        "id": str(identity),
        "at": "2026-01-01T00:00:00Z",
        "state": "open",
        "text": "已撤销",
    }
    assert made.model_dump(mode="json") == json.loads(made.model_dump_json())
    assert read(Answer, b'{"state": "newer"}').state == "newer"
    assert read(Answer, b'{"text": {"zh": "1", "en": "2"}}').text == Said(zh="1", en="2")
    with pytest.raises(ValidationError):
        Answer.model_validate({"state": "newer"})
    with pytest.raises(UnreadableError):
        read(Answer, b'{"text": "1"}')


def test_all_that_annul_answers_is_frozen_and_has_a_text():
    modules = [
        import_module(f"{models.__name__}.{one.name}")
        for one in pkgutil.iter_modules(models.__path__)
    ]
    found = {
        name: one
        for module in modules
        for name, one in inspect.getmembers(module, inspect.isclass)
        if issubclass(one, Model) and one.__module__ == module.__name__
    }
    assert len(found) > 35
    for name, one in found.items():
        assert one.model_config.get("frozen"), name
        assert one.__doc__, name
        assert one.model_fields or one is Model


def test_what_was_read_stays_as_it_was():
    said = Said(zh="甲", en="A")
    with pytest.raises(ValidationError):
        said.zh = "乙"  # pyright: ignore[reportAttributeAccessIssue]
    assert len({said, said.model_copy()}) == 1


def test_a_secret_shows_in_no_repr():
    made = MadeWebhook(
        id="1",
        merchant="2",
        url="https://x/",
        active=True,
        created_by="key",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        secret="whsec_secret",
    )
    assert "whsec_secret" not in repr(made)
    assert "whsec_secret" not in str(made)
    assert "https://x/" in repr(made)
