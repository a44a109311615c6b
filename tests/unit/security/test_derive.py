"""One master key, a separate key for each purpose, and a value by which it is known."""

from annul.security.derive import check_value, derive

_PURPOSES = ("key wrapping", "card ciphertext", "file ciphertext", "card hash")


def test_a_check_value_is_the_keys_own_and_no_part_of_what_it_opens() -> None:
    master = bytes(range(32))
    value = check_value(master)
    assert value == check_value(master) != check_value(bytes(32))
    assert len(value) == 32
    assert value not in {master, *(derive(master, purpose) for purpose in _PURPOSES)}
