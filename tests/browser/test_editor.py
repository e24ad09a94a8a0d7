"""Does somebody at the page get a dial plan drawn, tried, published and put back?"""

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser import naughty
from tests.browser.conftest import Office, Visitor
from tests.browser.stage import PASSWORD, Stage


def new_plan(page: Page, where: Stage, name: str, number: str) -> None:
    """An empty dial plan of the company, opened, with an external number."""
    page.goto(where.at("plans"))
    page.locator("header.top").get_by_role("button", name=re.compile("Nieuw belplan|New dial plan")).click()
    page.get_by_role("button", name=re.compile("Naam en nummers|Name and numbers")).click()
    page.locator(".menu").get_by_role("button", name=re.compile("Naam en nummers|Name and numbers")).click()
    page.get_by_label(re.compile("Naam van het belplan|Name of the dial plan")).fill(name)
    page.get_by_label(re.compile("Externe nummers|External numbers")).fill(number)
    page.get_by_role("dialog").locator("footer button").click()
    expect(page.locator("header.top h1")).to_have_text(name)


def drag(page: Page, app: str, x: float, y: float) -> None:
    """An app from the palette to a place in the route, as a hand does it."""
    page.locator(f'[data-palette="{app}"]').hover()
    page.mouse.down()
    page.mouse.move(x - 40, y - 30, steps=4)
    page.mouse.move(x, y, steps=4)
    expect(page.locator(".drag-ghost")).to_be_visible()


def box(page: Page, selector: str):
    found = page.locator(selector).bounding_box()
    assert found
    return found


def titles(page: Page) -> list[str]:
    return page.locator(".card .title").all_inner_texts()


def saved(page: Page) -> None:
    """The draft is kept by itself."""
    expect(page.locator(".saved, .version").first).to_be_visible()
    page.wait_for_function("() => !document.querySelector('.saved')?.textContent?.match(/Bezig|Saving/)")


def called(page: Page, exchange: Stage, number: str, plan: str) -> None:
    """A real call walks what was just published, and says why it went where it went."""
    call = exchange.call(number, hold_ms=1500)
    anna = exchange.phones["201"]
    exchange.run(anna.event("CALL_INCOMING"))
    expect(page.locator(".call-row")).to_contain_text(plan)
    expect(page.locator(".call-row")).to_contain_text("gaat over")
    exchange.run(anna.accept())
    expect(page.locator(".call-row")).to_contain_text("In gesprek met Anna de Boer")
    ended = page.locator(".ended-row").first  # another call's, of a test before, until this one has its record
    before = ended.get_attribute("href") if ended.count() else ""
    assert call.result(60).ok
    expect(ended).not_to_have_attribute("href", before or "")
    expect(ended).to_contain_text("Anna de Boer")


WHY = "Naar Finance (Anna de Boer nam op), omdat de webhook ‘klant’ ‘openstaand’ antwoordde"


