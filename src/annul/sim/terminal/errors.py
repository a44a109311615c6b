"""What keeps a soft terminal from going on; each says what it means for the money."""

from annul.domain.errors import AnnulError


class Unreachable(AnnulError):
    """The host could not be reached, so nothing was sent. No money has moved."""

    code = "terminal.unreachable"
    next_step = "Check that the host runs (annul up) and that the port is right, then try again."


class Untrusted(Unreachable):
    """No TLS came about with the host, so nothing was sent. No money has moved."""

    code = "terminal.untrusted"
    next_step = (
        "Compare `tls` in the terminal's profile with the host's: the ca, the name in the host's "
        "certificate, the terminal's own certificate and its end; then try again."
    )


class NoAnswerFromHost(AnnulError):
    """The request went out and no valid answer came. It is reversed before the next transaction."""

    code = "terminal.no_answer"
    next_step = (
        "Do any transaction: what is owed goes out first, and the receipt tells the outcome."
    )


class SignInRefused(AnnulError):
    """The host did not sign this terminal in, so nothing can be done. No money has moved."""

    code = "terminal.sign_in_refused"
    next_step = "Read the response code; check merchant, terminal and master key with the acquirer."


class StillOwing(AnnulError):
    """An earlier transaction could not be settled; nothing else is sent before it is."""

    code = "terminal.still_owing"
    next_step = (
        "Call the acquirer with the voucher number; when they have settled it, run: "
        "annul pos clear TRACE."
    )


class NoSuchVoucher(AnnulError):
    """This terminal has no transaction with that voucher number. No money has moved."""

    code = "terminal.no_such_voucher"
    next_step = "Look at the receipt or at `annul pos journal`."


class NotPossible(AnnulError):
    """The terminal cannot do this. No money has moved."""

    code = "terminal.not_possible"
    next_step = "Read the reason."
