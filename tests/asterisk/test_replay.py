"""A real call, walked again from its record: every step as it was."""

import json

from belplan.apps import APPS
from belplan.dialplan.check import read
from belplan.engine.cdr import CallRecord
from belplan.replay import again
from belplan.replay.compare import replay
from belplan.why import why
from tests.asterisk.phones import invite, phone, run_sipp, until
from tests.asterisk.serving import CALLER, crm, plan, serving

NUMBER = "31102380095"


async def test_real_calls_come_out_exactly_as_they_were(program):
    records = []
    async with crm("openstaand") as server:
        route = f"""
        - webhook: {{method: POST, url: "{server.url}", timeout: 1, save_as: klant}}
        - condition: {{variable: klant, equals: openstaand, then: [{{connect: {{to: "301"}}}}]}}
        - connect: {{to: "203"}}
        - announce: {{say: Er is niemand.}}
        - hangup: {{cause: 16}}
        """
        async with (
            serving(plan(route), program) as exchange,
            phone("bram", "geheim-bram", exchange.settings.sip_port, answer="auto"),
        ):
            exchange.on_record = records.append
            ran = await run_sipp(invite(NUMBER, 200, from_=CALLER, hold_ms=300), exchange.settings.sip_port)
            assert ran.ok, ran.errors
            server.delay = None  # silent from now on; and nobody has a telephone at 203
            ran = await run_sipp(invite(NUMBER, 200, from_=CALLER, hold_ms=200), exchange.settings.sip_port)
            assert ran.ok, ran.errors
            await until(lambda: len(records) == 2, "both calls are written down")
            # Another version for all who have a number: they walk it, and whoever withholds it the live one.
            other, _ = read(plan("- hangup: {cause: 17}"), APPS)
            await exchange.share(other.numbered(2), 100)
            for final, caller in ((486, CALLER), (200, '"Anonymous" <sip:anonymous@anonymous.invalid>')):
                ran = await run_sipp(invite(NUMBER, final, from_=caller), exchange.settings.sip_port)
                assert ran.ok, ran.errors
            await until(lambda: len(records) == 4, "the others are written down, too")
    *records, shared, withheld = records
    assert (shared.version, shared.cause, [step.path for step in shared.trace]) == (
        2,
        17,
        ["dial_plans[0].route[0].hangup"],
    )
    assert (withheld.version, withheld.trace[0].app) == (0, "webhook")
    company, _ = read(plan(route), APPS)
    kept = [CallRecord.from_json(json.loads(json.dumps(record.as_json()))) for record in records]
    finance, nobody = kept
    assert (finance.connected_to, nobody.trace[0].exit) == ("301", "timeout")
    for was in kept:
        assert again(company, was).exact, [(step.path, step.exit) for step in was.trace]
    assert str(replay(company, kept)) == "2 calls, 2 the same, 0 differ"
    assert why(company, finance)["nl"].startswith("Naar Finance (Bram Visser nam op), omdat de webhook ‘klant’")
