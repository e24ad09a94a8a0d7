"""Many routes on one real exchange: which telephone rings, and when; what callers are told in SIP."""

import asyncio
import contextlib
from datetime import timedelta

from belplan.demo import tones
from belplan.mail.smtp import MailServer
from tests.asterisk.phones import Phone, free_port, invite, phone, run_sipp, until
from tests.asterisk.serving import PLAN, serving
from tests.unit.mail.receiver import receiving

REFUSED, BUSY, UNKNOWN, GONE, BROKEN = 403, 486, 404, 410, 502  # SIP, of causes 21, 17, 1, 22 and 27

TIMES = """
time_conditions:
  - {name: altijd, weekdays: [{days: [mon, tue, wed, thu, fri, sat, sun], from: "00:00", to: "24:00"}]}
  - {name: nooit, dates: [{on: "2000-01-01"}]}
"""
ROUTES = {
    "1011": """[{time: {when: altijd, then: [{hangup: {cause: 17}}], else: [{hangup: {cause: 21}}]}}]""",
    "1012": """[{time: {when: nooit, then: [{hangup: {cause: 17}}], else: [{hangup: {cause: 21}}]}}]""",
    "1013": """[{time: {when: nooit, invert: true, then: [{hangup: {cause: 17}}]}}, {hangup: {cause: 21}}]""",
    "1014": """[{goto: {dial_plan: Plan 1015}}]""",
    "1015": """[{hangup: {cause: 22}}]""",
    "1016": """
      [{set: {name: wie, value: "{caller_number}"}},
       {switch: {variable: wie, cases: {"31612345601": [{hangup: {cause: 1}}]},
         otherwise: [{hangup: {cause: 27}}]}}]""",
    "1017": """[{email: {to: [balie@example.nl]}}, {hangup: {cause: 17}}]""",
    "1018": """[{same_colleague: {within: 30d, on_nobody: [{hangup: {cause: 21}}]}}]""",
    "1019": """[{prefix: {text: VKP}}, {connect: {to: "202"}}]""",
    "1020": """[{connect: {to: "203", caller_id: company, timeout: 1}}, {hangup: {cause: 17}}]""",
    "1021": """[{announce: {file: welkom.wav, answer: false}}, {hangup: {cause: 21}}]""",
    "1022": """[{connect: {to: "0687654321", timeout: 1}},
      {connect: {to: "0687654321", caller_id: company, timeout: 1}}, {hangup: {cause: 17}}]""",
    "1031": """[{connect: {to: "311"}}, {hangup: {cause: 21}}]""",
    "1032": """[{connect: {to: "312"}}, {hangup: {cause: 21}}]""",
    "1033": """[{connect: {to: "313"}}, {hangup: {cause: 21}}]""",
    "1034": """[{connect: {to: "314"}}, {hangup: {cause: 21}}]""",
}
GROUPS = """ring_groups:
  - {name: Alle, number: "311", members: ["201", "202", "203"], strategy: all, timeout: 1}
  - {name: Rij, number: "312", members: ["203", "201", "202"], strategy: in_order, timeout: 1}
  - {name: Beurt, number: "313", members: ["201", "202", "203"], strategy: round_robin, timeout: 1}
  - {name: Rust, number: "314", members: ["201", "203", "202"], strategy: longest_idle, timeout: 1}
"""


def outside(plan: str) -> str:
    """The outside number of a plan."""
    return f"3110238{plan}"


def routes(**changes: str) -> str:
    head = PLAN.partition("ring_groups:")[0]
    plans = (
        f'  - {{name: Plan {number}, internal_number: "{number}", external_numbers: ["{outside(number)}"], '
        f"route: {route.strip()}}}\n"
        for number, route in ROUTES.items()
    )
    book = 'phone_book: [{number: "+31612345603", name: Pieter Janssen}]\n'
    text = head + GROUPS + TIMES + book + "dial_plans:\n" + "".join(plans)
    for old, new in changes.items():
        text = text.replace(old, new)
    return text


def caller(number: int) -> str:
    return f"<sip:06123456{number:02}@127.0.0.2>"


def rang(one: Phone, number: int) -> list[float]:
    """When a telephone rang for a caller outside."""
    of_it = f"sip:316123456{number:02}@"
    return [
        event["at"] for event in one.events if event["type"] == "CALL_INCOMING" and event["peeruri"].startswith(of_it)
    ]


