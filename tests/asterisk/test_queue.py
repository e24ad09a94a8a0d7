"""A queue on a real exchange: order, music that is heard, agents who come and go by phone."""

import asyncio
import contextlib

from belplan.demo import tones
from belplan.engine.queueing.views import look
from belplan.prompts import music
from tests.asterisk.hearing import first_notes, samples_of
from tests.asterisk.phones import SDP as OFFER
from tests.asterisk.phones import Phone, ack, expect, free_port, invite, phone, request, run_sipp, scenario, sipp, until
from tests.asterisk.serving import CALLER, plan, serving

NUMBER = "31102380095"
CALLERS = 20
ROUTE = """
- queue: {number: "401"}
- hangup: {cause: 21}
"""
OK = (
    "<send><![CDATA[\n\n      SIP/2.0 200 OK\n      [last_Via:]\n      [last_From:]\n      [last_To:]\n"
    "      [last_Call-ID:]\n      [last_CSeq:]\n      Content-Length: 0\n\n]]></send>"
)


def with_queue(queue: str) -> str:
    return plan(ROUTE).replace("phone_book:", f"queues: [{queue}]\nphone_book:")


def waiting_caller(number: str) -> str:
    """Somebody outside who waits until the exchange ends the call."""
    who = "<sip:3161234[call_number]@127.0.0.2>"
    steps = [request("INVITE", number, from_=who, body=OFFER)]
    steps += [expect(code, optional=True) for code in (100, 180, 183)]
    return scenario(*steps, expect(200), ack(number, from_=who), '<recv request="BYE" timeout="40000"></recv>', OK)


async def works(agent: Phone, talks: float) -> None:
    """Answer every call, and hang up after so many seconds."""
    seen = 0
    while True:
        await agent.event("CALL_INCOMING", seconds=60, after=seen)
        seen = len(agent.events)
        with contextlib.suppress(AssertionError, TimeoutError):  # it stopped ringing in this very moment
            await agent.accept()
            await agent.event("CALL_ESTABLISHED", 2.0, after=seen - 1)
            await asyncio.sleep(talks)
            await agent.hang_up()


def begun_and_over(agent: Phone) -> list[str]:
    """When a call began to ring and when it was over, in turn."""
    return [event["type"] for event in agent.events if event["type"] in ("CALL_INCOMING", "CALL_CLOSED")]


