"""The IVR menu: keys, no keys, wrong keys, keys too early; and what variables a menu sees."""

WELCOME = "say: Voor verkoop, toets 1. For English, press 9."
PROMPT_SECONDS = len(WELCOME.removeprefix("say: ")) / 15

SCOPES = """
ivr_menus:
  - name: m
    start: a
    contexts:
      a:
        timeout: 1
        start: [{webhook: {method: GET, url: "https://x.example.nl/m", save_as: binnen}}]
        keys:
          "1": [{condition: {variable: buiten, equals: ja, then: [{connect: {to: "201"}}]}}, {connect: {to: "202"}}]
          "2": [{condition: {variable: binnen, equals: ja, then: [{connect: {to: "201"}}]}}, {connect: {to: "202"}}]
          "3": [{goto: {dial_plan: Ander}}]
          "4": []
dial_plans:
  - name: Hoofd
    internal_number: "1003"
    route:
      - webhook: {method: GET, url: "https://x.example.nl/p", save_as: buiten}
      - menu: {name: m}
      - connect: {to: "{buiten}"}
  - name: Ander
    internal_number: "1004"
    route:
      - webhook: {method: GET, url: "https://x.example.nl/a?{buiten}-{binnen}", save_as: derde}
      - connect: {to: "203"}
  - name: Zonder
    internal_number: "1005"
    route:
      - menu: {name: m}
      - connect: {to: "203"}
"""


async def test_a_key_leads_to_its_route(walk):
    result = await walk("menu.yaml", keys="1")
    assert result.connected_to == "201"
    assert result.trace == [("menu", "entered"), ("announce", "played"), ("menu", "1"), ("connect", "answered")]
    assert result.heard == [WELCOME, "ringing"]


async def test_the_paths_of_a_menu(walk):
    result = await walk("menu.yaml", keys="91")
    assert result.paths == [
        "dial_plans[0].route[0].menu",
        "ivr_menus[0].contexts.nl.start[0].announce",
        "ivr_menus[0].contexts.nl",
        "ivr_menus[0].contexts.nl.keys.9[0].goto",
        "ivr_menus[0].contexts.en.start[0].announce",
        "ivr_menus[0].contexts.en",
        "ivr_menus[0].contexts.en.keys.1[0].connect",
    ]
    assert result.connected_to == "202"
    assert result.heard[:2] == [WELCOME, "say: For sales, press 1."]


async def test_the_labelled_key_has_route_in_its_path(walk):
    assert "ivr_menus[0].contexts.nl.keys.1.route[0].connect" in (await walk("menu.yaml", keys="1")).paths


async def test_a_wrong_key_is_said_and_asked_again(walk):
    result = await walk("menu.yaml", keys="71")
    assert result.connected_to == "201"
    assert result.heard == [WELCOME, "say: Ongeldige keuze.", WELCOME, "ringing"]
    assert ("menu", "7") in result.trace


async def test_no_key_is_said_and_asked_again(walk):
    result = await walk("menu.yaml", keys=["", "1"])
    assert result.heard == [WELCOME, "say: Geen keuze.", WELCOME, "ringing"]
    waited = [step for step in result.record.trace if step.exit == "no_input"]
    assert [step.duration_ms for step in waited] == [4000]
    assert result.connected_to == "201"


async def test_who_never_presses_a_key_goes_round_until_the_limit(walk):
    result = await walk("menu.yaml")
    assert result.trace[-1][1] == "limit" or len(result.trace) == 500
    assert result.outcome == "ended"
    assert result.cause == 16  # answered by the menu


async def test_a_key_during_the_prompt_cuts_it_short(walk):
    result = await walk("menu.yaml", keys=[{"during": "Voor verkoop", "after": 0.5, "press": "1"}])
    announce = result.step("announce")
    assert (announce.exit, announce.duration_ms) == ("played", 500)
    assert result.connected_to == "201"
    assert result.trace[2] == ("menu", "1")


async def test_a_key_pressed_before_the_prompt_skips_it(walk):
    result = await walk("menu.yaml", keys=[{"during": "Voor verkoop", "press": "91"}])
    assert result.heard == [WELCOME, "ringing"]
    assert result.connected_to == "202"


