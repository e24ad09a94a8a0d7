"""No call is lost: the engine dies under real calls, is told to stop, or is replaced, and callers notice nothing."""

import asyncio
import signal

from tests.asterisk.chaos import NUMBERS, PLAN, caller_steps, campaign, engine, phones
from tests.asterisk.phones import sipp, until
from tests.asterisk.serving import crm


async def test_an_engine_that_is_killed_again_and_again_loses_no_call(program, tmp_path):
    verdict = await campaign(tmp_path, 10, rate=5.0, hold_ms=(3000, 3500), every=(0.2, 0.8), seed=5)
    assert verdict.kills.total() >= 2, verdict.told()
    assert verdict.resumed, verdict.told()
    assert not verdict.dropped, verdict.told()
    assert not verdict.rang_twice, verdict.told()
    assert not verdict.webhook_ids, verdict.told()
    assert not verdict.records_double, verdict.told()
    assert not verdict.records_missing, verdict.told()


async def test_calls_outlive_an_engine_that_is_told_to_stop(program, tmp_path, monkeypatch):
    monkeypatch.setenv("BELPLAN_DRAIN", "0")
    async with (
        crm("openstaand") as customer,
        engine(tmp_path, PLAN.format(crm=customer.url)) as one,
        phones(one.sip_port) as ringing,
    ):
        rows = tmp_path / "callers.csv"
        rows.write_text(f"SEQUENTIAL\n0620000000;{NUMBERS['webhook']};\n0620000001;{NUMBERS['prompt']};\n")
        asterisk = one.asterisk
        arguments = ("-inf", str(rows))
        async with sipp(
            caller_steps((14000, 14000)), to=one.sip_port, calls=2, rate=20, arguments=arguments, seconds=50
        ) as calling:
            await until(lambda: ringing.rang("anna")["20000000"], "the phone")
            one.kill(signal.SIGTERM)
            assert await one.ended() == 0
            assert one.asterisk == asterisk
            await one.start()
            await one.ready()
            ran = await calling.ended(50)
        assert ran.ok, ran.errors
        await until(lambda: len(one.records()) == 2, "the records")
        assert {record["outcome"] for record in one.records()} == {"connected"}
        assert max(ringing.rang("anna").values()) == 1


async def test_another_engine_takes_over_and_the_first_leaves_everything_as_it_is(program, tmp_path):
    """Two engines with one name: the one that came first stops acting at once."""
    async with (
        crm("openstaand") as customer,
        engine(tmp_path, PLAN.format(crm=customer.url)) as one,
        phones(one.sip_port) as ringing,
    ):
        rows = tmp_path / "callers.csv"
        rows.write_text(f"SEQUENTIAL\n0620000000;{NUMBERS['webhook']};\n")
        first = one.process
        async with sipp(
            caller_steps((4000, 4000)), to=one.sip_port, arguments=("-inf", str(rows)), seconds=50
        ) as calling:
            await until(lambda: ringing.rang("anna")["20000000"], "the phone")
            await asyncio.to_thread(one.take_app_away)
            assert first
            async with asyncio.timeout(20):
                assert await first.wait() == 0
            await one.start()
            ran = await calling.ended(50)
        assert ran.ok, ran.errors
        await until(lambda: len(one.records()) == 1, "the record")