async def test_twenty_callers_are_answered_in_their_order_and_nobody_is_rung_twice_at_once(program):
    told = []
    queue = """{name: Support, number: "401", agents: [{user: "201"}, {user: "202"}],
      strategy: round_robin, max_waiting: 30, wrap_up: 0, retry_after: 1}"""
    async with contextlib.AsyncExitStack() as stack:
        exchange = await stack.enter_async_context(serving(with_queue(queue), program, told.append))
        port = exchange.settings.sip_port
        people = {"201": "anna", "202": "bram", "203": "carla"}
        agents = {
            number: await stack.enter_async_context(phone(name, f"geheim-{name}", port))
            for number, name in people.items()
        }
        patient = agents.pop("203")
        callers = await stack.enter_async_context(
            sipp(waiting_caller(NUMBER), to=port, calls=CALLERS, rate=40, seconds=60)
        )
        changes = lambda what: [one for one in told if one.what == "queue" and one.facts["change"] == what]  # noqa: E731
        await until(lambda: len(changes("joined")) == CALLERS, "all callers in the queue", 20)
        # The last one is somebody whose ears we have.
        await patient.dial("401")
        await until(lambda: len(changes("joined")) == CALLERS + 1, "the last caller in the queue")
        (state,) = look(exchange.queues, exchange.company, exchange._clock)
        assert len(state.waiting) == CALLERS + 1
        assert [one.since for one in state.waiting] == sorted(one.since for one in state.waiting)
        work = [asyncio.create_task(works(agent, 0.1)) for agent in agents.values()]
        ran = await callers.ended(60)
        assert ran.ok, ran.errors
        await patient.event("CALL_CLOSED", 20)
        for task in work:
            task.cancel()

        arrived = [one.call_id for one in changes("joined")]
        numbers = {one.call_id: one.facts["caller_number"] for one in told if one.what == "arrived"}
        rang = sorted(
            (event["at"], event["peeruri"].removeprefix("sip:").partition("@")[0])
            for agent in agents.values()
            for event in agent.events
            if event["type"] == "CALL_INCOMING"
        )
        # As the telephones have it: who came first rang first. Two that are free at once may ring in either order.
        places = {numbers[call]: place for place, call in enumerate(arrived)} | {"203": CALLERS}
        first_rang = [places[number] for number in dict.fromkeys(number for _, number in rang)]
        assert sorted(first_rang) == list(range(CALLERS + 1))
        assert all(abs(place - at) < len(agents) for at, place in enumerate(first_rang)), first_rang
        first_offered = list(dict.fromkeys(one.call_id for one in changes("offered")))
        assert first_offered == arrived
        assert sorted(one.call_id for one in changes("answered")) == sorted(arrived)
        assert {one.facts["exit"] for one in changes("left")} == {"answered"}
        for agent in agents.values():
            await until(lambda agent=agent: begun_and_over(agent)[-1:] != ["CALL_INCOMING"], "the end of the last call")
            calls = begun_and_over(agent)
            assert calls == ["CALL_INCOMING", "CALL_CLOSED"] * (len(calls) // 2)
        assert first_notes(patient.heard, 3)[1:] == music.melody()[1:3]  # the first is the bass


async def test_music_of_the_company_until_an_agent_answers_who_can_log_out_by_phone(program, tmp_path):
    queue = """{name: Support, number: "401", agents: [{user: "201"}], music: wacht.wav}"""
    tones.write(tmp_path / "anna", 1000)  # she says it for as long as it lasts
    async with serving(with_queue(queue), program) as exchange:
        port, company = exchange.settings.sip_port, exchange.company
        sounds = exchange._options.plan.parent / "sounds"
        sounds.mkdir()
        tones.write(sounds / "wacht", 600)  # less than a second: it has to come round
        async with (
            phone("anna", "geheim-anna", port, says=tmp_path / "anna.wav") as anna,
            phone("carla", "geheim-carla", port) as carla,
        ):
            await anna.dial("*100")
            await anna.event("CALL_ESTABLISHED")  # it is said aloud
            await anna.event("CALL_CLOSED")
            assert exchange.queues.standing(company, "401", "201") == "out"
            nobody = await run_sipp(invite(NUMBER, 403, from_=CALLER), port)
            assert nobody.ok, nobody.errors
            seen = len(anna.events)
            await anna.dial("*100")
            await anna.event("CALL_CLOSED", after=seen)

            seen = len(anna.events)
            await carla.dial("401")
            await anna.event("CALL_INCOMING", after=seen)
            (state,) = look(exchange.queues, company, exchange._clock)
            assert [agent.doing for agent in state.agents] == ["ringing"]
            await asyncio.sleep(2.0)  # carla listens
            await anna.accept()
            await anna.event("CALL_ESTABLISHED", after=seen)
            await until(lambda: look(exchange.queues, company, exchange._clock)[0].agents[0].doing == "talking", "talk")
            await asyncio.sleep(0.5)
            await carla.hang_up()
            await anna.event("CALL_CLOSED", after=seen)
            (state,) = look(exchange.queues, company, exchange._clock)
            assert state.waiting == ()
            assert [agent.doing for agent in state.agents] == ["wrap_up"]
            # Closed only now: its file is whole.
            heard = samples_of(carla.heard)
    size = tones.RATE // 4
    pieces = [heard[at : at + size] for at in range(0, len(heard) - size, size)]
    waiting = [tones._goertzel(piece, 600) > 1000 for piece in pieces]
    voice = [tones._goertzel(piece, 1000) > 1000 for piece in pieces]
    assert sum(waiting) >= 6, (waiting, voice)  # twice as long as the file
    assert any(voice)
    assert waiting.index(True) < voice.index(True)
    assert not any(waiting[voice.index(True) + 1 :]), "music while they talk"


async def test_somebody_outside_takes_the_call_with_a_key(program):
    queue = """{name: Support, number: "401", agents: [{number: "06 87654321"}]}"""
    async with contextlib.AsyncExitStack() as stack:
        # A telephone stands for the network outside, where it has this number; the exchange knows no such phone.
        outside = free_port()
        text = with_queue(queue).replace("host: 127.0.0.2, port: 9", f"host: 127.0.0.1, port: {outside}")
        exchange = await stack.enter_async_context(serving(text, program))
        port = exchange.settings.sip_port
        listens = {"sip_listen": f"127.0.0.1:{outside}"}
        mobile = await stack.enter_async_context(
            phone("31687654321", "x", port, settings=listens, expect="REGISTER_FAIL")
        )
        carla = await stack.enter_async_context(phone("carla", "geheim-carla", port))
        await carla.dial("401")
        await mobile.event("CALL_INCOMING")
        await mobile.accept()
        await mobile.event("CALL_ESTABLISHED")
        assert look(exchange.queues, exchange.company, exchange._clock)[0].waiting, "not before the key"
        await mobile.press("1")
        await until(lambda: not look(exchange.queues, exchange.company, exchange._clock)[0].waiting, "the key", 15)
        await asyncio.sleep(0.5)
        await mobile.hang_up()
        await carla.event("CALL_CLOSED")
        assert exchange.state.standing(exchange.company, "401", "31687654321") == "in"
