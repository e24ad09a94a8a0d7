"""Pictures of every page in both languages, of a real exchange with real calls: `make screenshots`."""

import re
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from belplan.drivers.asterisk import pbx
from tests.browser import chromium
from tests.browser.conftest import ROOT
from tests.browser.stage import PASSWORD, Stage, stage

OUT = ROOT / "docs" / "page"


def main() -> int:
    OUT.mkdir(parents=True, exist_ok=True)
    program = chromium.program()
    if program is None:
        return 1
    with (
        tempfile.TemporaryDirectory() as data,
        stage(pbx.install(with_phones=True), Path(data)) as exchange,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=program, args=list(chromium.FLAGS))
        _calls(exchange)
        for language in ("nl", "en"):
            context = browser.new_context(
                locale="nl-NL" if language == "nl" else "en-GB",
                timezone_id="Europe/Amsterdam",
                viewport={"width": 1440, "height": 900},
                reduced_motion="reduce",
            )
            page = context.new_page()
            page.on("pageerror", lambda error: print(error))
            page.on("console", lambda said: print(said.text) if said.type == "error" else None)
            page.goto(exchange.url)
            expect(page.locator("form")).to_be_visible()
            page.screenshot(path=OUT / f"sign-in-{language}.png")
            _sign_in(page)
            page.wait_for_url("**/overview")
            _tour(page, exchange, language)
            page.goto(exchange.at("overview"))
            page.evaluate(AGENT if language == "nl" else EMPTY, exchange.company)
            page.goto(exchange.url + "/c/" + page.evaluate(NEWEST) + "/overview")
            expect(page.locator(".first-steps")).to_be_visible()
            _shoot(page, "first-steps", language)
            context.clear_cookies()
            page.goto(exchange.url)
            _sign_in(page, "bram@example.nl")
            page.wait_for_url("**/phone")
            expect(page.locator(".desk .dot.free").first).to_be_visible()
            _shoot(page, "desk", language)
            context.close()
        for theme in ("light", "dark"):
            context = browser.new_context(
                locale="nl-NL",
                timezone_id="Europe/Amsterdam",
                viewport={"width": 390, "height": 844},
                color_scheme=theme,
            )
            page = context.new_page()
            page.goto(exchange.url)
            _sign_in(page)
            page.wait_for_url("**/today")
            page.goto(exchange.at("today"))
            expect(page.locator(".switch-row").first).to_be_visible()
            page.screenshot(path=OUT / f"phone-{theme}.png")
            if theme == "dark":
                page.set_viewport_size({"width": 1440, "height": 900})
                for name in ("plans/0", "live"):
                    page.goto(exchange.at(name))
                    expect(page.locator(".card, .agent-list .dot.free").first).to_be_visible()
                    _shoot(page, name.split("/")[0].replace("plans", "editor"), theme)
            context.close()
        browser.close()
    return 0


ASKED = """async (path, body, method = 'POST') => {
  const session = await (await fetch('/api/v1/session')).json();
  const headers = {'Content-Type': 'application/json', 'X-CSRF-Token': session.csrf};
  return (await fetch(`/api/v1${path}`, {method, headers, body: JSON.stringify(body)})).json().catch(() => null);
}"""
EMPTY = f"async () => {{ await ({ASKED})('/companies', {{name: 'Vers BV'}}); }}"
AGENT = f"""async company => {{
  const ask = {ASKED};
  await ask('/companies', {{name: 'Vers BV'}});
  const made = await ask(`/companies/${{company}}/people`,
    {{email: 'bram@example.nl', name: 'Bram Visser', role: 'agent', extension: '202'}});
  await ask('/links', {{token: made.link.split('#')[1], password: '{PASSWORD}'}});
}}"""
NEWEST = "async () => (await (await fetch('/api/v1/session')).json()).companies.find(one => one.name === 'Vers BV').id"


def _sign_in(page: Page, email: str = "beheer@example.nl") -> None:
    page.locator("input[type=email]").fill(email)
    page.locator("input[type=password]").fill(PASSWORD)
    page.keyboard.press("Enter")