def test_a_plan_is_drawn_by_drag_and_drop_published_and_a_real_call_walks_it(
    visitor: Visitor, exchange: Stage, session: object
):
    page = visitor.page(state=session)
    new_plan(page, exchange, "Verkoop", "+31201110001")
    page.get_by_role("button", name="Laat telefoons overgaan").click()
    expect(page.locator(".card")).to_have_count(1)

    first = box(page, ".card >> nth=0")
    drag(page, "webhook", first["x"] + 100, first["y"] - 2)
    expect(page.locator(".drag-ghost .where")).to_have_text("Hier: eerste stap")
    page.mouse.up()
    expect(page.locator(".card")).to_have_count(2)
    page.get_by_label("URL", exact=True).fill(f"{exchange.crm}/belplan")
    page.get_by_label("Bewaar het antwoord als").fill("klant")

    second = box(page, '.card[data-app="connect"]')
    drag(page, "condition", second["x"] + 100, second["y"] - 4)
    expect(page.locator(".drag-ghost .where")).to_have_text("Hier: na stap 1")
    page.mouse.up()
    expect(page.locator(".card")).to_have_count(3)
    page.get_by_label("Welk gegeven").select_option("klant")
    page.get_by_label("Waarde", exact=True).fill("openstaand")
    expect(page.locator(".card .title").nth(1)).to_have_text("Is klant gelijk aan “openstaand”?")

    # Resting on the closed branch opens it.
    branch = box(page, '[data-app="condition"] [data-branch]')
    drag(page, "connect", branch["x"] + 90, branch["y"] + branch["height"] / 2)
    expect(page.locator(".branch")).to_be_visible()
    inner = box(page, ".branch .add-here")
    page.mouse.move(inner["x"] + 30, inner["y"] + 2, steps=4)
    expect(page.locator(".drag-ghost .where")).to_have_text("Hier: eerste stap onder “ja”")
    page.mouse.up()
    expect(page.locator('.branch .card[data-app="connect"]')).to_contain_text("Verbind door met Finance")
    expect(page.locator(".way-back")).to_have_text("Niet opgenomen? Dan verder met 3")

    page.get_by_role("button", name="Proefgesprek").click()
    page.get_by_role("radiogroup", name="klant").get_by_role("radio", name="vast").click()
    page.get_by_label("klant: vast").fill("openstaand")
    page.get_by_label("klant: vast").press("Enter")
    expect(page.locator(".branch.walked")).to_be_visible()
    expect(page.locator(".heard")).to_contain_text("De telefoon gaat over")
    expect(page.locator(".step.walked .result-chip.good").last).to_contain_text("opgenomen")
    page.get_by_role("button", name="Stop proefgesprek").click()

    page.get_by_role("button", name="Publiceren").click()
    page.get_by_role("button", name=re.compile("Publiceer versie")).click()
    expect(page.get_by_role("status").filter(has_text="is gepubliceerd").last).to_be_visible()
    expect(page.locator(".version")).to_contain_text("gepubliceerd")

    page.get_by_role("link", name="Live").click()
    called(page, exchange, "31201110001", "Verkoop")
    page.locator(".ended-row").first.click()
    expect(page.locator(".why p").first).to_contain_text(WHY)


def test_a_mistake_is_marked_on_its_card_blocks_publishing_and_brings_its_way_out(visitor: Visitor, office: Office):
    page = visitor.page(state=office.state)
    page.goto(office.at("plans/0"))
    page.locator('.card[data-app="webhook"]').first.click()
    page.get_by_label("Bewaar het antwoord als").fill("klnt")
    expect(page.locator(".card.problem").first).to_be_visible()
    expect(page.get_by_role("button", name="Publiceren")).to_be_disabled()
    expect(page.locator(".card .foot.problem").first).to_contain_text("klant")
    page.get_by_role("button", name=re.compile("problem")).first.click()
    page.locator("body").press("Control+z")
    expect(page.locator(".card.problem")).to_have_count(0)
    expect(page.get_by_label("Bewaar het antwoord als")).to_have_value("klant")

    # A question above the webhook that it asks about: the card says so, and puts it back.
    before = titles(page)
    page.locator('.card[data-app="webhook"]').first.press("Alt+ArrowDown")
    expect(page.locator(".card.problem").first).to_be_visible()
    assert titles(page) != before
    page.get_by_role("button", name="Zet terug").first.click()
    expect(page.locator(".card.problem")).to_have_count(0)
    assert titles(page) == before


def test_two_people_change_one_plan_and_neither_loses_work(visitor: Visitor, office: Office):
    one, other = visitor.page(state=office.state), visitor.page("en", state=office.state)
    for page in (one, other):
        page.goto(office.at("people/users/203"))
        expect(page.locator(".form input").first).to_have_value("Carla Smit")
    one.get_by_label("E-mailadres").fill("carla@example.nl")
    expect(one.locator(".saved")).to_contain_text("Bewaard")
    # What only one of them touched is merged; what both touched is asked.
    other.get_by_label("Name", exact=True).fill("Carla de Smit")
    expect(other.locator(".saved")).to_contain_text("Saved")
    expect(other.get_by_label("Email address")).to_have_value("carla@example.nl")
    one.get_by_label("Naam", exact=True).fill("Carla van der Smit")
    dialog = one.get_by_role("dialog")
    expect(dialog).to_contain_text("Carla de Smit")
    dialog.get_by_role("radio", name="Die van de ander").click()
    dialog.locator("footer button").click()
    expect(one.get_by_label("Naam", exact=True)).to_have_value("Carla de Smit")
    expect(one.get_by_label("E-mailadres")).to_have_value("carla@example.nl")


