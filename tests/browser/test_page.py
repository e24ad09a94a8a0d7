"""Does every page open, on any screen, for everybody, fast, and also without a connection?"""

import gzip
import json

import pytest
from playwright.sync_api import expect
from pyotp.totp import TOTP

from tests.api.test_prompts import tone
from tests.browser.conftest import ROOT, Office, Visitor
from tests.browser.stage import PASSWORD

PAGES = (
    *("overview", "plans", "plans/0", "menus", "menus/keuze", "live", "calls"),
    *("people/users/201", "people/groups/301", "people/queues", "people/voicemail", "people/phone-book"),
    *("today", "today/times", "today/diversions", "settings/company", "settings/versions", "settings/trunks/provider"),
    *(
        "voicemail",
        "settings/prompts",
        "settings/events",
        "settings/data",
        "settings/secrets",
        "settings/access",
        "settings/tokens",
        "settings/audit",
        "settings/account",
        "phone",
    ),
)


@pytest.mark.parametrize(
    ("language", "theme", "width"), [("nl", "light", 1440), ("en", "dark", 1440), ("nl", "dark", 390)]
)
def test_every_page_opens_and_shuts_nobody_out(visitor: Visitor, office: Office, language: str, theme: str, width: int):
    page = visitor.page(language, state=office.state, width=width, height=844, color_scheme=theme)
    axe = (ROOT / "web/node_modules/axe-core/axe.min.js").read_text()
    found: list[str] = []
    page.goto(office.at("overview"))
    for name in (
        PAGES if language == "nl" and width > 600 else PAGES[theme == "dark" :: 3] if width > 600 else PAGES[::4]
    ):
        page.evaluate("path => { history.pushState(null, '', path); }", f"/c/{office.company}/{name}")
        expect(page.locator("main h1").first).to_be_visible()
        expect(page.locator("[aria-busy=true]")).to_have_count(0)
        page.evaluate(axe + "; 0")
        result = page.evaluate(
            "async () => (await axe.run({resultTypes: ['violations'], "
            "runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']}))"
            ".violations.filter(one => ['serious', 'critical'].includes(one.impact))"
            ".map(one => [one.id, one.nodes.slice(0, 2)"
            ".map(node => node.html.slice(0, 160) + ' ' + node.failureSummary)])"
        )
        found += [f"{name}: {one}" for one in result]
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} is wider than the screen"
    assert found == [], json.dumps(found, indent=1)


def test_the_first_view_is_small_and_fast(visitor: Visitor, office: Office):
    page = visitor.page(state=office.state)
    sizes: list[int] = []
    page.on("response", lambda answer: sizes.append(_packed(answer)) if "/assets/" in answer.url else None)
    page.goto(office.at("plans/0"))
    expect(page.locator(".card").first).to_be_visible()
    assert 50_000 < sum(sizes) < 400_000
    painted = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime")
    assert painted < 5000  # some 300 ms alone; the machine may be busy


def _packed(answer) -> int:
    body = answer.body()
    return len(body) if answer.url.endswith(".woff2") else len(gzip.compress(body))


def test_work_goes_on_without_a_connection_and_is_kept_when_it_is_back(visitor: Visitor, office: Office):
    page = visitor.page("en", state=office.state)
    page.goto(office.at("people/users/202"))
    expect(page.get_by_label("Email address")).to_be_visible()
    page.context.set_offline(True)
    page.get_by_label("Email address").fill("bram@example.nl")
    expect(page.locator(".banner")).to_contain_text("No connection.")
    page.context.set_offline(False)
    expect(page.locator(".banner")).to_have_count(0)
    expect(page.locator(".saved")).to_contain_text("Saved in the draft")
    page.reload()
    expect(page.get_by_label("Email address")).to_have_value("bram@example.nl")


def test_signing_in_and_out(visitor: Visitor, office: Office):
    page = visitor.page("en")
    page.goto(office.site.url)
    page.get_by_label("Email address").fill("beheer@example.nl")
    page.get_by_label("Password").fill("not this one at all")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("wrong")
    page.get_by_label("Password").fill("een lang wachtwoord voor de proef")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/overview")
    page.get_by_role("button", name="Company and account").click()
    page.get_by_role("button", name="Nederlands").click()
    expect(page.get_by_role("link", name="Overzicht")).to_be_visible()
    page.get_by_role("button", name="Bedrijf en account").click()
    page.get_by_role("button", name="Meld u af").click()
    expect(page.get_by_role("heading", name="Meld u aan")).to_be_visible()


