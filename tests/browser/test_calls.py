"""Does somebody at the page see a real call walk its plan, and read why it went where it went?"""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitor
from tests.browser.stage import PASSWORD, Stage


def test_a_real_call_is_seen_live_and_told_afterwards(visitor: Visitor, exchange: Stage, session: object):
    page = visitor.page(state=session)
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
    otherwise = page.get_by_role("region", name="En anders?").locator("dl > div")
    expect(otherwise.filter(has_text="‘klant’ antwoordt niet")).to_contain_text(
        "keuzemenu ‘keuze’, als ‘agent’ dan niets antwoordt"
    )
    expect(page.locator(".path-panel")).to_contain_text("Stappen 4 tot en met 10 zijn niet gelopen")
    page.get_by_role("button", name="Bewaar als scenario").click()
    expect(page.get_by_text("Bewaard als scenario")).to_be_visible()

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
    # The scenario of a moment ago asks for the ticket now, too: it does not go as kept.
    expect(page.locator(".examination", has_text="Scenario")).to_contain_text("1 van de 1", timeout=60_000)
    expect(page.locator(".examination", has_text="Elke weg")).to_contain_text("weg", timeout=60_000)
    page.keyboard.press("Escape")
    learned.get_by_role("button", name="Voeg tak toe").click()
    expect(page.locator(".card.chosen .title")).to_have_text("Is klant gelijk aan “openstaand”?")

    # To a tenth of the callers first, then back.
    page.get_by_role("button", name="Publiceren").click()
    page.get_by_label("Voor wie").select_option(label="Voor 10% van de bellers")
    page.get_by_role("button", name=re.compile("Publiceer versie")).click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.goto(exchange.at("settings/versions"))
    rollout = page.get_by_role("region", name="Stap voor stap naar alle bellers")
    expect(rollout).to_contain_text("is voor 10% van de bellers")
    rollout.get_by_role("button", name="Neem terug").click()
    expect(rollout).to_contain_text("is teruggenomen")


def joined(
    visitor: Visitor, exchange: Stage, administrator: Page, name: str, email: str, role: str, phone: str
) -> Page:
    """Somebody whom the administrator lets in, and who followed the link and signed in."""
    administrator.goto(exchange.at("settings/access"))
    form = administrator.locator("main form")
    form.get_by_label("Naam").fill(name)
    form.get_by_label("E-mailadres").fill(email)
    form.get_by_label("Rol").select_option(label=role)
    if phone:
        form.get_by_label("Toestel").select_option(phone)
    administrator.get_by_role("button", name="Geef toegang").click()
    link = administrator.get_by_role("status").locator(".mono").inner_text()
    page = visitor.page()
    page.goto(link)
    page.get_by_label("Wachtwoord").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_label("E-mailadres").fill(email)
    page.get_by_label("Wachtwoord").fill(PASSWORD)
    page.keyboard.press("Enter")
    return page


def test_an_agent_works_from_their_own_page_and_sees_no_plan(visitor: Visitor, exchange: Stage, session: object):
    administrator = visitor.page(state=session)
    page = joined(visitor, exchange, administrator, "Bram Visser", "bram@example.nl", "medewerker", "202")
    page.wait_for_url("**/phone")
    words = ["Telefoon", "Live", "Gesprekken", "Telefoonboek", "Vandaag", "Instellingen"]
    assert page.get_by_role("navigation").get_by_role("link").all_inner_texts() == words

    # Out of the queue and back; the others see it.
    queue = page.get_by_role("region", name="Uw wachtrijen")
    queue.get_by_role("radio", name="Af").click()
    administrator.goto(exchange.at("live"))
    standing = administrator.locator(".agent-list li", has_text="Bram Visser").first
    expect(standing).to_contain_text("afgemeld")
    queue.get_by_role("radio", name="Pauze").click()
    expect(standing).to_contain_text("pauze")
    queue.get_by_role("radio", name="Aan").click()
    expect(standing).to_contain_text("vrij")

    # A colleague is called from one's own telephone, and it is one's own call afterwards.
    colleagues = page.get_by_role("region", name="Collega’s")
    expect(colleagues.locator("li", has_text="Anna de Boer")).to_contain_text("vrij")
    bram, anna = exchange.phones["202"], exchange.phones["201"]
    colleagues.get_by_role("button", name="Bel Anna de Boer").click()
    exchange.run(bram.event("CALL_INCOMING"))
    exchange.run(bram.accept())
    exchange.run(anna.event("CALL_INCOMING"))
    exchange.run(anna.accept())
    exchange.run(anna.event("CALL_ESTABLISHED"))
    exchange.run(bram.hang_up())
    exchange.run(anna.event("CALL_CLOSED"))
    expect(page.get_by_role("region", name="Uw gesprekken").locator("li").first).to_contain_text("Anna de Boer")

    page.get_by_role("link", name="Vandaag").click()
    page.get_by_role("switch", name="storing bekend").click()
    page.get_by_role("button", name="tot ik hem uitzet").click()
    expect(page.get_by_role("switch", name="storing bekend")).to_be_checked()
    page.get_by_role("link", name="Telefoonboek").click()
    expect(page.get_by_role("heading", name="Telefoonboek")).to_be_visible()
    expect(page.get_by_role("button", name="Importeer")).to_have_count(0)
    page.goto(exchange.at("plans/0"))
    page.wait_for_url("**/phone")


