"""The exchange's own Asterisk: it starts, is found again, and takes only calls that it may take."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from contextlib import asynccontextmanager

import aiohttp
import pytest

from belplan.dialplan.company import CompanySettings, Phone, Trunk, User
from belplan.dialplan.fields import Prompt
from belplan.drivers.asterisk import configuration, pbx
from belplan.prompts import Prompts, audio
from tests.asterisk import phones
from tests.asterisk.conftest import PASSWORD, sample_company, settings_for

ANNA = ("anna", PASSWORD("anna"))


@asynccontextmanager
async def engine(exchange):
    """Something that takes calls: gives a function that waits for the next StasisStart and refuses that call."""
    login = f"{exchange.settings.ari_user}:{exchange.settings.ari_password}"
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{exchange.ari}/events?app={exchange.settings.app}&api_key={login}") as socket,
    ):

        async def next_call(reason: str = "busy") -> dict:
            async with asyncio.timeout(10):
                async for message in socket:
                    event = json.loads(message.data)
                    if event["type"] == "StasisStart":
                        await http.delete(
                            f"{exchange.ari}/channels/{event['channel']['id']}?reason={reason}&api_key={login}"
                        )
                        return event
            raise AssertionError("the events ended")

        yield next_call


# --- starting and stopping ----------------------------------------------------------------------------


def test_installing_again_fetches_nothing(program):
    steps = []
    assert pbx.install(lambda step, done: steps.append(step), with_phones=True) == program
    assert steps == []


def test_its_log_has_no_complaints(exchange):
    complaints = [line for line in exchange.log().splitlines() if "WARNING" in line or "ERROR" in line]
    assert complaints == []


def test_nobody_else_reads_its_passwords(exchange):
    assert exchange.settings.etc.stat().st_mode & 0o077 == 0
    assert [file.name for file in exchange.settings.etc.iterdir() if file.stat().st_mode & 0o077] == []


async def test_start_stop_status(program, tmp_path):
    settings = settings_for(tmp_path / "data", program)
    one = pbx.Pbx(settings, program)
    files = configuration.render([sample_company()], settings, lambda name: None).files
    assert pbx.running(settings.data) is None
    assert await one.start(files) == set()
    try:
        instance = pbx.running(settings.data)
        assert instance
        assert instance.pid == one.pid
        assert instance.version == program.version

        # Another process of ours, after a crash of the first one: the calls that are there stay there.
        other = pbx.Pbx(settings, program)
        with_dirk = sample_company(
            users=(User(name="Dirk", number="204", phones=(Phone(username="dirk", password="x"),)),)
        )
        changed = await other.start(configuration.render([with_dirk], settings, lambda name: None).files)
        assert changed == {"pjsip_endpoint.conf", "pjsip_auth.conf", "pjsip_aor.conf"}
        assert other.pid == instance.pid
        assert "dirk/dirk" in await other.cli("pjsip show auth dirk")

        gone = asyncio.create_task(other.exited())
        await one.stop()
        await asyncio.wait_for(gone, 2)
        assert pbx.running(settings.data) is None
        await one.stop()
    finally:
        await one.stop()


async def test_one_that_hangs_is_ended(program, tmp_path, monkeypatch):
    monkeypatch.setattr(pbx, "HUNG", 1.0)
    monkeypatch.setattr(pbx, "ASKED_EVERY", 0.1)
    settings = settings_for(tmp_path / "data", program)
    one = pbx.Pbx(settings, program)
    await one.start(configuration.render([sample_company()], settings, lambda name: None).files)
    try:
        exited = asyncio.create_task(one.exited())
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(exited), 1.5)  # it answers, and so it stays
        os.kill(one.pid, signal.SIGSTOP)
        await asyncio.wait_for(exited, 20)
        assert one.pid is None
    finally:
        await one.stop()


async def test_other_ports_restart_it(program, tmp_path):
    settings = settings_for(tmp_path / "data", program)
    one = pbx.Pbx(settings, program)
    await one.start(configuration.render([sample_company()], settings, lambda name: None).files)
    before = one.pid
    moved = settings_for(tmp_path / "data", program, ari_password=settings.ari_password)
    other = pbx.Pbx(moved, program)
    try:
        files = configuration.render([sample_company()], moved, lambda name: None).files
        with pytest.raises(pbx.PbxError, match="restart"):
            await other.configure(files)
        await other.start(files)
        assert other.pid != before
    finally:
        await other.stop()


async def test_a_start_that_fails_says_why(program, exchange, tmp_path):
    taken = settings_for(tmp_path / "data", program, http_port=exchange.settings.http_port)
    one = pbx.Pbx(taken, program)
    with pytest.raises(pbx.PbxError, match="another Asterisk"):
        await one.start(configuration.render([], taken, lambda name: None).files)
    assert one.pid is None


async def test_a_deep_data_folder_is_fine(program, tmp_path):
    deep = tmp_path / "deep"
    deep /= "er-" * ((configuration.DEEPEST - len(str(deep)) - 1) // 3)
    settings = settings_for(deep, program)
    with pytest.raises(ValueError, match="is the most"):  # it would run with the machine's own files
        settings_for(deep / "deepest", program)
    one = pbx.Pbx(settings, program)
    await one.start(configuration.render([], settings, lambda name: None).files)
    try:
        assert "Asterisk" in await one.cli("core show version")
    finally:
        await one.stop()


# --- phones -------------------------------------------------------------------------------------------


async def test_phone_registers(exchange):
    async with phones.phone(*ANNA, exchange.sip_port):
        assert "anna/sip:anna" in await exchange.pbx.cli("pjsip show contacts")


async def test_wrong_password_is_refused(exchange):
    async with phones.phone("anna", "wrong", exchange.sip_port, expect="REGISTER_FAIL") as anna:
        assert not anna.has("REGISTER_OK")


@pytest.mark.parametrize(
    "password", ["p;w", "a b", "--;x", "pw;--c", 'q"q', "b\\;s", "e\\", "$[1]{x}", "#x", "=>y", "ü€"]
)
async def test_passwords_are_read_as_they_are(exchange, password):
    company = sample_company(users=(User(name="X", number="201", phones=(Phone(username="anna", password=password),)),))
    exchange_files = exchange.render(company)
    assert exchange_files.warnings == ()
    try:
        await exchange.pbx.configure(exchange_files.files)
        await reload(exchange)
        shown = await exchange.pbx.cli("pjsip show auth anna")
        assert f" password                 : {password}\n" in shown
    finally:
        await exchange.pbx.configure(exchange.render(exchange.company).files)
        await reload(exchange)


async def reload(exchange):
    login = f"{exchange.settings.ari_user}:{exchange.settings.ari_password}"
    async with aiohttp.ClientSession() as http:
        for module in configuration.RELOADS["pjsip.conf"]:
            async with http.put(f"{exchange.ari}/asterisk/modules/{module}?api_key={login}") as answer:
                assert answer.status == 204, await answer.text()


# --- what the engine gets -----------------------------------------------------------------------------


async def test_call_of_a_phone_reaches_the_engine(exchange):
    async with engine(exchange) as next_call:
        call = phones.invite("+31102380095", 486, login=ANNA, call_id="9f8///[call_id]")
        ran, event = await asyncio.gather(phones.run_sipp(call, exchange.sip_port), next_call())
    assert ran.ok, ran.trace
    assert event["args"] == ["in", "phone:anna", "+31102380095", "shown"]
    # `///` is SIPp's own: it knows the call by what follows.
    assert event["channel"]["protocol_id"].startswith("9f8///")
    assert event["channel"]["caller"] == {"name": "Anna de Boer", "number": "201"}


async def test_phone_without_password_is_refused(exchange):
    ran = await phones.run_sipp(phones.invite("201", 401, from_="<sip:anna@127.0.0.1>"), exchange.sip_port)
    assert ran.ok, ran.trace


@pytest.mark.parametrize("who", ["trunk:provider", "provider", "stranger", "anonymous", "phone", "login", "incoming"])
async def test_a_name_alone_proves_nothing(exchange, who):
    ran = await phones.run_sipp(phones.invite("201", 401, from_=f"<sip:{who}@127.0.0.1>"), exchange.sip_port)
    assert ran.ok, ran.trace


async def from_trunk(exchange, to, **options):
    """A call from the trunk's own address, to an engine that refuses it: what it came to, and what the engine saw."""
    async with engine(exchange) as next_call:
        steps = phones.invite(to, 486, **options)
        ran, event = await asyncio.gather(
            phones.run_sipp(steps, exchange.sip_port, arguments=("-i", "127.0.0.2")), next_call()
        )
    assert ran.ok, ran.trace
    return event


