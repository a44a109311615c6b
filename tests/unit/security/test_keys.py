"""Keys: wrapped, bound to their purpose, handed out and opened again; the vault; no leaks."""

import stat
from pathlib import Path

import pytest

from annul.security.ciphers import AES, DES, SM, TDES, BlockCipher
from annul.security.errors import MasterKeyError, UnusableKey
from annul.security.keys import (
    FORMS,
    KeyKind,
    WrappedKey,
    fits,
    form_of,
    open_working_keys,
)
from annul.security.mac import MacAlgorithm, mac
from annul.security.masterkey import load_or_create
from annul.security.pin import PinFormat
from annul.security.software import SoftwareModule
from annul.security.vault import Vault

_MASTER = bytes(range(32))
_PAN = "6200010000000007"
_AS_IT_IS = {"source_format": PinFormat.ISO_0, "target_format": PinFormat.ISO_0}


@pytest.mark.parametrize(
    ("network", "size"),
    [
        ("001", 24),
        ("003", 40),
        ("004", 60),
        ("005", 40),
        ("006", 60),
        ("913", 40),
        ("914", 60),
        ("925", 60),
        ("937", 60),
    ],
)
def test_a_terminal_opens_what_the_host_hands_out(network: str, size: int) -> None:
    module = SoftwareModule(_MASTER)
    algorithm = FORMS[network].master
    clear = bytes(range(16, 32))
    master = module.import_key(KeyKind.MASTER, algorithm, clear)
    issued = module.issue_working_keys(master, network)
    assert len(issued.field62) == size
    keys = open_working_keys(issued.field62, BlockCipher(algorithm, clear), network)
    assert set(keys) == {slot.kind for slot in FORMS[network].slots}
    assert {key.kind for key in issued.every} == set(keys)
    assert {key.kind: key.algorithm for key in issued.every} == {
        kind: key.algorithm for kind, key in keys.items()
    }
    for kind in FORMS[network].macs:
        assert module.verify_mac(issued.mac, kind, b"data", mac(kind, keys[KeyKind.MAC], b"data"))
        if issued.mac_back is not None:
            answer = module.mac(issued.mac_back, kind, b"data")
            assert answer == mac(kind, keys[KeyKind.MAC_BACK], b"data")
            assert answer != module.mac(issued.mac, kind, b"data")


def test_the_table_of_forms_agrees_with_itself() -> None:
    for name, form in FORMS.items():
        assert form.name == name
        assert form.usual_mac in form.macs
        kinds = [slot.kind for slot in form.slots]
        assert len(kinds) == len(set(kinds))
        assert {KeyKind.PIN, KeyKind.MAC} <= set(kinds)
        codes = {slot.algorithm for slot in form.slots if slot.kind in {"mac", "mac_back"}}
        assert len(codes) == 1, "the host's answers are made as the terminal's requests are"


def test_an_algorithm_goes_with_a_form_or_not() -> None:
    assert {(form, kind.value) for form in FORMS for kind in MacAlgorithm if fits(form, kind)} == {
        *((form, kind) for form in ("001", "003", "004") for kind in ("unionpay_ecb", "x9_9")),
        ("005", "sm4"),
        ("006", "sm4"),
        ("913", "x9_19"),
        ("914", "x9_19"),
        ("925", "sm4"),
        ("925", "sm4_cmac"),
        ("937", "aes_cmac"),
    }
    assert not fits("999", MacAlgorithm.X9_19)


@pytest.mark.parametrize("form", FORMS)
def test_the_same_keys_are_handed_out_again_the_same(form: str) -> None:
    module = SoftwareModule(_MASTER)
    master = module.generate(KeyKind.MASTER, FORMS[form].master)
    issued = module.issue_working_keys(master, form)
    keys = {key.kind: key for key in issued.every}
    assert SoftwareModule(_MASTER).field62(keys, master, form) == issued.field62
    assert module.issue_working_keys(master, form).field62 != issued.field62


def test_keys_of_another_form_are_not_handed_out() -> None:
    module = SoftwareModule(_MASTER)
    master = module.generate(KeyKind.MASTER, TDES)
    keys = {key.kind: key for key in module.issue_working_keys(master, "003").every}
    with pytest.raises(UnusableKey, match="form 913 needs a mac key of 3des"):
        module.field62(keys, master, "913")
    with pytest.raises(UnusableKey, match="form 004 needs a data key of 3des"):
        module.field62(keys, master, "004")
    with pytest.raises(UnusableKey, match="form 003 needs a mac key of des"):
        module.field62(keys | {KeyKind.MAC: keys[KeyKind.PIN]}, master, "003")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("cipher", [TDES, SM, AES])
def test_a_master_of_another_cipher_hands_out_nothing(form: str, cipher: str) -> None:
    module = SoftwareModule(_MASTER)
    master = module.generate(KeyKind.MASTER, cipher)
    if cipher == FORMS[form].master:
        assert module.issue_working_keys(master, form).field62
        return
    with pytest.raises(UnusableKey, match="needs a master key of"):
        module.issue_working_keys(master, form)
    with pytest.raises(UnusableKey, match="needs a master key of"):
        open_working_keys(bytes(60), BlockCipher(cipher, bytes(16)), form)