def test_whoever_else_is_at_work_stands_on_the_card(visitor: Visitor, office: Office):
    one, other = visitor.page(state=office.state), visitor.page("en")
    one.goto(office.at("plans/0"))
    one.locator(".card").nth(2).click()
    other.goto(office.site.url)
    other.get_by_label("Email address").fill("beheer@example.nl")
    other.get_by_label("Password").fill(PASSWORD)
    other.keyboard.press("Enter")
    other.wait_for_url("**/overview")
    other.goto(office.at("plans/0"))
    expect(other.locator(".card").nth(2)).to_contain_text("Beheerder")


def tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until something has the focus, as somebody without a mouse does."""
    expect(wanted).to_be_visible()
    for _ in range(150):
        if wanted.evaluate("one => one === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard does not come to {wanted}")


def test_the_same_by_keyboard_alone_down_to_the_real_call(visitor: Visitor, exchange: Stage, session: object):
    page = visitor.page(state=session)
    keys = page.keyboard
    page.goto(exchange.at("plans"))
    tab_to(page, page.locator("header.top").get_by_role("button", name="Nieuw belplan"))
    keys.press("Enter")
    expect(page.get_by_text("Wat moet er gebeuren als iemand belt?")).to_be_visible()

    def add(app: str, count: int) -> None:
        keys.press("/")
        keys.type(app)
        keys.press("Enter")
        expect(page.locator(".card")).to_have_count(count)
        expect(page.locator(".card.chosen")).to_be_focused()

    def fill(label: str, text: str) -> None:
        tab_to(page, page.get_by_label(label, exact=True))
        keys.press("Control+a")
        keys.type(text)

    tab_to(page, page.get_by_role("button", name="Kies een nummer"))
    keys.press("Enter")
    fill("Externe nummers", "+31201110002")
    keys.press("Escape")
    tab_to(page, page.get_by_role("region", name="Route", exact=True))
    add("webhook", 1)
    keys.press("Enter")
    fill("URL", f"{exchange.crm}/belplan")
    fill("Bewaar het antwoord als", "klant")
    keys.press("Escape")
    add("voorwaarde", 2)
    keys.press("Enter")
    tab_to(page, page.get_by_label("Welk gegeven"))
    keys.type("klant")
    fill("Waarde", "openstaand")
    keys.press("Escape")
    keys.press("ArrowRight")  # opens the branch, and then the list of what can stand in it
    keys.press("ArrowRight")
    keys.type("doorverbind")
    keys.press("Enter")
    expect(page.locator('.branch .card[data-app="connect"]')).to_be_focused()
    keys.press("Escape")
    keys.press("ArrowLeft")
    add("meldtekst", 4)
    keys.press("Enter")
    fill("Gesproken tekst", "Welkom bij Voorbeeld.")
    keys.press("Escape")
    keys.press("Alt+ArrowUp")  # into the branch above, and back
    expect(page.locator('.branch .card[data-app="announce"]')).to_be_focused()
    keys.press("Control+z")
    expect(page.locator('.branch .card[data-app="announce"]')).to_have_count(0)

    tab_to(page, page.get_by_role("button", name="Publiceren"))
    keys.press("Enter")
    tab_to(page, page.get_by_label("Waarom? Bijvoorbeeld: bellers wachtten te lang"))
    keys.press("Enter")
    expect(page.locator(".version")).to_contain_text("gepubliceerd")

    tab_to(page, page.get_by_role("button", name="Proefgesprek"))
    keys.press("Enter")
    tab_to(page, page.get_by_role("radiogroup", name="klant").get_by_role("radio", checked=True))
    keys.press("ArrowRight")
    tab_to(page, page.get_by_label("klant: vast"))
    keys.type("openstaand")
    keys.press("Enter")
    expect(
        page.get_by_label("Proefgesprek").get_by_text("omdat de webhook ‘klant’ ‘openstaand’ antwoordde")
    ).to_be_visible()
    expect(page.locator(".branch.walked .card")).to_have_count(1)

    tab_to(page, page.get_by_role("link", name="Live"))
    keys.press("Enter")
    called(page, exchange, "31201110002", "Nieuw belplan")
    tab_to(page, page.locator(".ended-row").first)
    keys.press("Enter")
    expect(page.locator(".why p").first).to_contain_text(WHY)


def test_a_version_is_rolled_back(visitor: Visitor, office: Office):
    page = visitor.page(state=office.state)

    def publish(name: str) -> None:
        page.goto(office.at("settings/company"))
        page.get_by_label("Naam van het bedrijf").fill(name)
        expect(page.locator(".saved")).to_contain_text("Bewaard")
        page.get_by_role("button", name="Publiceren").click()
        page.get_by_label("Waarom? Bijvoorbeeld: bellers wachtten te lang").fill(f"nu {name}")
        page.get_by_role("button", name=re.compile("Publiceer versie")).click()
        expect(page.locator(".version")).to_contain_text("gepubliceerd")

    publish("Voorbeeld Een BV")
    publish("Voorbeeld Twee BV")
    page.goto(office.at("settings/versions"))
    row = page.locator(".version-row", has_text="nu Voorbeeld Een BV").first
    row.get_by_role("button", name="Terug naar deze versie").click()
    expect(page.locator(".version-row").first).to_contain_text("nu voor bellers")
    page.goto(office.at("settings/company"))
    expect(page.get_by_label("Naam van het bedrijf")).to_have_value("Voorbeeld Een BV")


FILLED = """async names => {
  const session = await (await fetch('/api/v1/session')).json();
  const headers = {'Content-Type': 'application/json', 'X-CSRF-Token': session.csrf};
  const ask = (method, path, body, more) =>
    fetch(`/api/v1${path}`, {method, headers: {...headers, ...more}, body: body && JSON.stringify(body)});
  const {id} = await (await ask('POST', '/companies', {name: names[0]})).json();
  const draft = await ask('GET', `/companies/${id}/draft`);
  const {plan} = await draft.json();
  const each = (make) => names.map((name, at) => ({name, ...make(at)}));
  Object.assign(plan, {
    users: each(at => ({number: String(10000 + at)})),
    ring_groups: each(at => ({number: String(20000 + at), members: []})),
    queues: each(at => ({number: String(30000 + at), agents: []})),
    voicemail_boxes: each(at => ({number: String(40000 + at)})),
    time_conditions: each(() => ({weekdays: []})), diversions: each(() => ({})),
    trunks: each(() => ({host: 'sip.example.nl'})),
    ivr_menus: each(() => ({start: 'nl', contexts: {nl: {start: [], keys: {}}}})),
    dial_plans: each(at => ({internal_number: String(50000 + at), route: []})),
  });
  plan.dial_plans[0].id = '0123456789abcdef0123456789abcdee';
  plan.dial_plans[0].route = names.map(note => ({announce: {say: 'x'}, note}));
  const kept = await ask('PUT', `/companies/${id}/draft`, {plan}, {'If-Match': draft.headers.get('etag')});
  return [kept.status, kept.ok ? id : await kept.text()];
}"""


def test_515_naughty_strings_are_shown_as_they_are_and_none_runs(visitor: Visitor, office: Office):
    page = visitor.page(state=office.state)
    ran: list[str] = []
    page.on("dialog", lambda dialog: (ran.append(dialog.message), dialog.dismiss()))
    page.goto(office.at("plans"))
    names = naughty.strings()
    status, company = page.evaluate(FILLED, names)
    assert status == 200, company
    page.goto(f"{office.site.url}/c/{company}/people")
    for where in (
        *("people/users", "people/groups", "people/queues", "people/voicemail", "today/times", "today/diversions"),
        *("settings/trunks", "menus", "plans", "plans/0123456789abcdef0123456789abcdee"),
    ):
        page.evaluate("path => history.pushState(null, '', path)", f"/c/{company}/{where}")
        page.wait_for_function("last => document.body.textContent.includes(last)", arg=names[-1])
        missing = page.evaluate(
            "names => { const all = document.querySelector('main').textContent;"
            " return names.filter(name => !all.includes(name)); }",
            names,
        )
        assert missing == [], (where, missing[:5])
    assert ran == []
    assert page.evaluate("window.ran === undefined && document.title !== 'ran'")