async def test_call_from_a_trunk_reaches_the_engine(exchange):
    event = await from_trunk(exchange, "31102380095", from_='"Piet" <sip:+31612345678@127.0.0.2>')
    assert event["args"] == ["in", "trunk:provider", "31102380095", "shown"]
    assert event["channel"]["caller"] == {"name": "Piet", "number": "+31612345678"}


@pytest.mark.parametrize(
    ("headers", "privacy", "number"),
    [
        (("P-Asserted-Identity: <sip:+31101112233@x>",), "shown", "+31101112233"),
        (("P-Asserted-Identity: <sip:+31101112233@x>", "Privacy: id"), "withheld", "+31101112233"),
        (("P-Asserted-Identity: <sip:+31101112233@x>", "Privacy: none"), "shown", "+31101112233"),
        (("Privacy: user;id",), "withheld", "anonymous"),
        (("Privacy: ID",), "withheld", "anonymous"),
        ((), "shown", "anonymous"),
    ],
)
async def test_withheld_numbers(exchange, headers, privacy, number):
    event = await from_trunk(
        exchange, "31102380095", from_='"Anonymous" <sip:anonymous@anonymous.invalid>', headers=headers
    )
    assert event["args"][3] == privacy
    assert event["channel"]["caller"]["number"] == number


