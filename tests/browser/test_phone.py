"""Does somebody with nothing but a browser call and get called, with sound, and as nobody but themselves?"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect

from belplan.demo import tones
from tests.browser import chromium
from tests.browser.conftest import TELEPHONE, Visitor
from tests.browser.stage import Stage, signed_in

MICROPHONE = 700  # Hz: what the browser says

# What the page plays is looked at where it is played.
LISTEN = """
const play = HTMLMediaElement.prototype.play;
HTMLMediaElement.prototype.play = function () { window.playing = this.srcObject; return play.call(this); };
"""
LOUDEST = """async () => {
  const context = new AudioContext();
  const analyser = new AnalyserNode(context, { fftSize: 8192 });
  context.createMediaStreamSource(window.playing).connect(analyser);
  await context.resume();
  const bins = new Float32Array(analyser.frequencyBinCount);
  for (const until = performance.now() + 15000; performance.now() < until;) {
    await new Promise(requestAnimationFrame);
    analyser.getFloatFrequencyData(bins);
    const best = bins.indexOf(Math.max(...bins));
    if (bins[best] > -60 && best > 20) { await context.close(); return best * context.sampleRate / 8192; }
  }
  return 0;
}"""


def heard(recording: Path) -> bool:
    """Whether a phone heard the microphone, and not itself."""
    return tones.heard(recording, {"microphone": MICROPHONE, "telephone": TELEPHONE, "else": 1000}) == "microphone"


@pytest.fixture(scope="module")
def with_microphone(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    said = tmp_path_factory.mktemp("sound") / "microphone"
    tones.write(said, MICROPHONE, 5)
    flags = [*chromium.FLAGS, "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    flags += [f"--use-file-for-fake-audio-capture={said}.wav", "--autoplay-policy=no-user-gesture-required"]
    found = playwright.chromium.launch(executable_path=chromium.program(), args=flags)
    yield found
    found.close()


@pytest.fixture
def page(with_microphone: Browser, session: object) -> Iterator[Page]:
    visitor = Visitor(with_microphone)
    page = visitor.page(state=session)
    page.add_init_script(LISTEN)
    yield page
    for context in visitor.contexts:
        context.close()
    assert visitor.wrong == []


def turned_on(page: Page, exchange: Stage, who: str) -> None:
    page.goto(exchange.at("phone"))
    page.get_by_label("U belt als").select_option(label=who)
    page.get_by_role("button", name="Zet de telefoon aan").click()
    expect(page.get_by_role("status").filter(has_text="Klaar om te bellen")).to_be_visible()


def test_a_caller_in_a_browser_goes_through_the_menu_to_a_real_phone(page: Page, exchange: Stage):
    exchange.crm_says["/belplan"] = ""
    turned_on(page, exchange, "Een beller van buiten, om het belplan te proberen")
    page.get_by_label("Nummer", exact=True).fill("010 238 00 95")
    page.get_by_role("button", name="Bel", exact=True).click()
    expect(page.get_by_text("In gesprek met Hoofdnummer")).to_be_visible()
    anna = exchange.phones["201"]
    page.get_by_role("button", name="1", exact=True).click()
    exchange.run(anna.event("CALL_INCOMING"))
    exchange.run(anna.accept())
    exchange.run(anna.event("CALL_ESTABLISHED"))
    assert page.evaluate(LOUDEST) == pytest.approx(TELEPHONE, abs=20)
    page.get_by_role("button", name="Hang op").click()
    exchange.run(anna.event("CALL_CLOSED"))
    expect(page.get_by_text("Klaar om te bellen")).to_be_visible()
    assert heard(anna.heard)


def test_a_user_answers_in_the_browser_on_whichever_page_they_are(page: Page, exchange: Stage):
    turned_on(page, exchange, "Carla Smit · 203")
    page.get_by_role("link", name="Belplannen").click()
    bram = exchange.phones["202"]
    exchange.run(bram.dial(f"sip:203@127.0.0.1:{exchange.sip_port}"))
    expect(page.get_by_role("alert")).to_contain_text("Bram Visser belt u")
    page.get_by_role("button", name="Neem op").click()
    exchange.run(bram.event("CALL_ESTABLISHED"))
    assert page.evaluate(LOUDEST) == pytest.approx(TELEPHONE, abs=20)
    exchange.run(bram.hang_up())
    exchange.run(bram.event("CALL_CLOSED"))
    assert heard(bram.heard)

    # It is there for as long as the page is: afterwards nobody rings.
    page.get_by_role("link", name="Telefoon", exact=True).click()
    page.get_by_role("button", name="Zet de telefoon uit").click()
    expect(page.get_by_text("De telefoon staat uit")).to_be_visible()
    page.wait_for_function(
        "company => fetch(`/api/v1/companies/${company}/live`).then(answer => answer.json())"
        ".then(live => live.phones.find(one => one.account.endsWith('carla')).registered === false)",
        arg=exchange.company,
    )


def test_a_browser_speaks_for_nobody_else(page: Page, exchange: Stage, visitor: Visitor):
    """The trunk takes all of 127.0.0.0/8, and all browsers come to Asterisk from there."""
    page.goto(exchange.at("live"))
    made = page.evaluate(
        """async company => {
          const session = await (await fetch('/api/v1/session')).json();
          const answer = await fetch(`/api/v1/companies/${company}/browser-phones`, {
            method: 'POST', headers: { 'X-CSRF-Token': session.csrf, 'Content-Type': 'application/json' },
            body: JSON.stringify({ user: '203' }) });
          return await answer.json();
        }""",
        exchange.company,
    )
    says = """([path, message]) => new Promise(resolve => {
      const socket = new WebSocket(path.replace(/^/, location.origin.replace('http', 'ws')), 'sip');
      socket.onopen = () => message && socket.send(message);
      socket.onmessage = event => { socket.close(); resolve(event.data.split('\\r\\n')[0]); };
      socket.onclose = event => resolve(event.code);
    })"""

    def invite(sender: str) -> str:
        lines = [
            "INVITE sip:201@belplan.invalid SIP/2.0",
            "Via: SIP/2.0/WS a.invalid;branch=z9hG4bK1",
            "Max-Forwards: 7",
        ]
        lines += ["To: <sip:201@belplan.invalid>", f"From: <sip:{sender}@belplan.invalid>;tag=1", "Call-ID: one"]
        lines += ["CSeq: 1 INVITE", "Contact: <sip:a@a.invalid;transport=ws>", "Content-Length: 0", "", ""]
        return "\r\n".join(lines)

    assert page.evaluate(says, [made["path"], invite(made["username"])]) == "SIP/2.0 401 Unauthorized"
    assert page.evaluate(says, [made["path"], invite("0612345678")]) == 1008
    assert page.evaluate(says, [made["path"], invite("voorbeeld-bv-anna")]) == 1008
    stranger = visitor.page()
    signed_in(stranger, exchange)
    assert stranger.evaluate(says, [made["path"], ""]) in (1006, 4404)