def test_a_reader_reads_the_published_plan_and_is_offered_nothing_else(
    visitor: Visitor, exchange: Stage, session: object
):
    page = joined(visitor, exchange, visitor.page(state=session), "Lezer", "lezer@example.nl", "meelezer", "")
    page.wait_for_url("**/overview")
    page.goto(exchange.at("plans/0"))
    expect(page.locator(".version")).to_contain_text("gepubliceerd")
    page.locator('.card[data-app="webhook"]').first.click()
    expect(page.get_by_label("Bewaar het antwoord als")).to_be_disabled()
    for nobody in (".palette", ".grip", ".plus", ".card-menu", ".add-here"):
        expect(page.locator(nobody)).to_have_count(0)
    expect(page.get_by_role("button", name="Publiceren")).to_have_count(0)
    page.get_by_role("button", name="Proefgesprek").click()
    expect(page.locator(".step.walked").first).to_be_visible()
    for where in ("people/users/201", "menus/keuze", "today/times", "settings", "people/phone-book"):
        page.evaluate("path => history.pushState(null, '', path)", f"/c/{exchange.company}/{where}")
        expect(page.locator("main h1").first).to_be_visible()
        expect(page.locator("[aria-busy=true]")).to_have_count(0)
        offered = page.get_by_role("button").all_inner_texts()
        for word in ("Voeg toe", "Verwijder", "Publiceren", "Importeer", "Nieuw belplan"):
            assert word not in offered, (where, offered)


def test_an_empty_company_comes_to_its_first_call_step_by_step(visitor: Visitor, exchange: Stage, session: object):
    page = visitor.page(state=session)
    page.goto(exchange.at("overview"))
    page.get_by_role("button", name="Bedrijf en account").click()
    page.get_by_role("button", name="Nieuw bedrijf").click()
    page.get_by_label("Naam van het bedrijf").fill("Vers BV")
    page.get_by_role("button", name="Maak bedrijf").click()
    steps = page.get_by_role("region", name="Naar uw eerste gesprek")
    steps.get_by_role("link", name="Voeg mensen toe").click()
    typed: list[list[str]] = []
    for name in ("Dirk Bos", "Eva Mol"):
        page.get_by_role("button", name="Voeg toe", exact=True).click()
        page.get_by_label("Naam", exact=True).fill(name)
        page.get_by_role("button", name="Voeg een telefoon toe").click()
        dialog = page.get_by_role("dialog")
        expect(dialog.locator("dd.mono")).to_have_count(4)
        typed.append(dialog.locator("dd.mono").all_inner_texts())
        dialog.get_by_role("button", name="Sluiten").last.click()
    page.get_by_role("link", name="Overzicht").click()
    steps.get_by_role("button", name="Maak een belplan").click()
    page.get_by_role("button", name="Laat telefoons overgaan").click()
    expect(page.locator(".card .title")).to_have_text("Verbind door met Dirk Bos")
    page.get_by_role("link", name="Overzicht").click()
    steps.get_by_role("button", name="Publiceer").click()
    page.get_by_role("button", name="Publiceer versie 1").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert [server.rpartition(":")[2] for server, *_ in typed] == [str(exchange.sip_port)] * 2
    dirk, eva = (exchange.telephone(account, password) for _, account, password, _ in typed)
    exchange.run(eva.dial(f"sip:1001@127.0.0.1:{exchange.sip_port}"))
    exchange.run(dirk.event("CALL_INCOMING"))
    exchange.run(dirk.accept())
    exchange.run(eva.event("CALL_ESTABLISHED"))
    exchange.run(dirk.hang_up())
