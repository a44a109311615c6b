"""Keys: wrapped, bound to their purpose, handed out and opened again; the vault; no leaks."""

import stat
from pathlib import Path

import pytest

from annul.security import pin
from annul.security.ciphers import SM, TDES, BlockCipher
from annul.security.errors import MasterKeyError, PinBlockError, UnusableKey
from annul.security.keys import LAYOUTS, KeyKind, WrappedKey, open_working_keys
from annul.security.mac import MacAlgorithm
from annul.security.masterkey import load_or_create
from annul.security.software import SoftwareModule
from annul.security.vault import Vault

_MASTER = bytes(range(32))
_PAN = "6200010000000007"


@pytest.mark.parametrize(
    ("network", "size"), [("001", 24), ("003", 40), ("004", 60), ("005", 40), ("006", 60)]
)
def test_a_terminal_opens_what_the_host_hands_out(network: str, size: int) -> None:
    module = SoftwareModule(_MASTER)
    algorithm = SM if network >= "005" else TDES
    clear = bytes(range(16, 32))
    master = module.import_key(KeyKind.MASTER, algorithm, clear)
    issued = module.issue_working_keys(master, network)
    assert len(issued.field62) == size
    keys = open_working_keys(issued.field62, BlockCipher(algorithm, clear), network)
    assert set(keys) == {slot.kind for slot in LAYOUTS[network]}
    kind = MacAlgorithm.SM4 if algorithm == SM else MacAlgorithm.UNIONPAY_ECB
    from annul.security.mac import mac

    assert module.verify_mac(issued.mac, kind, b"data", mac(kind, keys[KeyKind.MAC], b"data"))


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
        module.translate_pin(bytes(8), _PAN, key, key)
    renamed = WrappedKey(KeyKind.PIN, TDES, key.wrapped, key.check_value)
    with pytest.raises(UnusableKey, match="does not open"):
        module.translate_pin(bytes(8), _PAN, renamed, renamed)


def test_keys_survive_a_restart_only_under_the_same_master() -> None:
    key = SoftwareModule(_MASTER).generate(KeyKind.MAC, TDES)
    again = SoftwareModule(_MASTER)
    assert again.mac(key, MacAlgorithm.X9_19, b"x") == again.mac(key, MacAlgorithm.X9_19, b"x")
    with pytest.raises(UnusableKey, match="does not open"):
        SoftwareModule(bytes(32)).mac(key, MacAlgorithm.X9_19, b"x")


@pytest.mark.parametrize("source_has_pan", [True, False])
def test_a_pin_goes_from_terminal_to_issuer(*, source_has_pan: bool) -> None:
    module = SoftwareModule(_MASTER)
    clear_source, clear_target = bytes(range(16)), bytes(range(16, 32))
    source = module.import_key(KeyKind.PIN, TDES, clear_source)
    target = module.import_key(KeyKind.PIN, TDES, clear_target)
    block = pin.block("123456", _PAN if source_has_pan else "")
    encrypted = BlockCipher(TDES, clear_source).encrypt(block)
    moved = module.translate_pin(encrypted, _PAN, source, target, source_has_pan=source_has_pan)
    assert pin.pin_of(BlockCipher(TDES, clear_target).decrypt(moved), _PAN) == "123456"


@pytest.mark.parametrize("digits", ["", "123", "1234567890123", "12a4"])
def test_an_impossible_pin_is_refused_without_showing_it(digits: str) -> None:
    with pytest.raises(PinBlockError) as caught:
        pin.block(digits, _PAN)
    assert not digits or digits not in str(caught.value)


def test_a_block_under_another_key_is_refused() -> None:
    with pytest.raises(PinBlockError):
        pin.pin_of(bytes.fromhex("FFFFFFFFFFFFFFFF"), _PAN)


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
