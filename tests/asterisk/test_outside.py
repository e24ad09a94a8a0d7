"""A phone of the company calls the outside world: over the trunk, with the company's number, within its rules."""

from tests.asterisk.phones import answering, free_port, phone, sipp
from tests.asterisk.serving import plan, serving


async def test_a_phone_calls_out_over_the_trunk_and_shows_the_companys_number(program):
    port = free_port()
    text = plan("- hangup: {}").replace("host: 127.0.0.2, port: 9", f"host: 127.0.0.1, port: {port}")
    async with (
        serving(text, program) as exchange,
        sipp(answering(), port=port, arguments=("-aa",)) as provider,
        phone("anna", "geheim-anna", exchange.settings.sip_port) as anna,
    ):
        await anna.dial("0207654321")
        await anna.event("CALL_ESTABLISHED")
        await anna.hang_up()
        ended = await provider.ended()
        assert ended.ok, ended.errors
        assert "INVITE sip:31207654321@127.0.0.1" in ended.trace
        assert "From: <sip:31102380095@" in ended.trace
        state, company = exchange.state, exchange.company
        assert state.last_spoke(company, "31207654321")[0] == "201"


async def test_a_number_outside_the_rules_is_refused_with_a_reason_that_is_heard(program):
    async with (
        serving(plan("- hangup: {}"), program) as exchange,
        phone("anna", "geheim-anna", exchange.settings.sip_port) as anna,
    ):
        await anna.dial("0012125551234")
        await anna.event("CALL_PROGRESS")  # early media: it is said, and nothing is charged
        closed = await anna.event("CALL_CLOSED")
        assert not anna.has("CALL_ESTABLISHED")
        assert "403" in closed["param"]
