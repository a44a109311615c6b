"""What an issuer's row says of MACs and PINs, and whether it goes together."""

from collections.abc import Mapping
from typing import Final, NoReturn

from annul.domain.errors import AnnulError
from annul.domain.records import Issuer
from annul.security import pin
from annul.security.ciphers import BLOCKS
from annul.security.mac import EQUALISABLE, MacAlgorithm, goes_with
from annul.security.pin import PinFormat
from annul.wire.dialect import Dialect
from annul.wire.dialects import DIALECTS

from .editions import EDITIONS

_PIN_FIELD: Final = 52

# The pairs of algorithm or format and cipher that a row may have. A code that can be equalised
# without its key proves nothing, and an issuer's word decides over money.
MAC_PAIRS: Final = frozenset(
    (algorithm.value, cipher)
    for algorithm in MacAlgorithm
    for cipher in BLOCKS
    if algorithm not in EQUALISABLE and goes_with(algorithm, cipher)
)
PIN_PAIRS: Final = frozenset(
    (form.value, cipher)
    for form in PinFormat
    for cipher in BLOCKS
    if form is not PinFormat.BARE and pin.fits(form, cipher)
)


class IssuerProfileError(AnnulError):
    """An issuer's MAC, PIN format and keys do not go together. Nothing was sent to it."""

    code = "issuers.profile"
    next_step = "Correct it: annul issuer profile, annul issuer key."


def check_profile(issuer: Issuer, dialects: Mapping[str, Dialect] = DIALECTS) -> None:
    """Raise `IssuerProfileError` for what no message could be made with."""
    dialect = dialects.get(issuer.dialect)
    if dialect is None:
        _refuse(issuer, f"there is no dialect {issuer.dialect}")
    if dialect.version not in {"0", *EDITIONS}:
        _refuse(issuer, f"dialect {issuer.dialect} is of an edition that is read, not spoken")
    if issuer.key_exchange and dialect.version in EDITIONS:
        _refuse(issuer, "key messages are agreed in the edition of 1987 only")
    if (issuer.mac_algorithm, issuer.mac_key_algorithm) not in MAC_PAIRS:
        _refuse(issuer, f"a {issuer.mac_key_algorithm} key makes no {issuer.mac_algorithm} code")
    if (issuer.pin_format, issuer.pin_key_algorithm) not in PIN_PAIRS:
        _refuse(
            issuer,
            f"a {issuer.pin_key_algorithm} key enciphers no block of format {issuer.pin_format}",
        )
    size, field = BLOCKS[issuer.pin_key_algorithm], dialect.fields.get(_PIN_FIELD)
    if field is not None and field.size != size:
        _refuse(issuer, f"field {_PIN_FIELD} of {issuer.dialect} holds no block of {size} bytes")


def _refuse(issuer: Issuer, why: str) -> NoReturn:
    message = f"issuer {issuer.issuer_id}: {why}"
    raise IssuerProfileError(message)
