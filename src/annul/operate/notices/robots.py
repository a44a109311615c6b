"""Robots of chat services that say 200 and mean no: DingTalk and WeCom name it in the answer.

apprise takes any 200 for sent, so a message beyond a robot's limit would be gone and nobody would
know. These read what the answer says.
"""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

import requests
from apprise.plugins.dingtalk import NotifyDingTalk
from apprise.plugins.wecombot import NotifyWeComBot

_SAID: Final = 120  # characters of what a robot says that are kept


class DingTalkRobot(NotifyDingTalk):
    """A robot of a DingTalk group, with or without a signature."""

    def send(self, body: str, title: str = "", *_: Any, **__: Any) -> bool:
        """Send one text; False, with a warning in the log, unless it was taken."""
        params = {}
        if self.secret:
            params["timestamp"], signature = self.get_signature()
            params["sign"] = unquote(signature)
        url = self.notify_url.format(token=self.token)
        at = {"atMobiles": self.targets, "isAtAll": False}
        return _taken(self, url, {"at": at} | _text(title, body), params)


class WeComRobot(NotifyWeComBot):
    """A robot of a WeCom group."""

    def send(self, body: str, title: str = "", *_: Any, **__: Any) -> bool:
        """Send one text; False, with a warning in the log, unless it was taken."""
        return _taken(self, self.notify_url.format(key=self.key), _text(title, body), {})


def _text(title: str, body: str) -> dict[str, Any]:
    return {"msgtype": "text", "text": {"content": f"{title}\n{body}" if title else body}}


def _taken(robot: Any, url: str, payload: Mapping[str, Any], params: Mapping[str, str]) -> bool:
    """Post, and read whether it was taken: 200 and `errcode` 0. The warnings say why not."""
    try:
        answer = requests.post(
            url,
            json=payload,
            params=params,
            verify=robot.verify_certificate,
            timeout=robot.request_timeout,
            allow_redirects=False,
        )
    except requests.RequestException as error:
        robot.logger.warning("no answer: %s", error)
        return False
    if answer.status_code != requests.codes.ok:
        robot.logger.warning("refused, error=%s", answer.status_code)
        return False
    try:
        said = answer.json()
        code = said["errcode"]
    except (ValueError, KeyError, TypeError):
        robot.logger.warning("refused: the answer is none of a robot's")
        return False
    if code != 0:
        robot.logger.warning("refused, errcode=%s: %s", code, str(said.get("errmsg"))[:_SAID])
    return code == 0
