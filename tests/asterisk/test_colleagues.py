"""Colleagues on real telephones: they pick up each other's calls, put callers on hold, and transfer them."""

import asyncio
import re
from pathlib import Path

import pytest

from belplan.demo import tones
from belplan.prompts import music
from tests.asterisk.hearing import first_notes
from tests.asterisk.phones import SDP, Phone, ack, expect, phone, request, scenario, sipp, until
from tests.asterisk.serving import plan, serving

ARGUMENTS = ("-cid_str", "desk-%u", "-aa")
ANNA, CARLA = ["Anna de Boer 201"], ["Carla Smit 203"]
TONES = {"anna": 440.0, "bram": 620.0, "carla": 880.0}


@pytest.fixture(scope="module")
def says(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What each of them says: a tone, for as long as any of these calls lasts."""
    folder = tmp_path_factory.mktemp("says")
    for name, hertz in TONES.items():
        tones.write(folder / name, hertz, 30)
    return {name: folder / f"{name}.wav" for name in TONES}


def desk(name: str, port: int, says: dict[str, Path], answer: str = "auto"):
    return phone(name, f"geheim-{name}", port, says=says[name], answer=answer)


async def talk() -> None:
    """Long enough to be heard."""
    await asyncio.sleep(0.5)


def hears(one: Phone) -> dict[str, bool]:
    """Whose tone is in what a telephone heard."""
    return {name: strength > tones.LEVEL / 50 for name, strength in tones.strengths(one.heard, TONES).items()}


async def test_a_colleague_picks_up_what_rings_for_another(program, says):
    async with (
        serving(plan("- hangup: {}"), program) as exchange,
        desk("anna", exchange.settings.sip_port, says) as anna,
        desk("bram", exchange.settings.sip_port, says, "manual") as bram,
        desk("carla", exchange.settings.sip_port, says) as carla,
    ):
        await anna.dial("202")
        await bram.event("CALL_INCOMING")
        await carla.dial("*8202")
        await carla.event("CALL_ESTABLISHED")
        await anna.event("CALL_ESTABLISHED")
        await bram.event("CALL_CLOSED")
        await until(lambda: (anna.told_of, carla.told_of) == (CARLA, ANNA), "the names of the two who talk")
        await talk()
        await anna.hang_up()
        await carla.event("CALL_CLOSED")
        assert hears(anna)["carla"]
        assert hears(carla)["anna"]


async def test_a_caller_is_transferred_and_hears_the_next(program, says):
    async with (
        serving(plan("- hangup: {}"), program) as exchange,
        desk("anna", exchange.settings.sip_port, says) as anna,
        desk("bram", exchange.settings.sip_port, says) as bram,
        desk("carla", exchange.settings.sip_port, says) as carla,
    ):
        await anna.dial("202")
        await bram.event("CALL_ESTABLISHED")
        await talk()
        await bram.command("transfer", f"sip:203@127.0.0.1:{exchange.settings.sip_port}")
        await bram.event("CALL_CLOSED")
        await carla.event("CALL_ESTABLISHED")
        await until(lambda: anna.told_of == CARLA, "the name of whom she talks with now")
        await talk()
        assert carla.told_of == []  # it rang with the caller's name
        await carla.hang_up()
        await anna.event("CALL_CLOSED")
        assert hears(anna)["carla"]
        assert hears(carla)["anna"]


async def test_whoever_called_may_transfer_too(program, says):
    async with (
        serving(plan("- hangup: {}"), program) as exchange,
        desk("anna", exchange.settings.sip_port, says) as anna,
        desk("bram", exchange.settings.sip_port, says) as bram,
        desk("carla", exchange.settings.sip_port, says) as carla,
    ):
        await anna.dial("202")
        await anna.event("CALL_ESTABLISHED")
        await talk()
        await anna.command("transfer", f"sip:203@127.0.0.1:{exchange.settings.sip_port}")
        await anna.event("CALL_CLOSED")
        await carla.event("CALL_ESTABLISHED")
        await talk()
        await bram.hang_up()
        await carla.event("CALL_CLOSED")
        assert hears(bram)["carla"]
        assert hears(carla)["bram"]


def _a_desk_telephone(port: int) -> str:
    """Bram calls Anna, puts her on hold, tries a number that nobody has, calls Carla, and gives Anna to her."""
    first, second = "[call_id]", "second///[call_id]"
    who, login = "<sip:bram@127.0.0.1>", "[authentication username=bram password=geheim-bram]"
    keep = '<recv response="200" timeout="8000"><action><ereg regexp="tag=([^;]*)" search_in="hdr" header="To:" '
    hold = SDP.replace("a=rtpmap:8", "a=sendonly\n      a=rtpmap:8")
    steps: list[str] = []

    def calls(to: str, call_id: str, tag: str) -> None:
        steps.append(request("INVITE", to, from_=who, call_id=call_id, body=SDP))
        steps.extend([expect(100, optional=True), expect(401, auth=True), ack(to, call_id=call_id, from_=who)])
        steps.append(request("INVITE", to, from_=who, call_id=call_id, cseq=2, headers=(login,), body=SDP))
        steps.extend(expect(code, optional=True) for code in (100, 180, 183))
        steps.append(f'{keep}assign_to="all{tag},{tag}"/></action></recv>')
        steps.append(within(ack(to, call_id=call_id, cseq=2, from_=who), tag))

    def within(step: str, tag: str) -> str:
        return step.replace("[peer_tag_param]", f";tag=[${tag}]")

    def asks(method: str, cseq: int, status: int, *headers: str, body: str = "") -> None:
        step = request(method, "201", from_=who, cseq=cseq, headers=(login, *headers), body=body, to_tag=True)
        steps.append(within(step, "one"))
        steps.extend([expect(100, optional=True), expect(status)])

    calls("201", first, "one")
    steps.append('<pause milliseconds="300"/>')
    asks("INVITE", 3, 200, body=hold)
    steps.append(within(ack("201", cseq=3, from_=who), "one"))
    steps.append('<pause milliseconds="1500"/>')
    asks("REFER", 4, 202, f"Refer-To: <sip:299@127.0.0.1:{port}>")
    steps.append('<pause milliseconds="500"/>')
    calls("203", second, "two")
    replaces = "Replaces=second%2F%2F%2F[call_id]%3Bto-tag%3D[$two]%3Bfrom-tag%3D[pid]t[call_number]"
    asks("REFER", 5, 202, f"Refer-To: <sip:203@127.0.0.1:{port}?{replaces}>")
    bye = "      [last_Via:]\n      [last_From:]\n      [last_To:]\n      [last_Call-ID:]\n      [last_CSeq:]\n"
    # Both lines end at the same time, and SIPp answers only when it is asked to: the second one's BYE.
    steps += ['<recv request="BYE" timeout="8000"></recv>'] * 2
    steps.append(f"<send><![CDATA[\n\n      SIP/2.0 200 OK\n{bye}      Content-Length: 0\n\n]]></send>")
    return scenario(*steps, '<Reference variables="allone,alltwo"/>')


async def test_on_hold_there_is_music_and_then_the_colleague_who_was_asked(program, says):
    async with serving(plan("- hangup: {}"), program) as exchange:
        port = exchange.settings.sip_port
        await until(lambda: exchange._music, "the music")
        async with (
            desk("anna", port, says) as anna,
            desk("carla", port, says) as carla,
            sipp(_a_desk_telephone(port), to=port, arguments=ARGUMENTS) as bram,
        ):
            ended = await bram.ended()
            assert ended.ok, ended.errors
            told = re.findall(r"^SIP/2.0 ([0-9]{3}) [A-Za-z ]*\r?\n(?!Via)", ended.trace, re.MULTILINE)
            assert told == ["100", "503", "100", "200"]  # of the number that nobody has, and of Carla's
            await talk()
            assert (anna.told_of, carla.told_of) == (CARLA, ANNA)
            assert not anna.has("CALL_CLOSED")
            await anna.hang_up()
            await carla.event("CALL_CLOSED")
            assert hears(anna)["carla"]
            assert hears(carla)["anna"]
            # SIPp says nothing, so the first that she heard was the music, from its beginning.
            assert first_notes(anna.heard, 3)[1:] == music.melody()[1:3]