@pytest.mark.parametrize("cipher", [SM, AES])
def test_half_a_block_is_not_exported_as_nothing(cipher: str) -> None:
    module = SoftwareModule(_MASTER)
    master, single = module.generate(KeyKind.MASTER, cipher), module.generate(KeyKind.MAC, DES)
    with pytest.raises(UnusableKey, match="no whole block"):
        module.export_under(single, master)
    whole = module.generate(KeyKind.PIN, TDES)
    assert len(module.export_under(whole, master)) == 16, "the context has not kept the half"


def test_an_unknown_form_is_refused() -> None:
    module = SoftwareModule(_MASTER)
    with pytest.raises(UnusableKey, match="no such form"):
        module.issue_working_keys(module.generate(KeyKind.MASTER, TDES), "002")
    with pytest.raises(UnusableKey, match="no such form"):
        form_of("000")


def test_keys_that_are_cut_off_are_refused() -> None:
    module, clear = SoftwareModule(_MASTER), bytes(range(16))
    issued = module.issue_working_keys(module.import_key(KeyKind.MASTER, TDES, clear), "003")
    with pytest.raises(UnusableKey, match="too short"):
        open_working_keys(issued.field62[:-1], BlockCipher(TDES, clear), "003")


def test_a_form_of_the_same_length_does_not_open_as_another() -> None:
    # 003 and 913 both take 40 bytes: one in the middle can not make a terminal weaker.
    module = SoftwareModule(_MASTER)
    clear = bytes(range(16))
    issued = module.issue_working_keys(module.import_key(KeyKind.MASTER, TDES, clear), "003")
    with pytest.raises(UnusableKey, match="check value of the mac key"):
        open_working_keys(issued.field62, BlockCipher(TDES, clear), "913")


def test_a_key_for_answers_proves_no_request() -> None:
    module = SoftwareModule(_MASTER)
    back = module.generate(KeyKind.MAC_BACK, AES)
    code = module.mac(back, MacAlgorithm.AES_CMAC, b"answer")
    with pytest.raises(UnusableKey, match="a mac_back key cannot serve as a mac key"):
        module.verify_mac(back, MacAlgorithm.AES_CMAC, b"answer", code)
    with pytest.raises(UnusableKey, match="cannot serve as a mac or mac_back key"):
        module.mac(module.generate(KeyKind.DATA, AES), MacAlgorithm.AES_CMAC, b"answer")


def test_a_wrong_check_value_is_refused() -> None:
    module = SoftwareModule(_MASTER)
    master = module.import_key(KeyKind.MASTER, TDES, bytes(range(16)))
    field62 = module.issue_working_keys(master, "003").field62
    with pytest.raises(UnusableKey, match="check value of the mac key"):
        open_working_keys(field62[:-1] + b"\0", BlockCipher(TDES, bytes(range(16))), "003")


def test_a_key_serves_only_its_purpose() -> None:
    module = SoftwareModule(_MASTER)
    key = module.generate(KeyKind.MAC, TDES)
    module.mac(key, MacAlgorithm.X9_19, b"data")
    with pytest.raises(UnusableKey):
        module.translate_pin(bytes(8), _PAN, key, key, **_AS_IT_IS)
    renamed = WrappedKey(KeyKind.PIN, TDES, key.wrapped, key.check_value)
    with pytest.raises(UnusableKey, match="does not open"):
        module.translate_pin(bytes(8), _PAN, renamed, renamed, **_AS_IT_IS)


def test_keys_survive_a_restart_only_under_the_same_master() -> None:
    key = SoftwareModule(_MASTER).generate(KeyKind.MAC, TDES)
    again = SoftwareModule(_MASTER)
    assert again.mac(key, MacAlgorithm.X9_19, b"x") == again.mac(key, MacAlgorithm.X9_19, b"x")
    with pytest.raises(UnusableKey, match="does not open"):
        SoftwareModule(bytes(32)).mac(key, MacAlgorithm.X9_19, b"x")


def test_the_vault_opens_matches_and_hides() -> None:
    vault = Vault(_MASTER)
    sealed = vault.seal(_PAN)
    assert vault.open(sealed) == _PAN
    assert sealed != vault.seal(_PAN)
    assert _PAN.encode() not in sealed
    assert vault.hash(_PAN) == Vault(_MASTER).hash(_PAN) != vault.hash("6200010000000015")
    assert vault.hash(_PAN) != Vault(bytes(32)).hash(_PAN)
    assert vault.mask(_PAN) == "620001******0007"
    with pytest.raises(UnusableKey):
        Vault(bytes(32)).open(sealed)


def test_the_master_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "master.key"
    key = load_or_create(file)
    assert load_or_create(file) == key
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.chmod(0o640)
    with pytest.raises(MasterKeyError, match="read by others"):
        load_or_create(file)


def test_a_wrong_master_key_is_refused_without_showing_it(tmp_path: Path) -> None:
    with pytest.raises(MasterKeyError) as caught:
        load_or_create(tmp_path / "none", "abcd")
    assert "abcd" not in str(caught.value)


def test_nothing_secret_shows() -> None:
    module = SoftwareModule(_MASTER)
    key = module.generate(KeyKind.MAC, TDES)
    shown = repr((key, BlockCipher(TDES, bytes(range(16))), Vault(_MASTER), module))
    assert key.wrapped.hex() not in shown
    assert repr(key.wrapped) not in shown
    assert "0001020304" not in shown
