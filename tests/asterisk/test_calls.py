"""Real calls through the whole exchange: SIPp and baresip as caller and phones, a server written from the manual."""

import asyncio
import os
import re
import signal
import time

import pytest

from belplan.dialplan.fields import CALL_DATA
from benchmarks.first_call import measure, percentile
from tests.asterisk.phones import invite, phone, run_sipp, sipp, until
from tests.asterisk.serving import CALLER, crm, plan, serving

NUMBER = "31102380095"


async def test_a_debtor_reaches_finance(program):
    async with crm("openstaand") as server:
        route = f"""
        - webhook: {{method: POST, url: "{server.url}", save_as: klant}}
        - condition: {{variable: klant, equals: openstaand, then: [{{connect: {{to: "301"}}}}]}}
        - connect: {{to: "203"}}
        """
        async with (
            serving(plan(route), program) as exchange,
            phone("bram", "geheim-bram", exchange.settings.sip_port, answer="auto") as bram,
            phone("carla", "geheim-carla", exchange.settings.sip_port, answer="auto") as carla,
        ):
            ran = await run_sipp(invite(NUMBER, 200, from_=CALLER, hold_ms=300), exchange.settings.sip_port)
            await bram.event("CALL_ESTABLISHED")
            assert ran.ok, ran.errors
            assert 180 in ran.responses
            assert not carla.has("CALL_INCOMING")


async def test_a_server_written_for_the_manual_gets_exactly_its_twelve_fields(program):
    async with crm() as server:
        route = f"""
        - webhook: {{method: POST, url: "{server.url}"}}
        - webhook: {{method: GET, url: "{server.url}?nummer={{caller_number}}"}}
        - hangup: {{cause: 17}}
        """
        async with serving(plan(route), program) as exchange:
            ran = await run_sipp(
                invite(NUMBER, 486, from_=CALLER),
                exchange.settings.sip_port,
                arguments=("-cid_str", "lsjuf8l09juq1i0a9vai"),
            )
    assert ran.ok, ran.errors
    post, get = server.asked
    assert post.head.startswith("POST /belplan HTTP/1.1\r\n")
    assert "content-type: application/json" in post.head.lower()
    assert tuple(name for name, _ in post.fields) == CALL_DATA
    assert all(isinstance(value, str) for _, value in post.fields)
    fields = dict(post.fields)
    assert fields["com_id"] == "42f30becd4ea93edd284e059427b5ee0"
    assert fields["dp_id"] == "42f30becd4ea93edd284e059427cf1f7"
    assert fields["dp_in_number"] == "1003"
    assert fields["dp_ex_number"] == fields["callee_number"] == "31102380095"
    assert fields["caller_number"] == "31612345678"
    assert fields["phonebook_caller_name"] == "Pieter Janssen"
    assert fields["sip_call_id"] == "lsjuf8l09juq1i0a9vai"
    assert re.fullmatch(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}", fields["uuid"])
    assert re.fullmatch(r"[0-9a-f]{12}-[0-9a-f]{12}", fields["rta_call_id"])
    assert abs(int(fields["event_time"]) - time.time() * 1000) < 60_000
    assert int(fields["call_start_time"]) <= int(fields["event_time"])
    assert get.head.startswith("GET /belplan?nummer=31612345678 HTTP/1.1\r\n")
    assert get.body == b""
    assert "content-length" not in get.head.lower()
    assert "content-type" not in get.head.lower()


async def test_a_silent_server_holds_the_call_for_its_timeout_and_no_longer(program):
    seen = []
    async with crm(delay=None) as server:
        route = f"""
        - webhook: {{method: POST, url: "{server.url}", timeout: 1}}
        - hangup: {{cause: 17}}
        """
        async with serving(plan(route), program, seen.append) as exchange:
            ran = await run_sipp(invite(NUMBER, 486, from_=CALLER), exchange.settings.sip_port)
    assert ran.ok, ran.errors
    assert ran.responses[:2] == [100, 180]  # ringing while it waits
    assert 200 not in ran.responses
    began = next(event.at for event in seen if event.what == "step" and event.facts["app"] == "webhook")
    after = next(event.at for event in seen if event.what == "step" and event.facts["app"] == "hangup")
    assert 1.0 <= after - began <= 1.1


async def test_a_caller_who_hangs_up_meanwhile_cancels_the_request_and_nothing_rings(program):
    async with crm(delay=None) as server:
        route = f"""
        - webhook: {{method: POST, url: "{server.url}", timeout: 10}}
        - connect: {{to: "203"}}
        """
        async with (
            serving(plan(route), program) as exchange,
            phone("carla", "geheim-carla", exchange.settings.sip_port) as carla,
            phone("anna", "geheim-anna", exchange.settings.sip_port) as anna,
        ):
            await anna.dial("1003")
            await until(lambda: server.asked, "the request")
            await anna.hang_up()
            hung_up = time.monotonic()
            await until(lambda: server.asked[0].gone, "the end of the request")
            assert server.asked[0].gone - hung_up < 0.1
            assert dict(server.asked[0].fields)["caller_number"] == "anna"
            assert not carla.has("CALL_INCOMING")


