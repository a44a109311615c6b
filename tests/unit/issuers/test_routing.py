import pytest

from annul.domain.records import Bin, Issuer
from annul.issuers.routing import Router


def _issuer(name: str) -> Issuer:
    return Issuer(name, name, name, "127.0.0.1", 1)


_BINS = (
    Bin("62", "wide", None, "debit"),
    Bin("620000", "narrow", "spare", "credit"),
    Bin("6200001", "narrowest", None, "debit"),
    Bin("9", "missing", "spare", "qr"),
    Bin("8", "missing", None, "qr"),
)
_ISSUERS = tuple(_issuer(name) for name in ("wide", "narrow", "narrowest", "spare"))


def _router(usable: set[str] | None = None) -> Router:
    everyone = {"wide", "narrow", "narrowest", "spare"}
    return Router(_BINS, _ISSUERS, (everyone if usable is None else usable).__contains__)


@pytest.mark.parametrize(
    ("pan", "issuer", "card_type"),
    [
        ("6200000000000005", "narrow", "credit"),
        ("6200001000000004", "narrowest", "debit"),
        ("6210000000000003", "wide", "debit"),
        ("62", "wide", "debit"),
    ],
)
def test_the_longest_prefix_wins(pan, issuer, card_type):
    route = _router().route(pan)
    assert route is not None
    assert (route.issuer_id, route.card_type) == (issuer, card_type)


@pytest.mark.parametrize("pan", ["", "6", "4000000000000002"])
def test_no_prefix_no_route(pan):
    assert _router().route(pan) is None


@pytest.mark.parametrize(
    ("usable", "issuer"),
    [({"narrow", "spare"}, "narrow"), ({"spare"}, "spare"), (set(), "narrow")],
)
def test_the_backup_stands_in_while_only_it_is_usable(usable, issuer):
    route = _router(usable).route("6200000000000005")
    assert route is not None
    assert route.issuer_id == issuer
    assert {route.issuer, route.backup} == {_issuer("narrow"), _issuer("spare")}


def test_a_row_without_its_primary_goes_to_the_backup():
    router = _router()
    route = router.route("9123456789")
    assert route is not None
    assert (route.issuer_id, route.backup) == ("spare", None)
    assert router.route("8123456789") is None


def test_the_way_back_goes_to_the_issuer_of_the_original():
    assert _router(set()).route_to("spare").issuer == _issuer("spare")
    unknown = _router().route_to("gone")
    assert (unknown.issuer_id, unknown.issuer) == ("gone", None)
