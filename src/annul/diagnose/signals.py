"""What facts say, one line each: a test over some facts and the sentence that goes with it.

Causes refer to signals by name (`annul.diagnose.causes`). A signal whose facts are not all known
says nothing. Texts take the facts in the order of `needs`: {0}, {1}, ...
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from annul.domain.money import told
from annul.domain.response_codes import FAULTS
from annul.domain.states import UNFINISHED
from annul.domain.text import Text

from .codes import foremost
from .facts import Facts
from .strengths import at_least, at_most, equals, learnt, part, rule

_UNDONE: Final = frozenset({"voided", "refunded", "partly_refunded", "reversed", "completed"})
# Bounds of a share of others; how strongly it is kept follows from how many they are.
_MOST: Final = 0.6
_FINE: Final = 0.75
_FEW: Final = 0.25
_HARDLY: Final = 0.2
_SOON: Final = 86_400  # a rule changed within a day is new to the shops
_MONEY: Final = frozenset(
    {"void.amount", "issuer.void_amount_limit", "merchant.frozen", "merchant.pending"}
)
_RISK: Final = foremost("risk_refusal")
_CARD: Final = foremost("card_problem")


@dataclass(frozen=True, slots=True)
class Signal:
    """One thing that facts may say. `test` gets the values of `needs` in order.

    It says whether that holds, or how strongly: from 0, not at all, to 1, beyond doubt.
    """

    name: str
    needs: tuple[str, ...]
    test: Callable[..., float]
    said: Text

    def speaks(self, facts: Facts) -> float | None:
        """Say how strongly it holds; None when a fact that it needs is not known."""
        values = [facts.get(name) for name in self.needs]
        return None if None in values else min(max(float(self.test(*values)), 0.0), 1.0)

    def line(self, facts: Facts) -> Text:
        """Give the sentence."""
        values = [_shown(name, facts.get(name)) for name in self.needs]
        zh, en = ([value.speak(language) for value in values] for language in ("zh", "en"))
        return Text(self.said.zh.format(*zh), self.said.en.format(*en))


def _shown(name: str, value: Any) -> Text:
    if name in _MONEY:
        return told(int(value))
    if "_share_" in name or name.endswith("_sure"):
        same = f"{value:.0%}"
    else:
        same = f"{value:.0f}" if isinstance(value, float) else str(value)
    return Text(same, same)


def _row(name: str, needs: tuple[str, ...], test: Callable[..., float], zh: str, en: str) -> Signal:
    return Signal(name, needs, test, Text(zh, en))


_ALL: Final = (
    # The original
    _row("original_missing", ("original.found",), equals(wanted=False),
           "本系统没有这笔原交易", "this host has no such original"),
    _row("original_declined", ("original.state",), equals("declined"),
           "原交易当时被拒绝，未扣款", "the original was declined, no money was taken"),
    _row("original_open", ("original.state",), lambda state: state in UNFINISHED,
           "原交易状态为{0}，结果未定", "the original is {0}, its outcome is open"),
    _row("original_was_open", ("void.why",), rule("original_unfinished"),
           "请求到达时原交易尚无结果", "the original had no outcome yet when the request came"),
    _row("said_declined", ("void.why",), rule("original_declined"),
           "裁定时原交易为已拒绝", "when it was ruled on, the original was declined"),
    _row("said_undone", ("void.why",), rule(
           "already_undone", "refund_just_done", "charged_back"),
           "裁定时原交易已退回（{0}）", "when it was ruled on, the original was given back ({0})"),
    _row("said_missing", ("void.why",), rule("original_not_found"),
           "裁定时没有这笔原交易", "when it was ruled on, there was no such original"),
    _row("said_settled", ("void.why",), rule(
           "original_settled", "original_of_other_day", "original_too_old"),
           "裁定时原交易已过可撤销的时候（{0}）",
           "when it was ruled on, the original's time was over ({0})"),
    _row("original_undone", ("original.state",), lambda state: state in _UNDONE,
           "原交易状态为{0}", "the original is {0}"),
    _row("undone_before", ("original.undone_before",), bool,
           "此前已有成功的撤销或退货", "a void or refund went through before"),
    _row("original_stands", ("original.state",), equals("approved"),
           "本系统记录原交易成功且未退回", "this host has the original approved and not undone"),
    _row("other_card", ("original.same_card",), equals(wanted=False),
           "卡号与原交易不同", "the card is not the original's"),
    _row("other_amount", ("original.same_amount",), equals(wanted=False),
           "金额与原交易不同", "the amount is not the original's"),
    _row("other_terminal", ("original.same_terminal",), equals(wanted=False),
           "不是原终端", "it was sent from another terminal"),
    _row("other_kind", ("void.why",), rule(
           "original_is_no_sale", "original_of_other_kind", "reference_differs",
           "auth_code_differs", "same_day"),
           "凭证号指向另一种交易（{0}）", "the voucher number names another kind ({0})"),
    _row("said_differs", ("void.why",), rule("other_terminal", "card_differs", "amount_differs",
           "over_the_original"),
           "裁定时与原交易不符（{0}）", "when it was ruled on, it did not fit the original ({0})"),
    _row("matches", ("original.same_card", "original.same_amount", "original.same_terminal"),
           lambda *same: all(same),
           "卡号、金额、终端均与原交易一致", "card, amount and terminal are the original's"),
    _row("other_day", ("original.same_day",), equals(wanted=False),
           "已过日切，不是同一营业日", "the business day has changed since the sale"),
    _row("other_batch", ("original.same_batch",), equals(wanted=False),
           "原批次已结算", "the original's batch is settled"),
    _row("original_advice", ("void.why",), rule("original_is_advice"),
           "原交易为离线完成，不能撤销", "a completion by advice cannot be voided"),
    # How far the request went
    _row("card_gone", ("void.why",), rule("card_not_kept"),
           "原交易的卡号已按期删除", "the card number of the original is not kept any more"),
    _row("refused_here", ("host.refused",), bool,
           "由本系统拒绝，未送发卡行", "refused by this host, never sent to the issuer"),
    _row("not_sent", ("void.sent",), equals("not_sent"),
           "请求没有送出", "the request was never sent"),
    _row("answered", ("void.sent",), equals("answered"),
           "发卡行已应答", "the issuer has answered"),
    _row("silent", ("void.why",), rule("timed_out"),
           "发卡行在时限内没有应答", "the issuer did not answer in time"),
    _row("cut_off", ("void.why",), rule("broken", "link_lost"),
           "等待应答时线路中断", "the line broke while the answer was awaited"),
    _row("senseless", ("void.why",), rule("garbled", "bad_mac", "contradicts"),
           "发卡行应答内容或MAC有误（{0}）", "the issuer's answer was wrong ({0})"),
    _row("unreadable", ("issuer.garbled_5m", "issuer.silent_5m", "void.why"),
           lambda garbled, silent, why: garbled >= 1 and 2 * garbled >= silent
           and why == "timed_out",
           "近5分钟发卡行有{0}条报文无法识别，{1}笔无应答",
           "{0} messages of the issuer could not be read in 5 minutes, {1} requests had no answer"),
    _row("nobody_there", ("void.why",), rule("link_refused"),
           "发卡行主机拒绝连接", "the issuer's host refuses connections"),
    _row("no_way_there", ("void.why",), rule("link_unreachable", "link_lost", "link_sign_on",
           "link_tls", "link_not_connected", "link_held"),
           "到发卡行的线路不通（{0}）", "there is no line to the issuer ({0})"),
    _row("late", ("void.late_code",), bool,
           "超时后发卡行才应答（{0}）", "the issuer answered after the time was over ({0})"),
    _row("never_came", ("void.why",), rule("reversal_came_first"),
           "终端冲正了一笔从未到达的请求", "the terminal reversed a request that had not come"),
    _row("terminal_reversed", ("void.reversed_by",), equals("terminal"),
           "终端没收到应答而冲正", "the terminal heard nothing and reversed it"),
    _row("answered_unheard", ("void.answer_ms", "void.reversed_by"),
           lambda spent, by: spent < 5_000 and by == "terminal",
           "发卡行{0}毫秒内已应答，终端没有收到",
           "the issuer answered within {0} ms, the terminal did not hear it"),
    _row("interrupted", ("host.interrupted",), bool,
           "本系统处理时中断", "this host was interrupted at work"),
    _row("host_failed", ("void.why",), rule("host_interrupted", "host_failed", "host_busy",
           "numbers_taken", "no_route"),
           "本系统故障（{0}）", "a fault of this host ({0})"),
    # The terminal
    _row("terminal_drops", ("terminal.link_drops",), lambda drops: drops >= 1,
           "终端近一小时断线{0}次", "the terminal's line dropped {0} times in an hour"),
    _row("terminal_reverses", ("terminal.reversals",), lambda count: count >= 2,
           "终端近一小时冲正{0}次", "the terminal reversed {0} times in an hour"),
    _row("mac_wrong", ("void.why",), rule("mac_wrong", "mac_missing", "keys_replaced",
           "pin_block", "pin_key_missing", "master_key_missing"),
           "MAC或密钥不符（{0}）", "MAC or key wrong ({0})"),
    _row("batch_out", ("void.why",), rule("not_signed_in", "batch_differs"),
           "终端未签到或批次不符（{0}）", "not signed in, or batch out of step ({0})"),
    _row("unregistered", ("void.why",), rule("merchant_unknown", "terminal_unknown",
           "merchant_inactive", "terminal_inactive", "merchant_stopped", "terminal_stopped"),
           "商户或终端未登记或已停用（{0}）", "merchant or terminal unknown or not active ({0})"),
    _row("not_enabled", ("void.why",), rule("kind_not_enabled", "over_terminal_limit",
           "over_merchant_limit", "currency_differs", "amount_invalid"),
           "终端或商户设置不允许（{0}）", "the set-up does not allow it ({0})"),
    _row("field_missing", ("void.missing_field",), lambda number: number > 0,
           "报文缺少{0}域", "the message lacks field {0}"),
    _row("malformed", ("void.why",), lambda why: why == "format" or why.startswith("missing_"),
           "报文缺域或格式错误（{0}）", "a field is missing or makes no sense ({0})"),
    _row("number_used", ("void.why",), rule("number_used"),
           "凭证号在本批次已用过：终端重装后从头编号，或两台机器同用一个终端号；"
           "把流水号设到最大号之后，或结算换批次",
           "the voucher number was used before in this batch: a terminal installed anew counts from"
           " one again, or two devices share one number; set its counter beyond the last one, or"
           " settle, so that a new batch begins"),
    _row("software_old", ("terminal.software_current",), equals(wanted=False),
           "终端软件不是要求的版本", "the terminal does not run the required software"),
    _row("software_current", ("terminal.software_current",), equals(wanted=True),
           "终端软件为要求版本", "the terminal runs the required software"),
    _row("serial_differs", ("terminal.serial_matches",), equals(wanted=False),
           "终端序列号与登记不符", "the serial number is not the registered one"),
    # The merchant
    _row("not_covered", ("void.why",), rule("merchant_balance_low"),
           "可抵扣的余额不足", "the money that counts does not cover it"),
    _row("frozen_would_do", ("merchant.frozen", "merchant.counted", "void.takes"),
           lambda frozen, counted, takes: frozen > 0 and counted < takes <= counted + frozen,
           "冻结资金{0}，解冻后余额足够", "{0} are frozen; without that it would be covered"),
    _row("pending_would_do", ("merchant.pending", "merchant.counted", "merchant.available",
           "void.takes"),
           lambda pending, counted, available, takes:
           counted < takes <= counted + pending and counted <= available,
           "在途资金{0}到账后余额足够", "{0} are on their way; with them it would be covered"),
    # The issuer as a whole
    _row("maintenance", ("issuer.maintenance",), bool,
           "在发卡行公布的维护时间内", "the issuer's maintenance is on"),
    _row("end_of_day", ("issuer.end_of_day",), bool,
           "在发卡行日终时间内", "the issuer's end of day is on"),
    _row("all_silent", ("issuer.silent_share_recent", "issuer.witnesses_recent"), at_least(_MOST),
           "近期{0}的请求无应答", "{0} of all requests had no answer"),
    _row("all_fail", ("issuer.fault_share_recent", "issuer.requests_recent"), at_least(_MOST),
           "近期{0}的请求被系统类拒绝", "{0} of all requests met a system decline"),
    _row("others_fine", ("issuer.approval_share_recent", "issuer.requests_recent"),
           at_least(_FINE),
           "近期其它交易成功{0}", "{0} of the others were approved lately"),
    _row("none_approved", ("issuer.approval_share_recent", "issuer.requests_recent"),
           at_most(_HARDLY),
           "前后其它交易成功{0}", "{0} of the others just before and after were approved"),
    _row("others_same", ("issuer.same_code_share_recent", "issuer.requests_recent"),
           at_least(_MOST),
           "近期其它交易同样应答{0}", "{0} of the others got the same code"),
    _row("alone", ("issuer.same_code_share_recent", "issuer.requests_recent"), at_most(_FEW),
           "其它交易很少得到此应答（{0}）", "few of the others got this code ({0})"),
    # Whom the trouble touches
    _row("hurts_issuer", ("issuer.hurt", "issuer.hurt_sure", "issuer.hurt_failed",
           "issuer.hurt_requests"), part("issuer"),
           "整个发卡行都失败：{3}笔中{2}笔", "all of the issuer fails: {2} of {3}"),
    _row("hurts_partly", ("issuer.hurt", "issuer.hurt_sure", "issuer.hurt_failed",
           "issuer.hurt_requests"), part("partly"),
           "该行部分请求失败：{3}笔中{2}笔", "a part of all requests fails: {2} of {3}"),
    _row("hurts_range", ("issuer.hurt", "issuer.hurt_sure", "issuer.hurt_failed",
           "issuer.hurt_requests"), part("range"),
           "只有该卡段失败：{3}笔中{2}笔，其它卡段正常",
           "only this card range fails: {2} of {3}, the others pass"),
    _row("hurts_shop", ("issuer.hurt", "issuer.hurt_sure", "issuer.hurt_failed",
           "issuer.hurt_requests"), part("shop"),
           "只有本店失败：{3}笔中{2}笔，其它商户正常",
           "only this shop fails: {2} of {3}, the others pass"),
    _row("hurts_terminal", ("issuer.hurt", "issuer.hurt_sure", "issuer.hurt_failed",
           "issuer.hurt_requests"), part("terminal"),
           "只有此终端失败：{3}笔中{2}笔，本店其它终端正常",
           "only this terminal fails: {2} of {3}, the shop's others pass"),
    _row("hurts_software", ("issuer.hurt", "issuer.hurt_sure", "issuer.hurt_failed",
           "issuer.hurt_requests"), part("software"),
           "只有运行同一软件版本的终端失败：{3}笔中{2}笔，其它版本正常",
           "only terminals with the same software fail: {2} of {3}, the others pass"),
    _row("hurts_card", ("issuer.hurt", "issuer.hurt_sure", "issuer.hurt_failed",
           "issuer.hurt_requests"), part("card"),
           "只有此卡失败：{3}笔中{2}笔，其它卡正常",
           "only this card fails: {2} of {3}, other cards pass"),
    _row("hurts_voids", ("issuer.hurt", "issuer.hurt_sure", "issuer.hurt_failed",
           "issuer.hurt_requests"), part("voids"),
           "只有此类请求失败：{3}笔中{2}笔，其它交易正常",
           "only requests of this kind fail: {2} of {3}, the others pass"),
    _row("hurts_nobody", ("issuer.hurt", "issuer.hurt_sure", "issuer.hurt_requests"), part(""),
           "前后{2}笔其它请求中没有同样的失败", "none of {2} requests around it fail alike"),
    _row("flapping", ("issuer.turns_recent",), lambda turns: turns >= 2,
           "近5分钟内该行{0}次时好时坏",
           "the issuer went down or came back {0} times in 5 minutes"),
    _row("shop_passes", ("merchant.approvals_recent", "merchant.requests_recent"),
           lambda passed, _: passed >= 1,
           "本店前后其它交易{1}笔中成功{0}笔", "{0} of {1} others of this shop passed just then"),
    _row("slower", ("issuer.latency_5m", "issuer.latency_60m"),
           lambda lately, usual: lately >= 1_000 and lately >= 3 * usual,
           "发卡行九成应答用时由{1}毫秒升至{0}毫秒",
           "nine of ten answers take up to {0} ms lately, {1} ms in an hour"),
    _row("late_often", ("issuer.slow_share_recent",), lambda share: share >= 0.05,
           "近期{0}的应答迟到", "{0} of the answers came late"),
    _row("drops_often", ("issuer.link_drops",), lambda drops: drops >= 1,
           "发卡行线路近一小时中断{0}次", "the issuer's line dropped {0} times in an hour"),
    _row("link_steady", ("issuer.link_drops",), equals(0),
           "发卡行线路近一小时没有中断", "the issuer's line did not drop in an hour"),
    *(_row(f"by_{split}", (f"voids.by_{split}", "voids.refused", "voids.passed"),
           lambda share, *_: share, f"{zh}（另有{{1}}笔同样被拒、{{2}}笔成功）",
           f"{en} ({{1}} others refused alike, {{2}} passed)")
      for split, zh, en in (
          ("nothing", "被拒与成功的撤销之间看不出规律",
           "nothing tells the refused voids of this issuer from those that passed"),
          ("all", "该行的撤销似乎全部被拒", "this issuer seems to refuse all voids"),
          ("range", "该卡段的撤销似乎全部被拒", "all voids of this card range seem to be refused"),
          ("amount", "金额较大的撤销被拒", "it is the larger voids that are refused"),
          ("count", "同卡当日次数较多的撤销被拒",
           "it is further voids of a card and day that are refused"),
          ("interval", "与上次间隔较短的撤销被拒",
           "it is voids soon after another one of their card that are refused"),
          ("age", "距消费较久的撤销被拒", "it is voids long after their sale that are refused"),
          ("day", "某一时刻之前的消费，其撤销被拒",
           "it is voids of what was sold before some moment that are refused"),
      )),
    # What has just begun may be over soon.
    _row("by_since", ("voids.by_since", "voids.refused_for"),
           lambda share, lasted: share * (1 - 0.5 ** (lasted / 3_600)),
           "自{1}秒前起该行的撤销全部被拒", "since {1} s all voids of this issuer are refused"),
    # The issuer's rules
    _row("rule_supported", ("issuer.rule_broken",), equals("void_supported"),
           "该发卡行不支持撤销", "this issuer does not support voids"),
    _row("rule_amount", ("issuer.rule_broken", "issuer.void_amount_limit", "void.amount"),
           lambda rule, *_: rule == "void_amount_limit",
           "金额{2}超过发卡行撤销限额{1}", "the amount {2} is over the issuer's limit {1}"),
    _row("rule_count", ("issuer.rule_broken", "issuer.voids_per_day", "card.voids_today"),
           lambda rule, *_: rule == "voids_per_day",
           "该卡当日已撤销{2}笔，发卡行限{1}笔", "{2} voids of the card today, {1} are allowed"),
    _row("rule_interval", ("issuer.rule_broken", "issuer.void_interval", "card.since_last_void"),
           lambda rule, *_: rule == "void_interval",
           "距上次撤销{2}秒，发卡行要求间隔{1}秒", "{2} s after the last void, {1} s are asked"),
    _row("rule_window", ("issuer.rule_broken", "issuer.void_window", "original.age"),
           lambda rule, *_: rule == "void_window",
           "原交易已过{2}秒，发卡行时限{1}秒", "{2} s after the sale, {1} s are allowed"),
    *(_row(f"learnt_{name}", ("issuer.learnt_rule", "issuer.learnt_sure",
           "issuer.learnt_refused", "issuer.learnt_approved"), learnt(*kinds),
           f"{zh}：此前同类{{2}}笔被拒，界内{{3}}笔成功（未公布的规则，把握{{1}}）",
           f"{en}: {{2}} beyond it were refused, {{3}} within it passed (a rule nobody announced,"
           " {1} sure)")
      for name, kinds, zh, en in (
          ("amount", ("amount",), "超过该行疑似的撤销限额", "over what this issuer seems to void"),
          ("count", ("count",), "超过该行疑似的每日次数",
           "more voids a day than this issuer takes"),
          ("age", ("age", "day_end"), "超过该行疑似的撤销时限",
           "later than this issuer seems to void"),
          ("interval", ("interval",), "间隔短于该行疑似的要求",
           "sooner after another void than this issuer takes"),
          ("hours", ("hours",), "在该行疑似不受理的时段",
           "at an hour when this issuer seems to void nothing"),
          ("never", ("never", "whole"), "该行似乎从不受理此类撤销",
           "this issuer does not seem to void such"),
      )),
    _row("learnt_new", ("issuer.learnt_changed", "issuer.learnt_since", "issuer.learnt_sure"),
           lambda changed, since, sure: sure if changed and since <= _SOON else 0.0,
           "{1}秒前起才如此，此前允许", "it is so since {1} s and was allowed before"),
    _row("rule_new", ("issuer.rule_changed", "issuer.allowed_before_change"),
           lambda ago, before: ago <= _SOON and before,
           "该规则{0}秒前变更，此前允许", "the rule changed {0} s ago and allowed it before"),
    _row("rule_old", ("issuer.rule_changed", "issuer.allowed_before_change"),
           lambda ago, before: ago > _SOON or not before,
           "该规则早已生效", "the rule has long been in force"),
    _row("keeps_amount", ("issuer.void_amount_limit", "void.amount"),
           lambda limit, amount: amount <= limit,
           "未超过发卡行撤销限额{0}", "it is within the issuer's limit {0}"),
    _row("keeps_count", ("issuer.voids_per_day", "card.voids_today"),
           lambda most, today: today < most,
           "该卡当日已撤销{1}笔，未到发卡行限制{0}",
           "{1} voids of the card today, {0} are allowed"),
    _row("keeps_interval", ("issuer.void_interval", "card.since_last_void"),
           lambda least, since: since >= least,
           "距该卡上次撤销{1}秒，间隔足够", "{1} s after the last void, {0} s are asked"),
    _row("keeps_window", ("issuer.void_window", "original.age"),
           lambda most, age: age <= most,
           "原交易后{1}秒，在发卡行时限{0}秒内", "{1} s after the sale, {0} s are allowed"),
    _row("repeated", ("void.since_last_attempt",), lambda since: since < 60,
           "{0}秒前已提交过同样的请求", "the same was tried {0} s before"),
    _row("fault_again", ("void.same_code_before", "void.code"),
           lambda count, code: count >= 2 and code in FAULTS,
           "此前{0}次请求同样应答系统类代码{1}",
           "{0} attempts before met the same system's decline {1}"),
    _row("same_again", ("void.same_code_before", "void.code"),
           lambda count, code: count >= 2 and code not in FAULTS,
           "此前{0}次请求同样应答{1}", "{0} attempts before were answered {1} as well"),
    _row("being_undone", ("void.why",), rule("being_undone"),
           "前一笔撤销或退货尚在处理", "an earlier void or refund is still under way"),
    # The card
    _row("card_refused", ("card.other_decline_code",), lambda code: code in _CARD,
           "该卡其它交易也被拒（{0}）", "other transactions of the card were declined ({0})"),
    _row("card_suspected", ("card.other_decline_code",), lambda code: code in _RISK,
           "该卡其它交易涉及风险拒绝（{0}）", "other declines of the card speak of risk ({0})"),
    _row("card_declines", ("card.other_declines",), lambda count: count >= 1,
           "该卡当日另有{0}笔被拒", "{0} other transactions of the card were declined today"),
    _row("card_fine", ("card.approved_after",), bool,
           "该卡之后仍有成功交易", "the card was approved afterwards"),
)  # fmt: skip

SIGNALS: Final[Mapping[str, Signal]] = {signal.name: signal for signal in _ALL}
