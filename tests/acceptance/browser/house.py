"""A house for browser tests: `annul up --demo` as a process of its own, and people in browsers."""

import asyncio
import atexit
import json
import re
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait
from typer.testing import CliRunner

from annul.cli import application
from annul.domain.errors import AnnulError
from annul.store.temporary import temporary_folder
from tests.support.processes import Process, annul, free_port

_CHROMIUM = "/usr/bin/chromium"
_DRIVER = "/usr/bin/chromedriver"
_ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
_KEYS: Final = {".": "point"}  # of the device, beside digits
PASSWORD = "correct horse battery staple"
SHOP = "898000058120000"
PHONE = "400 800 0000"


@dataclass(frozen=True, slots=True)
class House:
    """A running annul: its addresses, its data and what it said at its start."""

    folder: Path
    terminals: int
    console: int
    greeting: str

    @property
    def address(self) -> str:
        """Where the console is."""
        return f"http://127.0.0.1:{self.console}"

    @property
    def one_time(self) -> str:
        """The password that the first start prints."""
        found = re.search(r"one-time password: (\S+)", self.greeting)
        assert found, "the first start prints a one-time password"
        return found[1]

    def annul(self, *words: str, **environment: str) -> str:
        """Run a command, in this process; gives what it printed."""
        done = CliRunner().invoke(application, words, env=environment)
        wrong = done.exception
        return done.output + (str(wrong) if isinstance(wrong, AnnulError) else "")

    def pos(self, *words: str) -> str:
        """Use the demo's first terminal, or another one: as on a device, each time anew."""
        _, out, err = annul("pos", f"--data={self.folder}", *words)
        return out + err

    def add(self, name: str, role: str, merchant: str = "") -> None:
        """Add somebody who has chosen a password."""
        said = self.annul(
            "add-user",
            name,
            f"--role={role}",
            f"--merchant={merchant}",
            "--user=admin",
            f"--data={self.folder}",
            ANNUL_PASSWORD=PASSWORD,
            ANNUL_NEW_PASSWORD=PASSWORD,
        )
        assert f"{name}: {role}" in said, said

    def issuer(self, path: str, body: Any = None, method: str = "PUT") -> None:
        """Tell the demo's first issuer how to fail."""
        address = f"http://127.0.0.1:{self.terminals + 108}{path}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            address, data, {"content-type": "application/json"}, method=method
        )
        with urllib.request.urlopen(request, timeout=10):
            pass


@contextmanager
def house(**settings: str) -> Iterator[House]:
    """Start annul with its demo and more settings; cases run fifty times faster than in a shop."""
    with temporary_folder("annul-house-") as folder:
        terminals, console = free_port(), free_port()
        environment = {
            "ANNUL_TERMINALS_PORT": str(terminals),
            "ANNUL_STATUS_PORT": "0",
            "ANNUL_CONSOLE_PORT": str(console),
            "ANNUL_VOID_TIME_SCALE": "0.02",
            "ANNUL_SUPPORT_PHONE": PHONE,
            **settings,
        }
        demo = ["up", "--demo", f"--data={folder}"]
        up = Process("up", demo, terminals, folder, environment)
        try:
            asyncio.run(up.start())
            yield House(folder, terminals, console, asyncio.run(up.greeting()))
        finally:
            asyncio.run(up.stop())
        assert "6200010000000007" not in (folder / "up.log").read_text()


