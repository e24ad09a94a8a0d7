"""No call is lost: the engine dies under real calls, is told to stop, or is replaced, and callers notice nothing."""

import asyncio
import random
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.asterisk.chaos import NUMBERS, PLAN, Engine, caller_steps, campaign, engine, phones
from tests.asterisk.hardships import cutting, nobody
from tests.asterisk.phones import Sipp, sipp, until
from tests.asterisk.serving import crm
from tests.asterisk.wire import wire


async def test_an_engine_that_is_killed_again_and_again_loses_no_call(program, tmp_path):
    verdict = await campaign(tmp_path, 10, rate=5.0, hold_ms=(3000, 3500), every=(0.2, 0.8), seed=5, most=6)
    assert verdict.kills.total() >= 2, verdict.told()
    assert verdict.resumed, verdict.told()
    assert not verdict.dropped, verdict.told()
    assert not verdict.rang_twice, verdict.told()
    assert not verdict.webhook_ids, verdict.told()
    assert not verdict.records_double, verdict.told()
    assert not verdict.records_missing, verdict.told()


async def test_a_call_goes_on_while_the_server_is_loaded_anew_and_while_it_is_started_again(
    program, tmp_path, monkeypatch
):
    monkeypatch.setenv("BELPLAN_DRAIN", "0")
    async with (
        crm("openstaand") as customer,
        engine(tmp_path, PLAN.format(crm=customer.url)) as one,
        phones(one.sip_port) as ringing,
    ):
        asterisk, first = one.asterisk, one.pid
        async with placed(tmp_path, one, hold_ms=20000) as calling:
            await until(lambda: ringing.rang("anna")["20000000"], "the phone")
            one.kill(signal.SIGUSR2)
            await until(lambda: one.pid not in (0, first), "the next engine", 60)
            await one.ready()
            one.kill(signal.SIGTERM)
            assert await one.ended() == 0
            assert one.asterisk == asterisk
            await one.start()
            ran = await calling.ended(60)
        assert ran.ok, ran.errors
        await until(lambda: one.records(), "the record", 30)
        assert [record["outcome"] for record in one.records()] == ["connected"]
        assert max(ringing.rang("anna").values()) == 1


async def test_another_engine_takes_over_and_the_first_leaves_everything_as_it_is(program, tmp_path):
    """Two engines with one name: the one that came first stops acting at once."""
    async with (
        crm("openstaand") as customer,
        engine(tmp_path, PLAN.format(crm=customer.url)) as one,
        phones(one.sip_port) as ringing,
    ):
        async with placed(tmp_path, one, hold_ms=2000) as calling:
            await until(lambda: ringing.rang("anna")["20000000"], "the phone")
            await asyncio.to_thread(one.take_app_away)
            assert await asyncio.wait_for(one.ended(), 20) == 0
            await one.start()
            ran = await calling.ended(50)
        assert ran.ok, ran.errors


async def test_a_conversation_that_ended_without_an_engine_leaves_nothing_behind(program, tmp_path):
    async with (
        crm("openstaand") as customer,
        engine(tmp_path, PLAN.format(crm=customer.url)) as one,
        phones(one.sip_port),
        placed(tmp_path, one, hold_ms=1000) as calling,
    ):
        await until_there(one, "bridges", 1)
        one.kill()
        await one.ended()
        assert (await calling.ended(20)).ok  # only the phone is left, in a conversation with nobody
        assert len(await one.there("bridges")) == 1
        await one.start()
        await until_there(one, "bridges", 0)
        await until_there(one, "channels", 0)


async def until_there(one: Engine, what: str, number: int) -> None:
    """Wait until Asterisk has so many of them."""
    async with asyncio.timeout(20):
        while len(await one.there(what)) != number:
            await asyncio.sleep(0.05)


async def test_a_line_to_asterisk_that_breaks_at_any_byte_costs_no_call(program, tmp_path):
    async with wire() as line:
        cut = cutting(line, random.Random(3), (0.3, 0.8), most=4)
        verdict = await campaign(tmp_path, 10, rate=5.0, hold_ms=(3000, 3500), trouble=cut, line=line)
        assert line.cuts == 4
    assert verdict.faultless, verdict.told()


async def test_callers_whom_no_engine_attends_come_to_the_last_resort_and_have_one_record_each(program, tmp_path):
    after, records = await nobody(tmp_path, 10, 10)
    assert after[-1] < 3.0  # one second, on a machine that has nothing else to do
    assert records == 10


@asynccontextmanager
async def placed(folder: Path, one: Engine, hold_ms: int) -> AsyncGenerator[Sipp]:
    """One call, to the webhook's number."""
    rows = folder / "callers.csv"
    rows.write_text(f"SEQUENTIAL\n0620000000;{NUMBERS['webhook']};\n")
    async with sipp(
        caller_steps((hold_ms, hold_ms)), to=one.sip_port, arguments=("-inf", str(rows)), seconds=60
    ) as calling:
        yield calling