LARGE = """async company => {
  const session = await (await fetch('/api/v1/session')).json();
  const found = await fetch(`/api/v1/companies/${company}/draft`);
  const {plan} = await found.json();
  const route = Array.from({length: 100}, (_, at) => ({condition: {
    equals: `31${600000000 + at}`, then: [{announce: {say: `Tekst ${at}`}}, {connect: {to: '201'}}]}}));
  plan.dial_plans.push({name: 'Groot', id: '0123456789abcdef0123456789abcdef', internal_number: '1999', route});
  const headers = {'Content-Type': 'application/json', 'If-Match': found.headers.get('etag'),
    'X-CSRF-Token': session.csrf};
  const body = JSON.stringify({plan});
  return (await fetch(`/api/v1/companies/${company}/draft`, {method: 'PUT', headers, body})).status;
}"""

FRAMES = """() => {
  window.frames_ = [];
  let last = performance.now();
  const next = () => {
    const now = performance.now(); frames_.push(now - last); last = now; requestAnimationFrame(next);
  };
  next();
}"""


# From the click until the frame that shows it has been drawn, for cards all over the plan. The quickest of each counts:
# what else runs on this machine makes some slower.
CHOOSE = """async () => {
  const cards = [...document.querySelectorAll('.card')].filter((_, at) => at % 40 === 5);
  const times = new Map();
  for (let turn = 0; turn < 3; turn += 1) for (const card of cards) {
    const began = performance.now();
    card.click();
    await new Promise(done => requestAnimationFrame(() => { const c = new MessageChannel();
      c.port1.onmessage = done; c.port2.postMessage(0); }));
    if (!card.classList.contains('chosen')) throw Error('not chosen');
    times.set(card, Math.min(times.get(card) ?? Infinity, performance.now() - began));
  }
  return [...times.values()].sort((a, b) => a - b);
}"""


def test_three_hundred_cards_stay_fluid_while_one_is_dragged(visitor: Visitor, office: Office):
    page = visitor.page(state=office.state)
    page.goto(office.at("plans"))
    expect(page.locator(".plan-row").first).to_be_visible()
    assert page.evaluate(LARGE, office.company) == 200
    page.goto(office.at("plans/0123456789abcdef0123456789abcdef"))
    expect(page.locator(".card")).to_have_count(300)
    chosen = page.evaluate(CHOOSE)
    assert chosen[len(chosen) // 2] < 50, chosen
    page.locator('[data-palette="announce"]').hover()
    page.mouse.down()
    page.mouse.move(600, 200, steps=5)
    expect(page.locator(".drag-ghost")).to_be_visible()
    page.evaluate(FRAMES)
    for step in range(8):
        page.mouse.move(600, 150 + step * 70, steps=6)
    frames = sorted(page.evaluate("frames_"))
    page.mouse.up()
    # Alone on two cores none takes over 25 ms (docs/page.md). Here others may run beside it: the usual frame is judged.
    assert frames[len(frames) // 2] < 50, (chosen, frames[-5:])


def test_a_sound_is_uploaded_listened_to_and_renamed(visitor: Visitor, office: Office):
    page = visitor.page(state=office.state)
    page.goto(office.at("settings/prompts"))
    sound = {"name": "Wélkom.wav", "mimeType": "audio/wav", "buffer": tone(2)}
    page.locator("input[type=file]").set_input_files(sound)
    row = page.locator("li.message", has_text="W_lkom.wav")
    row.get_by_role("button", name="Luister").click()
    ready = "one => new Promise(done => { one.onloadedmetadata = () => done(one.duration); one.load(); })"
    assert row.locator("audio").evaluate(ready) == pytest.approx(2, abs=0.1)
    row.get_by_role("button", name="Hernoem").click()
    page.get_by_label("Naam").fill("welkom")
    page.keyboard.press("Enter")
    expect(page.locator("li.message", has_text="welkom.wav")).to_be_visible()
    page.locator("input[type=file]").set_input_files({**sound, "buffer": b"no sound", "name": "x.wav"})
    expect(page.get_by_text("geen geluid")).to_be_visible()


def test_a_second_factor_is_set_up_with_an_app_and_switched_off(visitor: Visitor, office: Office):
    page = visitor.page("en", state=office.state)
    page.goto(office.at("settings/account"))
    page.get_by_role("button", name="Set up a second factor").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("img", name="QR code")).to_be_visible()
    secret = dialog.locator("code").inner_text()
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_label("Code from your app").fill("000000")
    dialog.get_by_role("button", name="Confirm").click()
    expect(dialog).to_contain_text("not right")
    dialog.get_by_label("Code from your app").fill(TOTP(secret).now())
    dialog.get_by_role("button", name="Confirm").click()
    codes = page.get_by_role("dialog", name="Your recovery codes")
    expect(codes.get_by_role("listitem")).to_have_count(10)
    codes.get_by_role("button", name="I have kept them").click()
    expect(page.get_by_text("we also ask for a code")).to_be_visible()
    expect(page.get_by_text("10 recovery codes left")).to_be_visible()
    page.get_by_role("button", name="Switch off the second factor").click()
    page.get_by_role("dialog").get_by_label("Password").fill(PASSWORD)
    page.get_by_role("dialog").get_by_role("button", name="Switch off").click()
    expect(page.get_by_text("with just your password")).to_be_visible()
