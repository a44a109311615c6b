"""What can be wrong with a terminal's set-up: one table of checks, each with what to do about it.

Pure: a check looks at a terminal's row as `merchants.sql` reads it, and at the time.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any, Final

from annul.domain.kinds import KINDS
from annul.domain.text import Text

Row = Mapping[str, Any]

_WEEK: Final = timedelta(days=7)
_BATCH: Final = timedelta(hours=30)  # a batch is settled once a day, not always at the same hour
_OFTEN: Final = 3  # drops or reversals within 24 hours that are no accident


class Weight(IntEnum):
    """How much a finding matters: stops voids, may stop them, good to know."""

    STOPS = 0
    MAY_STOP = 1
    KNOW = 2


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to look at: `fails` says whether something is wrong, `said` what, `todo` what then.

    Places in texts are filled in from the row, with `days` and `missing` worked out.
    """

    name: str
    weight: Weight
    fails: Callable[[Row, datetime], bool]
    said: Text
    todo: Text
    ask: str = ""  # what to ask of the terminal: sign_in, parameters, update


@dataclass(frozen=True, slots=True)
class CheckFinding:
    """A check that failed at one terminal."""

    check: Check
    said: Text
    todo: Text


def _older(name: str, than: timedelta) -> Callable[[Row, datetime], bool]:
    return lambda row, now: row[name] is not None and now - row[name] > than


def without_void(kinds: list[str] | None) -> list[str]:
    """Give the enabled kinds whose void is not enabled; None: every kind is enabled."""
    if kinds is None:
        return []
    enabled = [KINDS[name] for name in kinds if name in KINDS]
    return [one.name for one in enabled if one.voided_by and one.voided_by not in kinds]


