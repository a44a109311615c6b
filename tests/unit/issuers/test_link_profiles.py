"""The profile of a link: what is stored is read strictly, and only what differs is stored."""

from typing import Any

import pytest

from annul.domain.link_profile import USUAL, LinkProfile
from annul.issuers.link_profiles import ProfileError, document_of, profile_of


def test_nothing_stored_is_the_usual() -> None:
    assert profile_of({}) == USUAL
    assert document_of(USUAL) == {}


def test_what_differs_is_stored_and_read_again() -> None:
    profile = LinkProfile(network_mti="0800", sign_on=False, left_out=(33, 100), codes={"A1": "00"})
    document = document_of(profile)
    assert set(document) == {"network_mti", "sign_on", "left_out", "codes"}
    assert profile_of(document) == profile


@pytest.mark.parametrize(
    ("document", "setting"),
    [
        ({"network": "0800"}, "network"),
        ({"network_mti": "0900"}, "network_mti"),
        ({"sign_on": "perhaps"}, "sign_on"),
        ({"identified_by": []}, "identified_by"),
        ({"compared": [37, 49]}, "compared"),
        ({"passed_on": [55, 2]}, "passed_on"),
        ({"codes": {"100": "XX"}}, "codes.100"),
        ({"left_out": ["x"]}, "left_out.0"),
        ({"framing": {"width": 9}}, "framing.width"),
    ],
)
def test_what_makes_no_sense_is_named(document: dict[str, Any], setting: str) -> None:
    with pytest.raises(ProfileError) as refused:
        profile_of(document)
    assert refused.value.setting == setting
