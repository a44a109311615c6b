"""The soft terminal under every key form: what it signs, what it believes, what it does then."""

import pytest

from annul.domain.kinds import KINDS
from annul.security.keys import FORMS, KeyKind
from annul.security.mac import MacAlgorithm
from annul.sim.terminal.batch import settle
from annul.sim.terminal.errors import NoAnswerFromHost, StillOwing
from annul.sim.terminal.journal import Fields
from annul.wire.framing import REQUIREMENTS

from .scripted import SALE, Host, journal_of, serving, terminal_of

_PAIRS = [(name, code) for name, form in FORMS.items() for code in form.macs]
_WITH_BACK = [name for name, form in FORMS.items() if len(form.slots) > 2 and name > "900"]


@pytest.mark.parametrize(("form", "algorithm"), _PAIRS)
async def test_a_sale_and_a_settlement_under_each_form(form: str, algorithm: MacAlgorithm) -> None:
    async with serving(Host(form, algorithm)) as host:
        terminal = terminal_of(host)
        record = await terminal.perform(SALE)
        settled = await settle(terminal)
        terminal.close()
    assert record.state == "approved"
    assert settled.balanced
    assert host.asked == [f"0800 {form}", "0200 000", "0500 201"]
    assert [host.was_signed(message) for message in host.heard] == [False, True, True]


@pytest.mark.parametrize("form", _WITH_BACK)
async def test_an_answer_under_the_terminals_own_key_is_not_believed(form: str) -> None:
    async with serving(Host(form, FORMS[form].usual_mac, signed_by=KeyKind.MAC)) as host:
        terminal = terminal_of(host)
        record = await terminal.perform(SALE)
        terminal.close()
    assert (record.state, record.response_code, record.owed) == ("unanswered", "A0", "reversal")


async def test_a_host_that_is_busy_is_not_asked_again_at_once() -> None:
    async with serving(Host(breaks=True)) as host:
        terminal = terminal_of(host)
        await terminal.perform(SALE)
        host.breaks, host.codes = False, ["96", "96"]
        for sent in (1, 2):
            with pytest.raises(StillOwing):
                await terminal.settle_owed()
            assert [message.mti for message in host.heard].count("0400") == sent
        await terminal.settle_owed()
        assert not terminal.journal.owed()
        terminal.close()


@pytest.mark.parametrize("name", ["settlement", "batch_upload", "batch_upload_end"])
async def test_the_end_of_a_batch_is_signed_and_its_answer_checked(name: str) -> None:
    async with serving(Host()) as host:
        terminal = terminal_of(host)
        await terminal.sign_in()
        network = KINDS[name].network[0]
        extra: Fields = {48: "0" * 62}
        for host.signs, host.breaks in ((True, False), (False, False)):
            answer = await terminal.manage(name, network=network, extra=extra)
            assert answer.response_code == "00"
            assert host.was_signed(host.heard[-1])
        host.signs = host.breaks = True
        with pytest.raises(NoAnswerFromHost, match="MAC is wrong"):
            await terminal.manage(name, network=network, extra=extra)
        host.codes = ["77"]
        answer = await terminal.manage(name, network=network, extra=extra)
        assert answer.response_code == "77", "a refusal need not prove itself"
        terminal.close()


async def test_a_host_that_lost_the_keys_is_signed_in_to_before_the_settlement() -> None:
    async with serving(Host()) as host:
        terminal = terminal_of(host)
        await terminal.sign_in()
        host.codes = ["A0"]
        assert (await settle(terminal)).balanced
        assert host.asked == ["0800 003", "0500 201", "0800 003", "0500 201"]
        assert host.heard[1][11] != host.heard[3][11]
        host.codes = ["A0", "00", "A0"]
        extra: Fields = {48: "0" * 62}
        answer = await terminal.manage("settlement", network="201", extra=extra)
        assert answer.response_code == "A0", "it does not go round for ever"
        terminal.close()


@pytest.mark.parametrize("name", ["status", "echo"])
async def test_other_management_is_not_signed(name: str) -> None:
    async with serving(Host()) as host:
        terminal = terminal_of(host)
        await terminal.sign_in()
        await terminal.manage(name, network=KINDS[name].network[0], extra={62: b"well"})
        terminal.close()
    assert 64 not in host.heard[-1]


async def test_what_an_answer_asks_is_heard_once_and_only_when_it_is_proved() -> None:
    async with serving(Host(requirement=REQUIREMENTS["sign_in"])) as host:
        terminal = terminal_of(host)
        await terminal.sign_in()
        await terminal.perform(SALE)
        host.signs = False
        host.codes = ["00", "51"]
        await terminal.perform(SALE)
        host.signs = True
        await terminal.perform(SALE)
        terminal.close()
    # The first sign-in's answer proves nothing, nor does a refusal without a MAC.
    assert host.asked == ["0800 003", "0200 000", "0800 003", "0200 000", "0200 000"]


async def test_keys_of_another_form_are_forgotten() -> None:
    journal = journal_of()
    async with serving(Host("003")) as host:
        terminal = terminal_of(host, journal)
        await terminal.sign_in()
        terminal.close()
    async with serving(Host("913", MacAlgorithm.X9_19)) as host:
        terminal = terminal_of(host, journal)
        assert not journal.keys
        assert (await settle(terminal)).balanced
        terminal.close()
    assert host.asked == ["0800 913", "0500 201"]
