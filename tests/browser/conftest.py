"""A person at the page: a real server, a real browser."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, Playwright, expect, sync_playwright

from belplan.demo import tones
from belplan.drivers.asterisk import pbx
from tests.asterisk.phones import free_port
from tests.browser import chromium
from tests.browser.stage import PASSWORD, Stage, signed_in, stage

ROOT = Path(__file__).parents[2]
TELEPHONE = 440  # Hz: what the phones say

expect.set_options(timeout=15_000)


@dataclass
class Site:
    """A server that was started for these tests."""

    url: str
    link: str


@pytest.fixture(scope="package")
def site() -> Iterator[Site]:
    """A server with an empty database; it takes no calls, plans are only made and tried."""
    if not (ROOT / "src/belplan/web/index.html").is_file():
        pytest.fail("the page is not built: make page")
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        environment = {**os.environ, "BELPLAN_DATA": folder}
        command = [sys.executable, "-m", "belplan.cli", "serve", "--no-calls"]
        if (script := Path(sys.executable).parent / "belplan").is_file():
            command = [str(script), "serve", "--no-calls"]
        command += ["--http-port", str(port), "--data", folder]
        with subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as server:
            assert server.stdout is not None
            link = ""
            for line in server.stdout:
                if found := re.search(r"(http://\S+)/setup#(\S+)", line):
                    link = found[0]
                    break
            assert link, "the server did not print its link"
            yield Site(link.split("/setup")[0], link)
            server.send_signal(signal.SIGTERM)


# Not longer than these tests: while it is there its event loop runs, and nobody else's can.
@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as found:
        yield found


@pytest.fixture(scope="package")
def browser(playwright: Playwright) -> Iterator[Browser]:
    program = chromium.program()
    if program is None:
        pytest.fail("there is no Chromium: python -m tests.browser.chromium")
    found = playwright.chromium.launch(executable_path=program, args=list(chromium.FLAGS))
    yield found
    found.close()


class Visitor:
    """Opens pages, and remembers what went wrong in them."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self.wrong: list[str] = []
        self.contexts: list[BrowserContext] = []

    def page(self, language: str = "nl", state: object = None, width: int = 1440, height: int = 900, **more) -> Page:
        context = self._browser.new_context(
            locale="nl-NL" if language == "nl" else "en-GB",
            timezone_id="Europe/Amsterdam",
            viewport={"width": width, "height": height},
            storage_state=state,  # type: ignore[arg-type]
            reduced_motion="reduce",
            **more,
        )
        self.contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("console", lambda said: self.wrong.append(said.text) if "Content Security" in said.text else None)
        return page


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Visitor]:
    """No test passes where the page threw an error or broke its own content security policy."""
    found = Visitor(browser)
    yield found
    for context in found.contexts:
        with suppress(Error):  # closed by the test
            context.close()
    assert found.wrong == []


@pytest.fixture(scope="package")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("data")
    tones.write(folder / "says", TELEPHONE, 5)
    with stage(pbx.install(with_phones=True), folder, says=folder / "says.wav") as found:
        yield found


@pytest.fixture
def exchange(running: Stage) -> Stage:
    """A whole exchange behind the page: one for all tests, as nobody has called yet."""
    running.anew()
    return running


@pytest.fixture(scope="package")
def session(browser: Browser, running: Stage) -> object:
    """The administrator's, at the exchange."""
    context = browser.new_context(locale="nl-NL")
    signed_in(context.new_page(), running)
    state = context.storage_state()
    context.close()
    return state


@dataclass
class Office:
    """A company that was set up, and the session of whoever did."""

    site: Site
    company: str
    state: object

    def at(self, path: str) -> str:
        return f"{self.site.url}/c/{self.company}/{path}"


@pytest.fixture(scope="package")
def office(site: Site, browser: Browser) -> Office:
    """The first-run wizard, by keyboard alone: from the one-time link to a working company."""
    context = browser.new_context(
        locale="nl-NL", timezone_id="Europe/Amsterdam", viewport={"width": 1440, "height": 900}
    )
    page = context.new_page()
    page.set_default_timeout(20_000)
    page.goto(site.link)
    for label, text in (
        *(("Uw naam", "Beheerder"), ("E-mailadres", "beheer@example.nl"), ("Wachtwoord", PASSWORD)),
        ("Naam van het bedrijf", "Voorbeeld BV"),
    ):
        field = page.get_by_label(label)
        expect(field).to_be_visible()
        for _ in range(20):
            if field.evaluate("one => one === document.activeElement"):
                break
            page.keyboard.press("Tab")
        page.keyboard.type(text)
        if label in ("Wachtwoord", "Naam van het bedrijf"):
            page.keyboard.press("Enter")
    expect(page.get_by_label("Een voorbeeldbedrijf")).to_be_checked()
    for _ in range(20):
        if page.get_by_role("button", name="Maak bedrijf").evaluate("one => one === document.activeElement"):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/plans")
    expect(page.get_by_role("link", name="Hoofdnummer")).to_be_visible()
    company = re.search(r"/c/([0-9a-f]+)/", page.url)
    assert company
    office = Office(site, company[1], context.storage_state())
    context.close()
    return office
