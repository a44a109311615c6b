"""What is said of a case, by what it is about: a void, a refund or a completion.

The texts of `annul.diagnose.causes` are about voids; here is what differs for the others.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from annul.diagnose.causes import CAUSES, Cause
from annul.domain import admission, refund_rules, void_rules
from annul.domain.kinds import COMPLETIONS, KINDS, REFUNDS, VOIDS, Role
from annul.domain.rulings import Ruling
from annul.domain.standing import Standing, told
from annul.domain.text import Text

from .case import UNPROVED

_OF_VOIDS: Final = {
    rule.name: rule
    for rule in (
        *(rule for _, rule in admission.RULES),
        *(rule for _, rule in void_rules.RULES),
        void_rules.NOT_FOUND,
    )
}
_OF_REFUNDS: Final = _OF_VOIDS | {
    rule.name: rule
    for rule in (
        *(rule for _, rule in refund_rules.RULES),
        refund_rules.TOO_OLD,
        refund_rules.SAME_DAY,
    )
}
_OF_COMPLETIONS: Final = _OF_VOIDS | {
    "original_declined": replace(
        _OF_VOIDS["original_declined"],
        said=Text("预授权未成功", "the pre-authorisation was declined"),
        todo=Text("请重新做预授权", "take a new pre-authorisation"),
    ),
}
_RULINGS: Final = {
    Role.VOID: _OF_VOIDS,
    Role.REFUND: _OF_REFUNDS,
    Role.COMPLETION: _OF_COMPLETIONS,
}

# {0} is the request: refund or completion.
_TITLES: Final[Mapping[str, Text]] = {
    "issuer_unsupported": Text("发卡行不支持此{0}", "The issuer does not take this {0}"),
    "issuer_limit_amount": Text("超过发卡行{0}限额", "Over the issuer's limit for a {0}"),
    "issuer_limit_count": Text("超过发卡行{0}次数", "Over the issuer's number of {0}s"),
    "outside_void_window": Text("超过发卡行{0}时限", "The issuer's time for a {0} is over"),
    "repeated_too_soon": Text("同样的请求提交太快", "Asked again too soon"),
}
_AGAIN: Final = Text("稍后重做{0}。", "Do the {0} again in a while.")
_OTHERWISE: Final = Text(
    "请持卡人联系发卡行，或由收单机构另行处理。",
    "The cardholder calls the issuer; or ask the acquirer for another way.",
)
_FUNDED: Final = Text(
    "商户余额足够后重做{0}。", "Do the {0} again once the merchant's balance covers it."
)
# What to do about a cause whose text speaks of voids.
_NEXT: Final[Mapping[str, Text]] = {
    **{
        cause.name: _AGAIN
        for cause in CAUSES.values()
        if cause.retry_safe and cause.patience in {"network", "window"}
    },
    **{cause.name: _FUNDED for cause in CAUSES.values() if cause.patience == "funds"},
    "already_settled": _OTHERWISE,
    "already_undone": Text(
        "此前已处理，出示此前的凭证，勿再做一次。",
        "It was done before: show the earlier slip, and do not do it again.",
    ),
    "issuer_limit_amount": _OTHERWISE,
    "issuer_limit_count": _OTHERWISE,
    "outside_void_window": _OTHERWISE,
    "policy_changed": _OTHERWISE,
    "issuer_unsupported": _OTHERWISE,
    "card_problem": Text("请持卡人致电发卡行。", "The cardholder calls the issuer."),
    "terminal_misconfigured": Text(
        "联系收单机构开通后重做{0}。", "Ask the acquirer to enable it, then do the {0} again."
    ),
    "terminal_outdated": Text(
        "按提示更新终端后重做{0}。", "Update the terminal as it asks, then do the {0} again."
    ),
    "keys_out_of_step": Text("重新签到后重做{0}。", "Sign in again, then do the {0} again."),
    "issuer_error": Text(
        "稍后重做{0}；仍失败请联系收单机构。",
        "Do the {0} again later; if it fails again, call the acquirer.",
    ),
}
_COMPLETED: Final = Text(
    "预授权此前已完成、撤销或冲正", "The pre-authorisation was completed or cancelled before"
)

# What is nobody's business at a till: the bank's doubts, and the merchant's money.
_SHOWN: Final[Mapping[str, Text]] = {
    **dict.fromkeys(
        ("risk_refusal", "card_problem"), Text("发卡行未受理", "not accepted by the bank")
    ),
    "funds_frozen": Text("暂不能办理", "not possible for the time being"),
}


def asked(kind: str) -> Text:
    """Name what was asked for."""
    role = KINDS[kind].role
    assert role is not None, "a case is about what refers to an original"
    return role.said


def ruling(name: str, kind: str) -> Ruling | None:
    """Give the rule of this host with a name, as it is said of a kind."""
    role = KINDS[kind].role
    return _RULINGS[role].get(name) if role else None


def title(cause: Cause, kind: str) -> Text:
    """Give the title of a cause."""
    if kind in VOIDS:
        return cause.title
    if cause.name == "already_undone" and kind in COMPLETIONS:
        return _COMPLETED
    return _about(_TITLES.get(cause.name, cause.title), kind)


def shown(cause: Cause, kind: str) -> Text:
    """Give the title of a cause as anybody at a till may read it."""
    return _SHOWN.get(cause.name, title(cause, kind))


def money(ended: str, kind: str, standing: Standing) -> Text:
    """Say where the money of a case is; what nobody could prove is open until it is taken up."""
    return told(Standing.OPEN if ended == UNPROVED else standing, kind)


def next_step(cause: Cause, kind: str) -> Text:
    """Say what the shop may do about a cause."""
    if kind in VOIDS:
        return cause.cashier
    return _about(_NEXT.get(cause.name, cause.cashier), kind)


def _about(text: Text, kind: str) -> Text:
    said = asked(kind)
    return Text(text.zh.format(said.zh), text.en.format(said.en))


# What a terminal reads as the reason of an end, with its English.
REASONS: Final[Mapping[str, str]] = {
    ruling.said.zh: ruling.said.en for rulings in _RULINGS.values() for ruling in rulings.values()
} | {
    text.zh: text.en
    for cause in CAUSES.values()
    for kind in (VOIDS[0], REFUNDS[0], COMPLETIONS[0])
    for text in (shown(cause, kind),)
}
