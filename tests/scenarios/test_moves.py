"""From plan to plan, to people's own plans, and to the end: is nobody dropped, and does every call end?"""

import pytest

COMPANY = """
company: {name: Voorbeeld BV, last_resort: "203"}
users:
  - name: Anna
    number: "201"
    phones: [{username: anna, password: x}]
    route:
      - condition: {variable: caller_number, anonymous: true, then: [{hangup: {cause: 21}}]}
      - connect: {to: "201", timeout: 5}
      - connect: {to: "202", timeout: 5}
  - {name: Bram, number: "202", phones: [{username: bram, password: x}]}
  - {name: Cees, number: "203", phones: [{username: cees, password: x}]}
dial_plans:
  - name: Hoofd
    internal_number: "1003"
    external_numbers: ["31102380095"]
    route:
      - connect: {to: "201"}
      - announce: {say: "Niemand.", answer: false}
"""
TWO_PLANS = """
dial_plans:
  - name: Eerste
    internal_number: "1003"
    external_numbers: ["31102380095"]
    route:
      - goto: {dial_plan: Tweede}
  - name: Tweede
    id: 42f30becd4ea93edd284e059427cf1f7
    internal_number: "1004"
    external_numbers: ["31102380096"]
    route:
      - webhook: {method: POST, url: "https://x.example.nl/", save_as: x}
      - connect: {to: "202"}
"""


async def test_a_personal_plan_is_walked_when_its_user_is_rung(walk):
    result = await walk(COMPANY)
    assert result.paths == [
        "dial_plans[0].route[0].connect", "users[0].route[0].condition", "users[0].route[1].connect",
    ]  # fmt: skip
    assert result.trace[0] == ("connect", "moved")
    assert result.connected_to == "201"


async def test_a_personal_plan_is_walked_when_its_user_is_called(walk):
    result = await walk(COMPANY, to="201", phones={"201": "busy"})
    assert result.paths == ["users[0].route[0].condition", "users[0].route[1].connect", "users[0].route[2].connect"]
    assert result.connected_to == "202"


async def test_a_personal_plan_that_ends_goes_on_below(walk):
    result = await walk(COMPANY, phones={"201": "no_answer", "202": "busy"})
    assert result.trace[-2:] == [("announce", "played"), ("connect", "answered")]
    assert result.paths[-1] == "company.last_resort"
    assert result.connected_to == "203"


async def test_a_personal_plan_may_refuse(walk):
    result = await walk(COMPANY, caller="")
    assert (result.outcome, result.cause) == ("ended", 21)


async def test_the_last_resort_rings_instead_of_dropping_the_caller(walk):
    result = await walk(COMPANY, phones={"201": "failed", "202": "failed"})
    assert (result.outcome, result.connected_to) == ("connected", "203")


async def test_a_last_resort_that_is_not_there_either_ends_the_call(walk):
    result = await walk(COMPANY, phones=dict.fromkeys(("201", "202", "203"), "busy"))
    assert (result.outcome, result.cause) == ("ended", 20)
    answered = COMPANY.replace(", answer: false", "")
    result = await walk(answered, phones=dict.fromkeys(("201", "202", "203"), "busy"))
    assert (result.outcome, result.cause) == ("ended", 16)


async def test_the_last_resort_rings_for_a_user_who_was_called_directly(walk):
    result = await walk(COMPANY, to="202", phones={"202": "busy"})
    assert result.paths == ["users[1]", "company.last_resort"]
    assert result.connected_to == "203"


async def test_hangup_is_the_end_also_with_a_last_resort(walk):
    result = await walk(COMPANY.replace('announce: {say: "Niemand.", answer: false}', "hangup: {cause: 17}"),
                        phones=dict.fromkeys(("201", "202"), "busy"))  # fmt: skip
    assert (result.outcome, result.cause, result.rang) == ("ended", 17, ["201", "202"])