def _calls(exchange: Stage) -> None:
    """One conversation with Finance, and one that the CRM knew nothing of."""
    call = exchange.call(hold_ms=2000)
    exchange.run(exchange.phones["201"].event("CALL_INCOMING"))
    exchange.run(exchange.phones["201"].accept())
    call.result(60)
    exchange.crm_says["/belplan"] = "bekend"
    exchange.call(hold_ms=1500, caller="<sip:0205550142@127.0.0.2>").result(60)
    exchange.crm_says["/belplan"] = "openstaand"


def _shoot(page: Page, name: str, language: str) -> None:
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    page.mouse.move(5, 5)
    page.evaluate("document.fonts.ready")
    page.screenshot(path=OUT / f"{name}-{language}.png")


def _tour(page: Page, exchange: Stage, language: str) -> None:
    nl = language == "nl"
    page.goto(exchange.at("overview"))
    expect(page.locator(".map-node").first).to_be_visible()
    page.locator(".map-node").first.hover()
    page.wait_for_function("document.querySelectorAll('path.on').length > 2")
    page.screenshot(path=OUT / f"overview-{language}.png")
    page.goto(exchange.at("plans"))
    page.locator(".plan-row").first.click()
    expect(page.locator(".card").first).to_be_visible()
    page.locator('.card[data-app="webhook"]').first.click()
    page.get_by_role("button", name="Test nu" if nl else "Test now").click()
    expect(page.locator(".try .result")).to_be_visible()
    _shoot(page, "editor", language)
    page.locator('.card[data-app="condition"]').first.click()
    page.get_by_label("Welk gegeven" if nl else "Which field").wait_for()
    _shoot(page, "condition", language)
    page.get_by_role("button", name="Proefgesprek" if nl else "Test call").click()
    page.get_by_role("radio", name="niet" if nl else "do not", exact=True).click()
    expect(page.locator(".result-chip.warn").first).to_be_visible()
    expect(page.locator(".heard b")).to_be_visible()
    _shoot(page, "test-call", language)
    page.get_by_role("button", name="Stop proefgesprek" if nl else "Stop test call").click()
    page.locator('.card[data-app="webhook"]').first.click()
    wait = page.get_by_role("spinbutton").first
    wait.fill("4" if nl else "3")
    page.locator('.card[data-app="prefix"], .card[data-app="queue"]').first.click()
    expect(page.locator(".saved")).to_contain_text(re.compile("Bewaard|Saved"))
    page.get_by_role("button", name="Publiceren" if nl else "Publish").click()
    expect(page.locator("dialog .change").first).to_be_visible()
    expect(page.locator(".examination")).to_have_count(3)
    expect(page.locator(".examination[aria-busy]")).to_have_count(0, timeout=60_000)
    _shoot(page, "publish", language)
    page.keyboard.press("Escape")
    page.goto(exchange.at("menus/keuze"))
    page.locator(".key").nth(1).click()
    expect(page.locator(".key-pane .card").first).to_be_visible()
    _shoot(page, "menu", language)

    page.goto(exchange.at("live"))
    expect(page.locator(".agent-list .dot.free").first).to_be_visible()
    call = exchange.call(hold_ms=2500)
    expect(page.locator(".call-row")).to_contain_text("gaat over" if nl else "ringing")
    exchange.run(exchange.phones["201"].accept())
    expect(page.locator(".call-row")).to_contain_text("In gesprek" if nl else "Talking")
    _shoot(page, "live", language)
    call.result(60)
    page.goto(exchange.at("calls"))
    expect(page.locator("tbody tr").nth(1)).to_be_visible()
    _shoot(page, "calls", language)
    page.locator("tbody tr", has_text="Pieter").first.click()
    expect(page.locator(".ladder")).to_be_visible()
    _shoot(page, "call", language)
    for name in (
        *("plans", "menus", "people/users/201", "people/groups/301", "people/queues/401", "people/voicemail/501"),
        *("people/phone-book", "today", "today/times/kantooruren", "today/diversions/teamoverleg"),
        *(
            "settings/company",
            "settings/versions",
            "settings/trunks/provider",
            "voicemail",
            "settings/prompts",
            "settings/events",
            "settings/data",
            "settings/secrets",
        ),
        *("settings/access", "settings/tokens", "settings/audit", "settings/account", "phone"),
    ):
        page.goto(exchange.at(name))
        expect(page.locator("main h1").first).to_be_visible()
        _shoot(page, name.split("/")[0] + "".join(f"-{part}" for part in name.split("/")[1:2]), language)


if __name__ == "__main__":
    sys.exit(main())
