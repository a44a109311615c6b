"""A terminal's profile: key form, MAC and TLS as they stand in its file, and no key in an error."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from annul.security.ciphers import AES, SM, TDES
from annul.security.keys import FORMS
from annul.security.mac import MacAlgorithm
from annul.security.tls import ClientTls
from annul.sim.terminal.profile import Profile

_KEY = "0123456789abcdef0011223344556677"


def _profile(**changes: Any) -> Profile:
    return Profile(merchant="898000058120000", terminal="10000001", master_key=_KEY, **changes)


@pytest.mark.parametrize(
    ("form", "algorithm", "master"),
    [
        ("001", "unionpay_ecb", TDES),
        ("003", "unionpay_ecb", TDES),
        ("004", "unionpay_ecb", TDES),
        ("005", "sm4", SM),
        ("006", "sm4", SM),
        ("913", "x9_19", TDES),
        ("914", "x9_19", TDES),
        ("925", "sm4", SM),
        ("937", "aes_cmac", AES),
    ],
)
def test_the_form_says_which_mac_and_master(form: str, algorithm: str, master: str) -> None:
    profile = _profile(network=form)
    assert (profile.mac, profile.master.algorithm) == (algorithm, master)


def test_without_a_word_it_is_the_standards() -> None:
    profile = _profile()
    assert (profile.network, profile.mac, profile.tls) == ("003", MacAlgorithm.UNIONPAY_ECB, None)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("algorithm", list(MacAlgorithm))
def test_a_mac_that_the_form_has_no_key_for_is_refused(form: str, algorithm: MacAlgorithm) -> None:
    if algorithm in FORMS[form].macs:
        assert _profile(network=form, mac=algorithm).mac is algorithm
        return
    with pytest.raises(ValidationError, match=f"form {form} has no key for {algorithm}") as caught:
        _profile(network=form, mac=algorithm)
    assert _KEY not in str(caught.value)


def test_an_unknown_form_is_refused_without_showing_the_key() -> None:
    with pytest.raises(ValidationError, match="none of the key forms 001, 003") as caught:
        _profile(network="002")
    assert _KEY not in str(caught.value)


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "pos" / "10000001.json"
    tls = ClientTls(Path("/etc/annul/ca.pem"), "pos.example", minimum="1.3")
    profile = _profile(network="925", mac=MacAlgorithm.SM4_CMAC, tls=tls)
    profile.write(file)
    assert Profile.read(file) == profile
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.chmod(0o644)
    Profile.read(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_paths_start_at_the_folder_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "pos" / "10000001.json"
    relative = ClientTls(
        Path("../tls/ca.pem"), certificate=Path("mine.pem"), key=Path("/elsewhere/mine.key")
    )
    _profile(tls=relative).write(file)
    tls = Profile.read(file).tls
    assert tls is not None
    assert tls.files == (
        tmp_path / "pos" / "../tls/ca.pem",
        tmp_path / "pos" / "mine.pem",
        Path("/elsewhere/mine.key"),
    )


def test_a_file_from_before_is_read_and_a_misspelt_one_is_not(tmp_path: Path) -> None:
    file = tmp_path / "10000001.json"
    before = {"merchant": "898000058120000", "terminal": "10000001", "master_key": _KEY}
    file.write_text(json.dumps(before | {"network": "005"}))
    assert Profile.read(file).mac is MacAlgorithm.SM4
    file.write_text(json.dumps(before | {"tls": {"ca": "ca.pem", "minimun": "1.3"}}))
    with pytest.raises(ValidationError, match="minimun"):
        Profile.read(file)