HOSTILE = ["${SHELL(touch {})}", "a,b", "a)b", 'a"b', "${EXTEN}", "a&b", "a|b", "%n%s", "\\,x", "a;b", "a`b`", "a):0:1"]


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_call_id_is_only_a_call_id(exchange, text, tmp_path):
    text = text.replace("{}", str(tmp_path / "made"))
    try:
        event = await from_trunk(exchange, "31102380095", call_id=f"{text}///[call_id]")
    except AssertionError:
        # A Call-ID that RFC 3261 does not allow may be refused as a whole (no answer at all): nobody was called then.
        assert "," in text
        return
    assert event["args"] == ["in", "trunk:provider", "31102380095", "shown"]
    assert event["channel"]["protocol_id"].startswith(text)
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_caller_is_only_a_caller(exchange, text, tmp_path):
    text = text.replace("{}", str(tmp_path / "made"))
    name = text.replace("\\", "\\\\").replace('"', '\\"')
    event = await from_trunk(exchange, "31102380095", from_=f'"{name}" <sip:{escaped(text)}@127.0.0.2>')
    assert event["args"] == ["in", "trunk:provider", "31102380095", "shown"]
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("text", [*HOSTILE, "$[1/0]", "\x01", "\n"])
async def test_hostile_number_is_refused(exchange, text, tmp_path):
    text = text.replace("{}", str(tmp_path / "made"))
    steps = phones.invite(f"1{escaped(text)}", 484)
    async with engine(exchange):
        ran = await phones.run_sipp(steps, exchange.sip_port, arguments=("-i", "127.0.0.2"))
    assert ran.ok, ran.trace
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("number", ["1", "*", "201*1", "#31#0612", "112", "anna", "+31102380095", "a-b_c.d"])
async def test_numbers_arrive_whole(exchange, number):
    event = await from_trunk(exchange, escaped(number))
    assert event["args"][2] == number


@pytest.mark.parametrize("number", ["h", "s", "i", "t", "e", "_x"])
async def test_what_is_no_number_is_not_found(exchange, number):
    ran = await phones.run_sipp(phones.invite(number, 404), exchange.sip_port, arguments=("-i", "127.0.0.2"))
    assert ran.ok, ran.trace


@pytest.mark.parametrize(
    "who", ['"a\udcff\udcc3b" <sip:+31612345678@127.0.0.2>', "<sip:%FF%C3@127.0.0.2>"], ids=["name", "number"]
)
async def test_bytes_that_are_no_text_do_not_lose_the_call(exchange, who):
    event = await from_trunk(exchange, "31102380095", from_=who)
    assert event["args"] == ["in", "trunk:provider", "31102380095", "shown"]


@pytest.mark.parametrize("call_id", ["a\udcff\udcc3b", "é", "a):0:1\udcff", 'a")\\,:0:1\udcff', "\x7f"])
async def test_call_id_that_is_no_text_is_refused(exchange, call_id):
    """JSON is UTF-8: an event with other bytes would never reach the engine, and the caller would wait for ever."""
    steps = phones.invite("31102380095", 603, call_id=f"{call_id}///[call_id]")
    async with engine(exchange):
        ran = await phones.run_sipp(steps, exchange.sip_port, arguments=("-i", "127.0.0.2"))
    assert ran.ok, ran.trace


def escaped(text: str) -> str:
    """As the user of a SIP URI: everything but letters and digits percent-encoded."""
    return "".join(c if c.isascii() and c.isalnum() else "".join(f"%{byte:02X}" for byte in c.encode()) for c in text)


# --- nobody is there ----------------------------------------------------------------------------------


async def test_without_an_engine_an_apology_is_heard(exchange):
    call = phones.invite("31102380095", 503, login=ANNA, timeout_ms=20000)
    ran = await phones.run_sipp(call, exchange.sip_port)
    assert ran.ok, ran.trace
    assert 183 in ran.responses  # sound, and nobody pays for it
    assert 200 not in ran.responses