class Person:
    """Somebody in front of a browser."""

    def __init__(self, house: House, driver: webdriver.Chrome) -> None:
        self.house = house
        self.driver = driver

    def open(self, path: str) -> None:
        """Go to a page."""
        self.driver.get(self.house.address + path)

    def sign_in(self, name: str, password: str = PASSWORD) -> None:
        """Sign in by the form."""
        self.open("/login")
        self.fill("input[name=name]", name)
        self.fill("input[name=password]", password)
        self.press("button[type=submit]")
        self.until(lambda: "/login" not in self.driver.current_url, f"{name} signed in")

    def find(self, selector: str) -> WebElement:
        """Wait for an element that can be seen."""
        return self.until(
            lambda: next(
                (
                    one
                    for one in self.driver.find_elements(By.CSS_SELECTOR, selector)
                    if one.is_displayed()
                ),
                None,
            ),
            selector,
        )

    def find_all(self, selector: str) -> list[WebElement]:
        """Give what can be seen right now; a page that draws itself anew is looked at again."""

        def seen() -> tuple[list[WebElement]]:
            found = self.driver.find_elements(By.CSS_SELECTOR, selector)
            return ([one for one in found if one.is_displayed()],)

        return self.until(seen, selector)[0]

    def text(self, selector: str) -> str:
        """Give what an element says, whenever the page draws it anew."""
        return self.until(lambda: (self.find(selector).text,), selector)[0]

    def attribute(self, selector: str, name: str) -> str:
        """Give an attribute of an element, whenever the page draws it anew; else an empty text."""
        return self.until(lambda: (self.find(selector).get_attribute(name) or "",), selector)[0]

    def fill(self, selector: str, text: str) -> None:
        """Write into a field, as soon as it can be written into: a dialog comes in slowly."""
        self.until(lambda: _filled(self.find(selector), text), f"{selector} filled in")

    def press(self, selector: str) -> None:
        """Click something, as soon as it can be clicked."""
        self.until(lambda: _clicked(self.find(selector)), f"a click on {selector}")

    def press_text(self, text: str) -> None:
        """Click a button by what stands on it."""
        path = f"//button[contains(normalize-space(.), {json.dumps(text, ensure_ascii=False)})]"

        def click() -> bool:
            shown = [one for one in self.driver.find_elements(By.XPATH, path) if one.is_displayed()]
            return bool(shown) and _clicked(shown[-1])

        self.until(click, f"a button {text!r}")

    def press_text_of(self, selector: str, text: str) -> None:
        """Click the one of several elements that says a text."""

        def click() -> bool:
            shown = self.driver.find_elements(By.CSS_SELECTOR, selector)
            found = [one for one in shown if one.is_displayed() and text in one.text]
            return bool(found) and _clicked(found[0])

        self.until(click, f"{text!r} among {selector}")

    def at_till(self, function: str, *answers: str) -> None:
        """Choose a function of the device and answer what it asks."""
        self.press(f"#fn-{function}")
        for answer in answers:
            for digit in answer:
                self.press(f"#key-{_KEYS.get(digit, digit)}")
            self.press("#key-ok")

    def keys(self, *keys: str) -> None:
        """Press keys where the focus is, each once that can take it: a dialog may be closing."""
        for key in keys:
            self.until(lambda key=key: self._pressed(key), f"something that takes {key!r}")

    def _pressed(self, key: str) -> bool:
        from selenium.common.exceptions import ElementNotInteractableException

        try:
            self.driver.switch_to.active_element.send_keys(key)
        except ElementNotInteractableException:
            return False
        return True

    def reads(self, text: str, selector: str = "body", within_s: float = 20.0) -> str:
        """Wait until a text can be read; gives all that stands there."""

        def read() -> str | None:
            found = " ".join(
                one.text for one in self.driver.find_elements(By.CSS_SELECTOR, selector)
            )
            return found if text in found else None

        return self.until(read, f"{text!r} in {selector}", within_s)

    def until(self, look: Callable[[], Any], what: str, within_s: float = 20.0) -> Any:
        """Wait until something is there."""
        from selenium.common.exceptions import (
            StaleElementReferenceException,
            TimeoutException,
            WebDriverException,
        )

        def tried(_: object) -> Any:
            try:
                return look()
            except StaleElementReferenceException:
                return None
            except WebDriverException as error:  # stale too, seen by the inspector at first
                if "does not belong to the document" in str(error.msg):
                    return None
                raise

        try:
            return WebDriverWait(self.driver, within_s, poll_frequency=0.1).until(tried)
        except TimeoutException:
            page = self.driver.find_element(By.TAG_NAME, "body").text
            message = f"{what} did not come at {self.driver.current_url}; the page says: {page}"
            raise AssertionError(message) from None

    def complaints(self) -> list[str]:
        """Give what the browser complained of: errors of scripts, refused resources."""
        return [
            entry["message"]
            for entry in self.driver.get_log("browser")
            if entry["level"] == "SEVERE"
        ]


