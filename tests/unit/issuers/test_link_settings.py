"""Settings of a link by name: what is taken, what is refused by name, what is as most have it."""

from dataclasses import fields
from typing import Final

import pytest

from annul.domain.link_profile import LinkProfile
from annul.domain.link_words import NESTED, PROFILE, ROW, said
from annul.domain.records import Issuer
from annul.issuers.link_profiles import ProfileError
from annul.issuers.link_settings import changed, settings_of

_ISSUER: Final = Issuer("62000000", "测试行", "Test bank", "127.0.0.1", 1)


def _values(issuer: Issuer) -> dict[str, str]:
    return {one.name: one.value for one in settings_of(issuer)}


def test_every_setting_of_a_profile_has_words() -> None:
    assert set(PROFILE) == {one.name for one in fields(LinkProfile)}
    assert set(_values(_ISSUER)) == set(ROW) | set(PROFILE) - set(NESTED)


def test_settings_as_people_write_them() -> None:
    given = {
        "host": "10.0.0.9",
        "port": "9001",
        "framing": "length_2",
        "network_mti": "0800",
        "left_out": "33, 100",
        "sign_on": "no",
        "codes.A1": "00",
        "framing.trailer": "03",
        "framing.width": "4",
        "framing.counts_itself": "true",
    }
    after = changed(_ISSUER, given)
    assert (after.host, after.port, after.framing) == ("10.0.0.9", 9001, "length_2")
    assert after.profile.left_out == (33, 100)
    assert after.profile.codes == {"A1": "00"}
    assert after.profile.framing == {"trailer": "03", "width": 4, "counts_itself": True}
    differing = {one.name for one in settings_of(after) if one.differs}
    assert differing == {
        "network_mti", "left_out", "sign_on", "codes.A1",
        "framing.trailer", "framing.width", "framing.counts_itself",
    }  # fmt: skip
    assert all(said(name).en and said(name).zh for name in _values(after))
    back = changed(after, {"framing": "length_4"}, ["codes.A1", "framing", "left_out", "sign_on"])
    assert back.profile == LinkProfile(network_mti="0800")


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"port": "70000"}, "port"),
        ({"port": "x"}, "port"),
        ({"host": ""}, "host"),
        ({"framing": "length_9"}, "framing"),
        ({"network_mti": "0200"}, "network_mti"),
        ({"sign_on": "perhaps"}, "sign_on"),
        ({"left_out": "33;100"}, "left_out"),
        ({"left_out": "1"}, "left_out"),
        ({"passed_on": "2"}, "passed_on"),
        ({"identified_by": ""}, "identified_by"),
        ({"codes.A1": "ZZ"}, "codes.A1"),
        ({"codes": "00"}, "codes"),
        ({"framing.trailer": "zz"}, "framing.trailer"),
        ({"framing.width": "x"}, "framing.width"),
        ({"framing.counts_itself": "x"}, "framing.counts_itself"),
        ({"framing.colour": "red"}, "framing.colour"),
        ({"colour": "red"}, "colour"),
        ({"mac_key": "00"}, "mac_key"),
    ],
)
def test_what_is_wrong_is_named(given: dict[str, str], named: str) -> None:
    with pytest.raises(ProfileError) as refused:
        changed(_ISSUER, given)
    assert refused.value.setting == named


def test_what_there_is_not_can_not_be_unset() -> None:
    with pytest.raises(ProfileError):
        changed(_ISSUER, {}, ["host"])
    assert changed(_ISSUER, {}, ["codes.A1"]) == _ISSUER


def test_a_profile_that_makes_no_sense_can_be_mended() -> None:
    stored = {"network_mti": "0200", "left_out": [33]}
    assert changed(_ISSUER, {"network_mti": "0800"}, (), stored).profile.left_out == (33,)
    with pytest.raises(ProfileError):
        changed(_ISSUER, {}, (), stored)