CHECKS: Final = (
    Check("merchant_off", Weight.STOPS, lambda row, _: not row["merchant_active"],
          Text("商户已停用，所有交易都会被拒绝。",
               "The merchant is switched off, so everything is refused."),
          Text("核对停用原因，需要时重新启用。", "Find out why; switch it on again if right.")),
    Check("terminal_off", Weight.STOPS, lambda row, _: not row["active"],
          Text("终端已停用，所有交易都会被拒绝。",
               "The terminal is switched off, so everything is refused."),
          Text("核对停用原因，需要时重新启用。", "Find out why; switch it on again if right.")),
    Check("no_master_key", Weight.STOPS, lambda row, _: row["master_at"] is None,
          Text("没有主密钥，终端无法签到。", "It has no master key, so it cannot sign in."),
          Text("为终端灌装主密钥，并在本系统登记。",
               "Load a master key into the terminal and enter it here.")),
    Check("no_mac_key", Weight.STOPS, lambda row, _: row["signed_in"] and row["mac_at"] is None,
          Text("已签到但没有MAC密钥。", "It is signed in but has no MAC key."),
          Text("要求重新签到。", "Ask it to sign in again."), ask="sign_in"),
    Check("no_pin_key", Weight.MAY_STOP,
          lambda row, _: row["signed_in"] and row["pin_at"] is None,
          Text("已签到但没有PIN密钥，不能输密码。",
               "It is signed in but has no PIN key, so no PIN can be taken."),
          Text("要求重新签到。", "Ask it to sign in again."), ask="sign_in"),
    Check("voids_not_enabled", Weight.STOPS, lambda row, _: bool(without_void(row["kinds"])),
          Text("开通了{missing}，但没有开通相应的撤销。",
               "It may do {missing}, but not the void of it."),
          Text("为终端开通撤销，再要求下载参数。",
               "Enable the void for the terminal, then ask it to download its parameters."),
          ask="parameters"),
    Check("wrong_mac", Weight.MAY_STOP, lambda row, _: row["wrong_mac"] > 0,
          Text("24小时内有{wrong_mac}条报文MAC错误，密钥可能不同步。",
               "{wrong_mac} messages of the last 24 hours had a wrong MAC: its keys may be out of "
               "step."),
          Text("要求重新签到，换发工作密钥。", "Ask it to sign in again; it gets fresh keys."),
          ask="sign_in"),
    Check("software_old", Weight.MAY_STOP,
          lambda row, _: bool(row["wanted_software"] and row["software"]
                              and row["software"] != row["wanted_software"]),
          Text("软件版本为{software}，应为{wanted_software}。",
               "It runs software {software}; it should be {wanted_software}."),
          Text("要求更新。", "Ask for the update."), ask="update"),
    Check("serial_differs", Weight.MAY_STOP,
          lambda row, _: bool(row["serial"] and row["information"]
                              and row["serial"] != row["information"]),
          Text("上送的序列号为{information}，登记为{serial}。",
               "It says its serial number is {information}; registered is {serial}."),
          Text("确认是否换机，更正登记或收回设备。",
               "Was the device exchanged? Correct the registration, or take the device back.")),
    Check("never_seen", Weight.MAY_STOP, lambda row, _: row["last_seen_at"] is None,
          Text("从未签到过。", "It has never signed in."),
          Text("检查终端的商户号、终端号、地址和主密钥。",
               "Check merchant, terminal, address and master key in the terminal.")),
    Check("signed_off", Weight.KNOW,
          lambda row, _: row["last_seen_at"] is not None and not row["signed_in"],
          Text("当前未签到。", "It is not signed in now."),
          Text("下一笔交易前会自动签到。", "It signs in by itself before its next transaction.")),
    Check("link_drops", Weight.MAY_STOP, lambda row, _: row["link_drops"] >= _OFTEN,
          Text("24小时内有{link_drops}次在等待应答时断线。",
               "Its line went down {link_drops} times in 24 hours while an answer was owed."),
          Text("检查网线、信号或电源。", "Check cable, signal and power.")),
    Check("reversals", Weight.MAY_STOP, lambda row, _: row["reversals"] >= _OFTEN,
          Text("24小时内有{reversals}次没收到应答而冲正。",
               "It heard nothing and reversed {reversals} times in 24 hours."),
          Text("检查网线、信号或电源，以及终端的等待时间。",
               "Check cable, signal and power, and how long the terminal waits.")),
    Check("batch_unbalanced", Weight.MAY_STOP,
          lambda row, _: row["balanced"] is False and not row["upload_ended"],
          Text("上一批次{last_batch}结算不平，且批上送没有完成。",
               "Its last batch, {last_batch}, did not balance and was not uploaded to the end."),
          Text("在终端上重新批上送，并核对差异。",
               "Upload the batch from the terminal again, and look at what differs.")),
    Check("batch_open", Weight.MAY_STOP,
          lambda row, now: row["last_seen_at"] is not None
          and now - (row["settled_at"] or row["master_at"] or now) > _BATCH,
          Text("批次{batch}已{days}天没有结算；隔日的交易只能退货，不能撤销。",
               "Batch {batch} has not been settled for {days} days; what is of an earlier day can "
               "only be refunded, not voided."),
          Text("请商户每天结算。", "Ask the merchant to settle every day.")),
    Check("keys_old", Weight.KNOW, _older("working_at", _WEEK),
          Text("工作密钥已使用{days}天。", "Its working keys are {days} days old."),
          Text("要求重新签到，换发工作密钥。", "Ask it to sign in again; it gets fresh keys."),
          ask="sign_in"),
    Check("quiet", Weight.KNOW, _older("last_seen_at", _WEEK),
          Text("已{days}天没有联系。", "Nothing was heard from it for {days} days."),
          Text("询问商户是否仍在使用。", "Ask the merchant whether it is still used.")),
    Check("limit_unused", Weight.KNOW, lambda row, _: row["amount_limit"] > row["merchant_limit"],
          Text("终端限额高于商户限额，以商户限额为准。",
               "Its limit is above the merchant's, which counts."),
          Text("将终端限额改为不超过商户限额。", "Set it to the merchant's limit or less.")),
    Check("asked", Weight.KNOW, lambda row, _: bool(row["wants"]),
          Text("已提出要求，等待终端下次联机。",
               "It has been asked for something and has not done it yet."),
          Text("如长时间未执行，请联系商户。", "If it stays so, call the merchant.")),
)  # fmt: skip

_SINCE: Final = {"keys_old": "working_at", "quiet": "last_seen_at", "batch_open": "settled_at"}


def findings(row: Row, now: datetime) -> list[CheckFinding]:
    """Give what is wrong with a terminal, the worst first."""
    found = []
    for check in CHECKS:
        if check.fails(row, now):
            since = row.get(_SINCE.get(check.name, "")) or row["master_at"] or now
            values = {**row, "days": (now - since).days}
            zh, en = (
                text.format(**values, missing=_named(row["kinds"], language))
                for text, language in ((check.said.zh, "zh"), (check.said.en, "en"))
            )
            found.append(CheckFinding(check, Text(zh, en), check.todo))
    return sorted(found, key=lambda one: one.check.weight)


def _named(kinds: list[str] | None, language: str) -> str:
    names = [KINDS[name].title.speak(language) for name in without_void(kinds)]
    return ("、" if language == "zh" else ", ").join(names)