async def test_a_call_in_circles_reaches_the_last_resort(walk):
    plan = COMPANY.replace('- connect: {to: "201"}\n      - announce', "- goto: {dial_plan: Hoofd}\n      - announce")
    result = await walk(plan, unchecked=True)
    assert result.connected_to == "203"
    assert result.paths[-1] == "company.last_resort"
    assert len(result.record.trace) <= 502


async def test_a_call_in_circles_with_webhooks_reaches_the_last_resort(walk):
    plan = COMPANY.replace(
        '- connect: {to: "201"}\n      - announce',
        '- webhook: {method: GET, url: "https://x.example.nl/"}\n      - goto: {dial_plan: Hoofd}\n      - announce',
    )
    result = await walk(plan, unchecked=True, crm={"text": "", "delay": 1})
    assert len(result.asked) == 20
    assert result.connected_to == "203"
    assert result.lasted == pytest.approx(20 + 2 + 60)


async def test_two_users_who_point_at_each_other_end(walk):
    plan = COMPANY.replace('connect: {to: "201", timeout: 5}', 'connect: {to: "202"}').replace(
        '{name: Bram, number: "202", phones: [{username: bram, password: x}]}',
        '{name: Bram, number: "202", phones: [{username: bram, password: x}], route: [{connect: {to: "201"}}]}',
    )
    result = await walk(plan, unchecked=True, phones={"201": "busy", "202": "busy"})
    assert result.connected_to == "203"


async def test_another_plan_has_its_own_numbers_and_begin(walk):
    result = await walk(TWO_PLANS, webhooks={"x": {"text": "", "delay": 1}})
    assert result.trace == [("goto", "moved"), ("webhook", "ok"), ("connect", "answered")]
    body = result.asked[0].request.body.decode()
    assert '"dp_id": "42f30becd4ea93edd284e059427cf1f7"' in body
    assert '"dp_in_number": "1004"' in body
    assert '"dp_ex_number": "31102380096"' in body
    assert '"callee_number": "31102380095"' in body
    assert result.record.dial_plan == "Eerste"


async def test_connecting_to_a_plan_goes_on_there(walk):
    result = await walk(TWO_PLANS.replace("goto: {dial_plan: Tweede}", 'connect: {to: "1004"}'), crm="")
    assert result.trace == [("connect", "moved"), ("webhook", "ok"), ("connect", "answered")]
    assert result.connected_to == "202"


async def test_an_empty_plan_is_refused(walk):
    plan = 'dial_plans: [{name: Leeg, internal_number: "1003", route: []}]'
    result = await walk("\n" + plan)
    assert (result.outcome, result.cause, result.trace) == ("ended", 20, [])


@pytest.mark.parametrize("cause", [16, 17, 21, 34])
async def test_hangup_refuses_with_its_cause(walk, cause):
    plan = f'\ndial_plans: [{{name: X, internal_number: "1003", route: [{{hangup: {{cause: {cause}}}}}]}}]'
    assert (await walk(plan)).cause == cause


async def test_an_announcement_fills_in_variables_and_is_heard(walk):
    plan = """
dial_plans:
  - name: X
    internal_number: "1003"
    route:
      - webhook: {method: GET, url: "https://x.example.nl/", save_as: naam}
      - announce: {say: "Dag {naam}, u belt met {callee_number}."}
      - announce: {file: "muziek.wav"}
"""
    result = await walk(plan, crm="mevrouw De Boer")
    assert result.heard == ["ringing", "say: Dag mevrouw De Boer, u belt met 1003.", "file: muziek.wav"]
    assert result.cause == 16
    assert (await walk(plan, crm={"fault": "tls"})).heard[1] == "say: Dag , u belt met 1003."


async def test_a_call_of_a_user(walk):
    result = await walk(COMPANY, caller="bram", to="203")
    assert (result.record.caller_number, result.call.rang[0].shown.number) == ("bram", "202")
