"""Does somebody at the page see a real call walk its plan, and read why it went where it went?"""

import pytest
from playwright.sync_api import expect

from belplan.drivers.asterisk import pbx
from tests.browser.conftest import Visitor
from tests.browser.stage import Stage, signed_in, stage


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory):
    with stage(pbx.install(with_phones=True), tmp_path_factory.mktemp("data")) as found:
        yield found


def test_a_real_call_is_seen_live_and_told_afterwards(visitor: Visitor, exchange: Stage):
    page = visitor.page()
    signed_in(page, exchange)
    page.goto(exchange.at("live"))
    expect(page.get_by_text("Er is nu niemand aan de lijn.")).to_be_visible()
    call = exchange.call(hold_ms=1500)
    expect(page.locator(".call-row")).to_contain_text("Pieter Janssen")
    exchange.run(exchange.phones["201"].event("CALL_INCOMING"))
    expect(page.locator(".call-row")).to_contain_text("gaat over")
    exchange.run(exchange.phones["201"].accept())
    expect(page.locator(".call-row")).to_contain_text("In gesprek met Anna de Boer")
    assert call.result(60).ok
    expect(page.locator(".ended-row").first).to_contain_text("Anna de Boer")

    page.locator(".ended-row").first.click()
    expect(page.locator(".why p").first).to_contain_text("openstaand")
    expect(page.locator(".path-panel .branch.walked .card")).to_contain_text("Verbind door met Finance")
    expect(page.locator(".ladder")).to_contain_text("in gesprek")
    expect(page.locator(".phases").first).to_contain_text("ms")

    # An answer that has no branch any more is offered as one; publishing says what becomes of the calls of before.
    page.goto(exchange.at("plans/0"))
    page.locator('.card[data-app="condition"]').first.click()
    page.get_by_label("Waarde", exact=True).fill("betaald")
    learned = page.get_by_role("region", name="Ook geantwoord, nog zonder tak")
    expect(learned).to_contain_text("“openstaand” 1 keer")
    page.get_by_role("button", name="Publiceren").click()
    replayed = page.locator(".examination", has_text="nagespeeld")
    expect(replayed).to_contain_text("0 van de 1 gesprekken", timeout=60_000)  # at nice 19
    expect(replayed).to_contain_text("Van 1 is het niet te zeggen")  # it would have asked for the ticket
    page.keyboard.press("Escape")
    learned.get_by_role("button", name="Voeg tak toe").click()
    expect(page.locator(".card.chosen .title")).to_have_text("Is klant gelijk aan “openstaand”?")
