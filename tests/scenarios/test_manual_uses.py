"""The three uses that the manual names: does the caller reach the right phone?"""

import json


async def test_debtor_reaches_finance(walk):
    result = await walk("invoices.yaml", crm="openstaand")
    assert result.connected_to == "301"
    assert result.answered_by in ("201", "202")
    assert result.variables == {"klant": "openstaand"}
    assert result.trace == [("webhook", "ok"), ("condition", "true"), ("connect", "answered")]


async def test_everybody_else_reaches_the_desk(walk):
    result = await walk("invoices.yaml", crm="betaald")
    assert result.connected_to == "203"
    assert result.trace == [("webhook", "ok"), ("condition", "false"), ("connect", "answered")]
    assert result.heard == ["ringing"]
    assert result.silence == 0


async def test_white_space_around_the_answer_does_not_matter(walk):
    assert (await walk("invoices.yaml", crm=" openstaand\r\n")).connected_to == "301"


async def test_the_crm_gets_the_twelve_fields_in_order(walk):
    result = await walk("invoices.yaml", to="010 238 00 95", webhooks={"klant": ""}, at="2026-03-01T12:00:00+01:00")
    (asked,) = result.asked
    fields = json.loads(asked.request.body)
    assert list(fields) == [
        "com_id", "dp_id", "dp_in_number", "dp_ex_number", "callee_number", "caller_number", "uuid",
        "phonebook_caller_name", "event_time", "call_start_time", "rta_call_id", "sip_call_id",
    ]  # fmt: skip
    assert all(isinstance(value, str) for value in fields.values())
    assert (fields["dp_in_number"], fields["dp_ex_number"]) == ("1003", "31102380095")
    assert (fields["callee_number"], fields["caller_number"]) == ("31102380095", "31612345678")
    assert fields["event_time"] == fields["call_start_time"] == "1772362800000"


async def test_an_open_ticket_goes_to_its_agent(walk):
    result = await walk("tickets.yaml", webhooks={"agent": "201"})
    assert (result.connected_to, result.answered_by) == ("201", "201")
    assert result.asked[0].request.url == "https://crm.example.nl/ticket?nummer=31612345678"
    assert result.asked[0].request.body is None


async def test_no_ticket_goes_to_the_desk(walk):
    result = await walk("tickets.yaml", crm="")
    assert result.connected_to == "203"
    assert result.trace[1] == ("condition", "false")


async def test_an_agent_who_is_no_destination_is_not_dialled(walk):
    for answer in ("299", "0900 1234567", "+49 30 901820", "112", "drop table", "*31#", "201,202"):
        result = await walk("tickets.yaml", crm=answer)
        assert result.connected_to == "203", answer
        assert ("connect", "failed") in result.trace
        assert result.rang == ["203"]


async def test_an_agent_on_a_dutch_mobile_is_dialled(walk):
    result = await walk("tickets.yaml", crm="06-87654321")
    assert result.connected_to == "31687654321"
    assert result.call.rang[0].shown.number == "31102380095"  # the trunk may not show the caller's


async def test_an_agent_who_is_busy_leaves_the_call_to_the_desk(walk):
    result = await walk("tickets.yaml", crm="201", phones={"201": "busy"})
    assert result.trace == [("webhook", "ok"), ("condition", "true"), ("connect", "busy"), ("connect", "answered")]
    assert result.connected_to == "203"


async def test_an_agent_who_does_not_answer_rings_as_long_as_the_plan_says(walk):
    result = await walk("tickets.yaml", crm="201", phones={"201": "no_answer"})
    assert result.step("connect").duration_ms == 15_000
    assert result.connected_to == "203"


async def test_the_second_call_goes_to_the_colleague_of_the_first(walk):
    assert (await walk("colleague.yaml", crm="201")).connected_to == "201"
    assert (await walk("colleague.yaml", crm="")).connected_to == "203"
    assert (await walk("colleague.yaml", crm={"fault": "refused"})).connected_to == "203"