async def test_which_way_a_call_goes_and_what_is_heard_before_the_answer(program):
    mobile_port = free_port()
    with receiving() as mails:
        options = {"mail_server": MailServer("127.0.0.1", mails.port), "mail_from": "belplan@example.nl"}
        text = routes().replace("host: 127.0.0.2, port: 9", f"host: 127.0.0.1, port: {mobile_port}")
        async with contextlib.AsyncExitStack() as stack:
            exchange = await stack.enter_async_context(serving(text, program, **options))
            folder = exchange._options.data / "sounds"
            folder.mkdir(exist_ok=True)
            tones.write(folder / "welkom", 600.0, 1.0)
            port, company = exchange.settings.sip_port, exchange.company
            enter = stack.enter_async_context
            anna = await enter(phone("anna", "geheim-anna", port))
            await enter(phone("bram", "geheim-bram", port, answer="auto"))
            await enter(phone("carla", "geheim-carla", port))
            await enter(phone("31687654321", "x", mobile_port, expect=None, listen=mobile_port))

            async def called(plan: str, number: int, final: int) -> None:
                ran = await run_sipp(invite(outside(plan), final, from_=caller(number)), port)
                assert ran.ok, (plan, ran.final, ran.errors)

            async def closed_for_a_while() -> None:
                """Until a moment, whatever the calendar says."""
                await called("1011", 1, BUSY)
                end = exchange._clock.now() + timedelta(seconds=1.5)
                exchange.state.set_override(company, "altijd", False, end)
                await called("1011", 1, REFUSED)
                await asyncio.sleep((end - exchange._clock.now()).total_seconds())
                await called("1011", 1, BUSY)

            async def is_told_before_the_answer() -> None:
                await anna.dial("1021")
                await anna.event("CALL_PROGRESS")
                await anna.event("CALL_CLOSED")

            async def comes_back() -> None:
                """To whom she spoke: the only telephone that answers."""
                await called("1018", 3, REFUSED)
                await called("1019", 3, 200)
                await called("1018", 3, 200)

            await asyncio.gather(
                closed_for_a_while(),
                is_told_before_the_answer(),
                comes_back(),
                called("1012", 4, REFUSED),
                called("1013", 4, BUSY),
                called("1014", 4, GONE),
                called("1016", 1, UNKNOWN),
                called("1016", 2, BROKEN),
                called("1017", 3, BUSY),
                called("1020", 5, BUSY),
                called("1022", 6, BUSY),
            )
            assert not anna.has("CALL_ESTABLISHED")
            assert tones.strengths(anna.heard, {"it": 600.0})["it"] > tones.LEVEL / 20


async def test_each_ring_group_rings_as_its_strategy_says(program):
    async with contextlib.AsyncExitStack() as stack:
        exchange = await stack.enter_async_context(serving(routes(), program))
        port = exchange.settings.sip_port
        people = [
            await stack.enter_async_context(phone(name, f"geheim-{name}", port, settings={"call_max_calls": "9"}))
            for name in ("anna", "bram", "carla")
        ]

        async def order(plan: str, number: int) -> list[str]:
            """Who rang, one after the other; those that rang within a moment with a plus between them."""
            ran = await run_sipp(invite(outside(plan), REFUSED, from_=caller(number)), port)
            assert ran.ok, ran.errors
            times = sorted((at, one.username) for one in people for at in rang(one, number))
            said = ""
            for before, (at, name) in zip([0.0, *(at for at, _ in times)], times, strict=False):
                said += ("+" if at - before < 0.6 else " ") + name
            return ["+".join(sorted(together.split("+"))) for together in said.split()]

        at_once, in_order = await asyncio.gather(order("1031", 1), order("1032", 2))
        assert at_once == ["anna+bram+carla"]
        assert in_order == ["carla", "anna", "bram"]

        # Anna has had a call of each: the next is another's.
        anna = people[0]
        for plan, number in (("1033", 3), ("1034", 4)):
            calls = asyncio.create_task(run_sipp(invite(outside(plan), 200, from_=caller(number)), port))
            await until(lambda number=number: rang(anna, number), "her telephone")
            await anna.accept()
            assert (await calls).ok
        in_turn, longest_idle = await asyncio.gather(order("1033", 5), order("1034", 6))
        assert in_turn == ["bram", "carla", "anna"]
        assert longest_idle == ["carla", "bram", "anna"]
