"""Every error of annul: a code of its own, what happened, and what to do next."""

import pkgutil
from collections import Counter
from collections.abc import Iterator
from importlib import import_module

import pytest

import annul
from annul.domain.errors import AnnulError


class _Stuck(AnnulError):
    """The drawer is stuck, so nothing was paid out. No money has moved.

    This paragraph is for who reads the code.
    """


def test_an_error_without_a_message_says_what_its_kind_says() -> None:
    assert str(_Stuck()) == "The drawer is stuck, so nothing was paid out. No money has moved."
    assert str(_Stuck("drawer 7 is stuck")) == "drawer 7 is stuck"


def _kinds(of: type[AnnulError]) -> Iterator[type[AnnulError]]:
    for kind in of.__subclasses__():
        if kind.__module__.startswith("annul."):
            yield kind
            yield from _kinds(kind)


@pytest.fixture(scope="module")
def every() -> list[type[AnnulError]]:
    for module in pkgutil.walk_packages(annul.__path__, "annul."):
        if ".migrations" not in module.name and not module.name.endswith("__main__"):
            import_module(module.name)
    return list(_kinds(AnnulError))


def test_each_kind_of_error_has_a_code_of_its_own(every: list[type[AnnulError]]) -> None:
    assert len(every) > 70
    codes = Counter(kind.code for kind in every)
    assert [code for code, count in codes.items() if count > 1 or "." not in code] == []


def test_each_says_what_happened_and_what_to_do_next(every: list[type[AnnulError]]) -> None:
    silent = [
        kind.__name__
        for kind in every
        if "__doc__" not in vars(kind) or "next_step" not in vars(kind) or len(kind.next_step) < 9
    ]
    assert silent == []