async def test_the_first_of_two_phones_that_answers_ends_the_ringing_of_the_other(program):
    async with (
        serving(plan('- connect: {to: "301"}'), program) as exchange,
        phone("anna", "geheim-anna", exchange.settings.sip_port) as anna,
        phone("bram", "geheim-bram", exchange.settings.sip_port) as bram,
        sipp(invite(NUMBER, 200, from_=CALLER, hold_ms=200), to=exchange.settings.sip_port) as caller,
    ):
        await anna.event("CALL_INCOMING")
        await bram.event("CALL_INCOMING")
        await bram.accept()
        assert (await caller.ended()).ok
        await anna.event("CALL_CLOSED")
        assert not anna.has("CALL_ESTABLISHED")


async def test_a_busy_phone_leads_to_the_route_of_busy(program):
    route = """
    - connect: {to: "201", on_busy: [{connect: {to: "202"}}]}
    """
    async with (
        serving(plan(route), program) as exchange,
        phone("anna", "geheim-anna", exchange.settings.sip_port) as anna,
        phone("bram", "geheim-bram", exchange.settings.sip_port, answer="auto") as bram,
        sipp(invite(NUMBER, 200, from_=CALLER, hold_ms=200), to=exchange.settings.sip_port) as caller,
    ):
        await anna.event("CALL_INCOMING")
        await anna.hang_up()
        assert (await caller.ended()).ok
        assert bram.has("CALL_ESTABLISHED")


async def test_a_phone_that_is_not_registered_costs_no_time(program):
    async with (
        serving(plan('- connect: {to: "201"}\n- connect: {to: "202"}'), program) as exchange,
        phone("bram", "geheim-bram", exchange.settings.sip_port, answer="auto") as bram,
    ):
        ran = await run_sipp(invite(NUMBER, 200, from_=CALLER, hold_ms=100), exchange.settings.sip_port)
        assert ran.ok, ran.errors
        assert bram.has("CALL_ESTABLISHED")


async def test_a_number_that_nobody_has_is_refused(program):
    async with serving(plan("- hangup: {}"), program) as exchange:
        ran = await run_sipp(invite("31109999999", 404, from_=CALLER), exchange.settings.sip_port)
        assert ran.ok, ran.errors


async def test_at_the_end_of_a_route_an_unanswered_call_is_refused(program):
    async with serving(plan("- condition: {anonymous: true, then: [{hangup: {}}]}"), program) as exchange:
        ran = await run_sipp(invite(NUMBER, 480, from_=CALLER), exchange.settings.sip_port)
        assert ran.ok, ran.errors


async def test_a_changed_plan_is_used_by_the_next_call_and_a_broken_one_by_none(program):
    async with serving(plan("- hangup: {cause: 17}"), program) as exchange:
        port, file = exchange.settings.sip_port, exchange._options.plan
        assert (await run_sipp(invite(NUMBER, 486, from_=CALLER), port)).ok
        file.write_text(plan("- hangup: {cause: 21}"))
        was = exchange.company
        await until(lambda: exchange.company is not was, "the new plan")
        assert (await run_sipp(invite(NUMBER, 403, from_=CALLER), port)).ok
        file.write_text(plan("- hangupp: {}"))
        await asyncio.sleep(2 * 0.5)  # two looks at the file
        assert (await run_sipp(invite(NUMBER, 403, from_=CALLER), port)).ok


async def test_a_changed_plan_brings_a_new_phone(program):
    async with serving(
        plan('- connect: {to: "204"}').replace('- connect: {to: "204"}', "- hangup: {}"), program
    ) as exchange:
        port, file = exchange.settings.sip_port, exchange._options.plan
        dirk = '  - {name: Dirk, number: "204", phones: [{username: dirk, password: geheim-dirk}]}\n'
        was = exchange.company
        file.write_text(plan('- connect: {to: "204"}').replace("users:\n", "users:\n" + dirk))
        await until(lambda: exchange.company is not was, "the new plan")
        async with phone("dirk", "geheim-dirk", port, answer="auto") as phone_of_dirk:
            assert (await run_sipp(invite(NUMBER, 200, from_=CALLER, hold_ms=100), port)).ok
            assert phone_of_dirk.has("CALL_ESTABLISHED")


async def test_when_asterisk_is_killed_calls_are_taken_again_by_themselves(program):
    async with serving(plan("- hangup: {cause: 17}"), program) as exchange:
        port = exchange.settings.sip_port
        killed = exchange.pbx.pid
        assert killed
        os.kill(killed, signal.SIGKILL)
        await until(lambda: not exchange.ready, "notice of the end")
        await until(lambda: exchange.ready and exchange.pbx.pid != killed, "the new Asterisk", 20)
        assert (await run_sipp(invite(NUMBER, 486, from_=CALLER), port)).ok


@pytest.mark.alone
async def test_sixty_calls_at_twenty_a_second_all_ring_the_right_phone_in_time(program):
    over = await measure(60, 20, 50)
    assert len(over) == 60
    assert percentile(over, 0.95) <= 50  # ms over the webhook's own time
