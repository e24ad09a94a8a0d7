"""Apps on a real exchange: what a caller hears and presses, and what was recorded, as the other end has it."""

import asyncio
import wave
from pathlib import Path

import pytest

from belplan.demo import tones
from tests.asterisk.phones import free_port, phone, until
from tests.asterisk.serving import crm, plan, serving

HIGH, LOW = {"anna": 880.0}, {"bram": 440.0}
TONES = HIGH | LOW


@pytest.fixture(scope="module")
def says(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What each of them says: a tone."""
    folder = tmp_path_factory.mktemp("says")
    for name, hertz in TONES.items():
        tones.write(folder / name, hertz, 30)
    return {name: folder / f"{name}.wav" for name in TONES}


def tone_file(folder: Path, name: str, hertz: float, seconds: float = 1.0) -> None:
    """A sound file of the company, as a plan names it."""
    folder.mkdir(exist_ok=True)
    tones.write(folder / name, hertz, seconds)


def heard(recording: Path, hertz: float) -> float:
    """How loud a tone is in a recording, of 1 for as loud as it was spoken all the time."""
    return tones.strengths(recording, {"it": hertz})["it"] / tones.LEVEL


async def test_both_voices_are_recorded_and_kept_with_the_call(program, says):
    records = []
    async with serving(plan("- record: {}\n- connect: {to: '202'}"), program) as exchange:
        exchange.on_record = records.append
        port = exchange.settings.sip_port
        async with (
            phone("anna", "geheim-anna", port, says=says["anna"]) as anna,
            phone("bram", "geheim-bram", port, answer="auto", says=says["bram"]) as bram,
        ):
            await anna.dial("1003")
            await bram.event("CALL_ESTABLISHED")
            await asyncio.sleep(0.8)
            await anna.hang_up()
            record = await until(lambda: records and records[0], "the record")
            assert [name.rpartition("-")[2] for name in record.recordings] == ["1"]
            (kept,) = await until(lambda: exchange.recordings.of(record.company, record.uuid), "the recording")
            assert heard(anna.heard, LOW["bram"]) > 0.05
        assert heard(kept, HIGH["anna"]) > 0.2
        assert heard(kept, LOW["bram"]) > 0.2
        with wave.open(str(kept)) as sound:
            assert 0.5 < sound.getnframes() / sound.getframerate() < 3


async def test_keys_lead_through_a_menu_and_digits_reach_the_customers_server(program):
    menu = """
ivr_menus:
  - name: keuze
    start: nl
    contexts:
      nl:
        tries: 2
        timeout: 5
        start: [{announce: {file: menu.wav}}]
        keys: {"1": [{announce: {file: een.wav}}]}
        invalid: [{announce: {file: fout.wav}}]
"""
    async with crm("202") as server:
        text = plan(f"""
        - menu: {{name: keuze}}
        - collect: {{save_as: nummer, prompt: {{file: vraag.wav}}, minimum: 4, maximum: 4}}
        - webhook: {{method: GET, url: "{server.url}?nummer={{nummer}}", save_as: wie}}
        - connect: {{to: "{{wie}}"}}
        """).replace("dial_plans:", menu + "dial_plans:")
        async with serving(text, program) as exchange:
            sounds = exchange._options.data / "sounds"
            for name, hertz in (("menu", 500), ("een", 700), ("fout", 900), ("vraag", 1100)):
                tone_file(sounds, name, hertz)
            steps: list[tuple[str, str]] = []
            exchange._watchers = (lambda event: steps.append((event.what, event.path)),)
            port = exchange.settings.sip_port
            async with (
                phone("anna", "geheim-anna", port) as anna,
                phone("bram", "geheim-bram", port, answer="auto") as bram,
            ):
                await anna.dial("1003")
                await anna.event("CALL_ESTABLISHED")
                await until(lambda: ("heard", "ivr_menus[0].contexts.nl.start[0].announce") in steps, "the menu")
                await asyncio.sleep(0.3)
                await anna.press("7")  # in the middle of the prompt
                await until(lambda: ("heard", "ivr_menus[0].contexts.nl.invalid[0].announce") in steps, "the word")
                await asyncio.sleep(1.2)
                await anna.press("1")
                await until(lambda: ("heard", "dial_plans[0].route[1].collect") in steps, "the question")
                await asyncio.sleep(0.3)
                await anna.press("4711")
                await bram.event("CALL_ESTABLISHED")
                await anna.hang_up()
                await bram.event("CALL_CLOSED")
                for hertz in (500, 700, 900, 1100):
                    assert heard(anna.heard, hertz) > 0.02, hertz
    assert server.asked[0].head.startswith("GET /belplan?nummer=4711 ")


async def test_a_user_is_found_on_the_mobile_and_takes_the_call_with_a_key(program, says):
    route = "[{connect: {to: '203', timeout: 1}}, {connect: {to: '0687654321', confirm: true}}]"
    mobile_port = free_port()
    text = (
        plan("- hangup: {}")
        .replace("host: 127.0.0.2, port: 9", f"host: 127.0.0.1, port: {mobile_port}")
        .replace("{name: Carla Smit,", f"{{name: Carla Smit, route: {route},")
    )
    async with (
        serving(text, program) as exchange,
        phone(
            "31687654321", "x", mobile_port, expect=None, answer="auto", says=says["bram"], listen=mobile_port
        ) as mobile,
        phone("anna", "geheim-anna", exchange.settings.sip_port, says=says["anna"]) as anna,
    ):
        await anna.dial("203")
        await mobile.event("CALL_ESTABLISHED")
        await asyncio.sleep(0.5)
        assert not anna.has("CALL_ESTABLISHED")
        await mobile.press("1")
        await anna.event("CALL_ESTABLISHED")
        await asyncio.sleep(0.5)
        await anna.hang_up()
        await mobile.event("CALL_CLOSED")
        assert heard(anna.heard, LOW["bram"]) > 0.05
        assert heard(mobile.heard, HIGH["anna"]) > 0.02


async def test_an_announcement_is_heard_and_the_display_shows_prefix_and_name(program):
    route = """
    - announce: {file: welkom.wav}
    - prefix: {text: VKP}
    - set: {name: afdeling, value: "Verkoop"}
    - switch: {variable: afdeling, cases: {Verkoop: [{connect: {to: "202"}}]}, otherwise: [{hangup: {cause: 21}}]}
    """
    async with serving(plan(route), program) as exchange:
        tone_file(exchange._options.data / "sounds", "welkom", 600.0)
        port = exchange.settings.sip_port
        async with (
            phone("anna", "geheim-anna", port) as anna,
            phone("bram", "geheim-bram", port) as bram,
        ):
            await anna.dial("1003")
            incoming = await bram.event("CALL_INCOMING")
            assert incoming["peerdisplayname"] == "VKP Anna de Boer"
            await anna.hang_up()
            await bram.event("CALL_CLOSED")
            assert heard(anna.heard, 600.0) > 0.05