class Browsers:
    """Browsers that nobody sits at, by language: one is handed on as clean as a new one."""

    def __init__(self) -> None:
        self._idle: list[tuple[str, webdriver.Chrome]] = []
        self._folders = ExitStack()

    def take(self, language: str) -> webdriver.Chrome:
        """Give one that speaks a language."""
        for place, (spoken, driver) in enumerate(self._idle):
            if spoken == language:
                del self._idle[place]
                return driver
        return self._started(language)

    def give_back(self, language: str, driver: webdriver.Chrome, address: str) -> None:
        """Take one back, without what it knew of an address; files stay in its cache.

        What a test has pages emulate, or run before their scripts, ends with the tab.
        """
        used = driver.window_handles
        driver.switch_to.new_window("tab")
        kept = driver.current_window_handle
        for tab in used:
            driver.switch_to.window(tab)
            driver.close()
        driver.switch_to.window(kept)
        driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
        wiped = {"origin": address, "storageTypes": "local_storage"}
        driver.execute_cdp_cmd("Storage.clearDataForOrigin", wiped)
        driver.get_log("browser")
        self._idle.append((language, driver))

    def close(self) -> None:
        """End them all."""
        for _, driver in self._idle:
            driver.quit()
        self._folders.close()

    def _started(self, language: str) -> webdriver.Chrome:
        options = webdriver.ChromeOptions()
        options.binary_location = _CHROMIUM
        folder = tempfile.TemporaryDirectory(prefix="annul-browser-", ignore_cleanup_errors=True)
        profile = self._folders.enter_context(folder)
        for argument in (*_ARGUMENTS, f"--user-data-dir={profile}"):
            options.add_argument(argument)
        options.add_experimental_option("prefs", {"intl.accept_languages": language})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        return webdriver.Chrome(options=options, service=Service(_DRIVER))


_BROWSERS: Final = Browsers()
atexit.register(_BROWSERS.close)


@contextmanager
def person(house: House, *, language: str = "en", width: int = 1360) -> Iterator[Person]:
    """Give somebody a browser of their own; below 500 pixels it is a phone's.

    One at which something went wrong is not handed on.
    """
    driver = _BROWSERS.take(language)
    try:
        driver.set_window_size(width, 900)
        if width < 500:
            phone = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": True}
            driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
        yield Person(house, driver)
    except BaseException:
        driver.quit()
        raise
    _BROWSERS.give_back(language, driver, house.address)


@contextmanager
def home_of(**settings: str) -> Iterator[House]:
    """Start annul; its administrator chooses a password by the browser."""
    with house(**settings) as opened:
        with person(opened) as admin:
            admin.sign_in("admin", opened.one_time)
            admin.reads("Set your own password")
            admin.fill("input[name=password]", PASSWORD)
            admin.press("button[type=submit]")
            admin.reads("Void outcomes")
        yield opened


def _filled(field: WebElement, text: str) -> bool:
    from selenium.common.exceptions import ElementNotInteractableException

    try:
        field.clear()
        field.send_keys(text)
    except ElementNotInteractableException:
        return False
    return True


def _clicked(element: WebElement) -> bool:
    """Click. What is under a bar, which the driver takes for seen, is scrolled to as people do."""
    from selenium.common.exceptions import (
        ElementClickInterceptedException,
        ElementNotInteractableException,
    )

    try:
        element.click()
    except ElementClickInterceptedException:
        to_the_middle = "arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})"
        element.parent.execute_script(to_the_middle, element)
        return False
    except ElementNotInteractableException:
        return False
    return True