async def test_without_an_engine_the_last_resort_rings(exchange):
    company = sample_company(settings=CompanySettings(name="Voorbeeld BV", last_resort="301"))
    await exchange.pbx.configure(exchange.render(company).files)
    await exchange.pbx.cli("dialplan reload")
    try:
        async with (
            phones.phone("bram", PASSWORD("bram"), exchange.sip_port) as bram,
            phones.sipp(phones.invite("31102380095", 200, login=ANNA), to=exchange.sip_port) as caller,
        ):
            await bram.event("CALL_INCOMING")
            await bram.accept()
            ran = await caller.ended()
            await bram.event("CALL_CLOSED")
        assert ran.ok, ran.trace
        assert 180 in ran.responses
    finally:
        await exchange.pbx.configure(exchange.render(exchange.company).files)
        await exchange.pbx.cli("dialplan reload")


async def test_a_registered_line_is_called_by_its_contact(exchange):
    """The provider takes our registration and calls that contact, from any address; the number is in the To header."""
    provider = phones.free_port()
    line = Trunk(name="line", host="127.0.0.1", port=provider, username="31101234567", password="x", register=True)
    registrar = phones.scenario(
        '<recv request="REGISTER"></recv>',
        """<send><![CDATA[

      SIP/2.0 200 OK
      [last_Via:]
      [last_From:]
      [last_To:];tag=[pid]r[call_number]
      [last_Call-ID:]
      [last_CSeq:]
      [last_Contact:]
      Expires: 300
      Content-Length: 0

]]></send>""",
    )
    async with phones.sipp(registrar, port=provider, arguments=("-aa",)) as registered:
        await exchange.pbx.configure(exchange.render(sample_company(trunks=(line,))).files)
        await reload(exchange)
        await exchange.pbx.cli("dialplan reload")
        ran = await registered.ended()
        assert ran.ok, ran.trace
    token = ran.trace.split(";line=")[1].split(">")[0]
    try:
        uri = f"sip:31101234567@[remote_ip]:[remote_port];line={token}"
        steps = phones.scenario(
            phones.request("INVITE", "31109999999", uri=uri, from_="<sip:0612345678@x>", body=phones.SDP),
            phones.expect(100, optional=True),
            phones.expect(486),
            phones.ack("31109999999", from_="<sip:0612345678@x>"),
        )
        async with engine(exchange) as next_call:
            called, event = await asyncio.gather(phones.run_sipp(steps, exchange.sip_port), next_call())
        assert called.ok, called.trace
        assert event["args"] == ["in", "trunk:line", "31109999999", "shown"]
    finally:
        await exchange.pbx.configure(exchange.render(exchange.company).files)
        await reload(exchange)
        await exchange.pbx.cli("dialplan reload")


# --- what it says -------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["nl", "en"])
async def test_the_real_voices_speak(program, tmp_path, language):
    prompts = Prompts(tmp_path, speech=pbx.espeak())
    texts = [Prompt(say="Een, twee, drie. One, two, three."), Prompt(say='- -v "x" [[h\'i]] <b> ö €')]
    for prompt in texts:
        path = await prompts.path(prompt, language)
        assert path
        samples = audio.decode(path.with_suffix(".wav"))
        assert audio.level(samples) == pytest.approx(audio.LEVEL, abs=1.5)
    other = await prompts.path(texts[0].model_copy(update={"language": "en" if language == "nl" else "nl"}), language)
    assert other
    first = await prompts.path(texts[0], language)
    assert first
    assert other.with_suffix(".wav").read_bytes() != first.with_suffix(".wav").read_bytes()


# --- a process that dies ------------------------------------------------------------------------------

STARTS_AND_WAITS = """
import asyncio, sys
from pathlib import Path
from belplan.drivers.asterisk import configuration, pbx
program = pbx.find()
settings = configuration.ExchangeSettings(
    data=Path(sys.argv[1]), ari_password=sys.argv[2], sip_port=int(sys.argv[3]), http_port=int(sys.argv[4]),
    rtp_first=int(sys.argv[5]), rtp_last=int(sys.argv[6]), directories=program.directories,
)
async def main():
    await pbx.Pbx(settings, program).start(configuration.render([], settings, lambda name: None).files)
    print("up", flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""


async def test_it_lives_on_when_its_starter_is_killed(program, tmp_path):
    settings = settings_for(tmp_path / "data", program)
    numbers = (settings.sip_port, settings.http_port, settings.rtp_first, settings.rtp_last)
    one = pbx.Pbx(settings, program)
    starter = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", STARTS_AND_WAITS, str(settings.data), settings.ari_password, *map(str, numbers)),
        stdout=subprocess.PIPE,
    )
    try:
        assert starter.stdout
        async with asyncio.timeout(30):
            while (await starter.stdout.readline()).strip() != b"up":
                assert not starter.stdout.at_eof()
        before = one.pid
        starter.kill()
        await starter.wait()
        assert before
        assert one.pid == before
        await one.start(configuration.render([], settings, lambda name: None).files)
        assert one.pid == before
    finally:
        if starter.returncode is None:
            starter.kill()
            await starter.wait()
        await one.stop()