async def test_a_key_after_the_prompt_is_waited_for(walk):
    result = await walk("menu.yaml", keys=[{"after": PROMPT_SECONDS + 3.9, "press": "1"}])
    assert [step.duration_ms for step in result.record.trace if step.exit == "1"] == [3900]


async def test_a_key_that_comes_too_late_is_for_the_next_question(walk):
    result = await walk("menu.yaml", keys=[{"after": PROMPT_SECONDS + 4.5, "press": "1"}])
    assert ("menu", "no_input") in result.trace
    assert result.connected_to == "201"


async def test_a_prompt_outside_the_start_is_not_cut_but_the_key_is_kept(walk):
    result = await walk("menu.yaml", keys=["7", {"during": "Ongeldige", "press": "1"}])
    assert result.connected_to == "201"
    assert result.heard == [WELCOME, "say: Ongeldige keuze.", "ringing"]


async def test_a_route_that_ends_goes_on_below_the_menu(walk):
    result = await walk("menu.yaml", keys="2")
    assert result.trace[-2:] == [("announce", "played"), ("connect", "answered")]
    assert result.connected_to == "203"


async def test_a_context_without_such_a_route_goes_on_below_the_menu(walk):
    for keys in ("97", ["9", ""]):
        result = await walk("menu.yaml", keys=keys)
        assert result.connected_to == "203", keys


async def test_a_menu_in_a_menu_comes_back_to_it(walk):
    result = await walk("menu.yaml", keys="#0")
    assert result.heard == [WELCOME, "say: Klein menu.", "say: Nul.", "say: Terug van klein.", "ringing"]
    assert result.connected_to == "203"


async def test_a_goto_to_a_plan_leaves_the_menu_for_good(walk):
    result = await walk("menu.yaml", keys="*")
    assert result.trace[-3:] == [("goto", "moved"), ("announce", "played"), ("hangup", "ended")]
    assert (result.outcome, result.cause) == ("ended", 17)


async def test_who_hangs_up_in_a_menu_is_gone(walk):
    result = await walk("menu.yaml", hang_up_after=PROMPT_SECONDS + 1)
    assert (result.outcome, result.cause) == ("abandoned", 16)
    assert result.trace[-1] == ("menu", "abandoned")


async def test_who_hangs_up_during_a_prompt_is_gone(walk):
    result = await walk("menu.yaml", hang_up_after=1)
    assert result.trace == [("menu", "entered"), ("announce", "abandoned")]


async def test_a_menu_reads_what_the_plan_carries(walk):
    assert (await walk(SCOPES, keys="1", webhooks={"buiten": "ja", "binnen": "x"}, unchecked=True)).answered_by == "201"
    assert (
        await walk(SCOPES, keys="1", webhooks={"buiten": "nee", "binnen": "x"}, unchecked=True)
    ).answered_by == "202"


async def test_a_menu_reached_from_elsewhere_has_none_of_it(walk):
    result = await walk(SCOPES, to="1005", keys="1", webhooks={"binnen": "ja"}, unchecked=True)
    assert result.answered_by == "202"


async def test_a_menu_reads_its_own(walk):
    assert (await walk(SCOPES, keys="2", webhooks={"buiten": "x", "binnen": "ja"}, unchecked=True)).answered_by == "201"


async def test_what_a_menu_set_is_gone_below_it(walk):
    plan = SCOPES.replace(
        'connect: {to: "{buiten}"}', 'webhook: {method: GET, url: "https://x.example.nl/{buiten}-{binnen}"}'
    )
    answers = {"buiten": "b", "binnen": "ja", "dial_plans[0].route[2].webhook": ""}
    result = await walk(plan, keys="4", webhooks=answers, unchecked=True)
    assert result.asked[-1].request.url == "https://x.example.nl/b-"


async def test_another_plan_sees_nothing_of_the_one_before(walk):
    result = await walk(SCOPES, keys="3", webhooks={"buiten": "b", "binnen": "i", "derde": "d"}, unchecked=True)
    assert result.asked[-1].request.url == "https://x.example.nl/a?-"
    assert result.variables == {"buiten": "b", "binnen": "i", "derde": "d"}
