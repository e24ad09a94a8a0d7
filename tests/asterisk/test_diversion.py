"""A diversion is switched from a real phone, holds for the next call, and is still on after a restart."""

from belplan import server
from tests.asterisk.phones import invite, phone, run_sipp, until
from tests.asterisk.serving import CALLER, plan, serving

NUMBER = "31102380095"
ROUTE = """
- diversion: {name: overleg, then: [{hangup: {cause: 17}}]}
- hangup: {cause: 21}
"""


async def test_a_phone_switches_a_diversion_and_a_restart_keeps_it(program):
    text = plan(ROUTE).replace("phone_book:", "diversions: [{name: overleg, code: '1'}]\nphone_book:")
    async with serving(text, program) as exchange:
        port = exchange.settings.sip_port
        assert (await run_sipp(invite(NUMBER, 403, from_=CALLER), port)).ok
        async with phone("anna", "geheim-anna", port) as anna:
            await anna.dial("1003*1")
            await anna.event("CALL_ESTABLISHED")  # it is said aloud
            await anna.event("CALL_CLOSED")
        assert (await run_sipp(invite(NUMBER, 486, from_=CALLER), port)).ok
        options, company = exchange._options, exchange.company
        await exchange.__aexit__()
        async with server.Exchange(options, company, program) as again:
            assert (await run_sipp(invite(NUMBER, 486, from_=CALLER), port)).ok
            async with phone("anna", "geheim-anna", port) as anna:
                await anna.dial("1003*1")
                await anna.event("CALL_CLOSED")
            await until(lambda: not again.state.is_on(company, "overleg", again._clock.now()), "the switch")


async def test_a_stranger_cannot_switch_it(program):
    text = plan(ROUTE).replace("phone_book:", "diversions: [{name: overleg, code: '1'}]\nphone_book:")
    async with serving(text, program) as exchange:
        port = exchange.settings.sip_port
        assert (await run_sipp(invite("1003*1", 404, from_=CALLER), port)).ok
        # Who says to be a phone of the company has to prove it.
        pretended = await run_sipp(invite("1003*1", 404, from_="<sip:anna@127.0.0.2>"), port)
        assert pretended.final == 401
