"""What can go wrong with keys. No text ever carries key material, a PIN or a card number."""

from annul.domain.errors import AnnulError


class UnusableKey(AnnulError):
    """A key cannot be used for this. No message was sent and no money has moved."""

    code = "security.key"
    next_step = "Check which key was loaded; the terminal may have to sign in again."


class MasterKeyError(AnnulError):
    """The local master key cannot be used, so nothing was done. No money has moved."""

    code = "security.master_key"
    next_step = "Give 64 hexadecimal digits in a file of mode 0600, or in ANNUL_MASTER_KEY."


class SecretFileError(AnnulError):
    """A file with a secret cannot be read, or could be by others. Nothing was done."""

    code = "security.secret_file"
    next_step = "Give a file that is there, and let nobody but its owner read it: chmod 600 FILE."


class PinBlockError(AnnulError):
    """The PIN block is not one of the agreed format, so nothing was sent. No money has moved."""

    code = "security.pin_block"
    next_step = "Check the terminal's PIN key and format; signing in again gives it fresh keys."


class TlsError(AnnulError):
    """A certificate or key for TLS cannot be used, so the port or link is not opened with it."""

    code = "security.tls"
    next_step = "Check the file that is named; it holds PEM, and a key without a password."
