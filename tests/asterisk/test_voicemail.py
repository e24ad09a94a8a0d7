"""A message as its caller leaves it, as it is mailed, and as its owner hears it: the sound itself, by its pitch."""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncGenerator
from pathlib import Path

from belplan.mail.smtp import MailServer
from belplan.server import Exchange
from benchmarks import sweep
from tests.asterisk.phones import Phone, phone, until
from tests.asterisk.serving import plan, serving
from tests.unit.mail.receiver import receiving

BOXES = """
voicemail_boxes:
  - {name: Anna, number: "501", users: ["201"], email: [anna@example.nl], language: en, greeting: {say: "Hallo."}}
  - {name: Sales, number: "502", users: ["202"], language: en, greeting: {say: "Hallo."}, pin: "4711"}
"""
PLAN = plan("- voicemail: {box: '501'}") + BOXES


class Spoken:
    """What the callers of some phone are told, as it begins: each is waited for once, in its order."""

    def __init__(self, account: str) -> None:
        self._account = account
        self._calls: set[str] = set()
        self._said: list[str] = []

    def __call__(self, event) -> None:
        if event.what == "arrived" and event.facts["caller_number"] == self._account:
            self._calls.add(event.call_id)
        if event.what == "heard" and event.call_id in self._calls:
            self._said.append(event.facts["sound"])

    async def says(self, words: str) -> None:
        await until(lambda: any(words in said for said in self._said), words)
        del self._said[: next(at for at, said in enumerate(self._said) if words in said) + 1]


@contextlib.asynccontextmanager
async def calling(one: Phone, number: str) -> AsyncGenerator[None]:
    """A call, for as long as the block runs or until its other side ends it."""
    seen = len(one.events)
    await one.dial(number)
    await one.event("CALL_ESTABLISHED", after=seen)
    yield
    if not any(event["type"] == "CALL_CLOSED" for event in one.events[seen:]):
        await one.hang_up()
    await one.event("CALL_CLOSED", after=seen)


async def leaves_and_hangs_up(carla: Phone, exchange: Exchange) -> None:
    await carla.dial("1003")
    await carla.event("CALL_ESTABLISHED")
    await until(lambda: list(exchange.driver.recordings.glob("*-1.wav16")), "the recording")
    await asyncio.sleep(3)
    await carla.hang_up()


async def reviews_and_speaks_again(bram: Phone, spoken: Spoken) -> None:
    async with calling(bram, "502"):
        await spoken.says("beep")
        await asyncio.sleep(2.5)
        await bram.press("#")
        await spoken.says("Press 1 to send")
        await bram.press("2")
        await spoken.says("Press 1 to send")  # it was heard to its end
        await bram.press("3")
        await spoken.says("beep")
        await asyncio.sleep(2)
        await bram.press("#")
        await spoken.says("Press 1 to send")
        await bram.press("1")
        await spoken.says("Thank you")


async def listens_and_deletes(anna: Phone, spoken: Spoken) -> None:
    async with calling(anna, "1233"):
        await spoken.says("You have one new message")
        await spoken.says("Press 1 to repeat")  # it was heard to its end
        await until(lambda: anna.lamp == (0, 1), "a lamp that is off again")
        await anna.press("3")
        await spoken.says("deleted")
        await anna.press("2")
    await until(lambda: anna.lamp == (0, 0), "nothing left")


async def listens_with_a_pin(bram: Phone, spoken: Spoken) -> None:
    async with calling(bram, "1233"):
        await spoken.says("PIN")
        await bram.press("1234#")
        await spoken.says("not correct")
        await spoken.says("PIN")
        await bram.press("4711#")
        await spoken.says("You have one new message")
        await spoken.says("Press 1 to repeat")


async def test_messages_are_kept_mailed_and_heard_and_the_lamp_says_so(program, tmp_path):
    # Anna's phone asks to be told of messages (SUBSCRIBE); Bram's is told without having asked.
    said = sweep.write(tmp_path / "said.wav")
    spoken = {"anna": Spoken("anna"), "bram": Spoken("bram")}
    with tempfile.TemporaryDirectory(prefix="belplan-serving-") as name, receiving() as mails:
        options = {"mail_server": MailServer("127.0.0.1", mails.port), "mail_from": "belplan@example.nl"}
        async with serving(PLAN, program, *spoken.values(), folder=Path(name), **options) as exchange:
            port = exchange.settings.sip_port
            messages = lambda box: exchange.boxes.messages(exchange.company.id, box)  # noqa: E731
            async with (
                phone("anna", "geheim-anna", port, lamp=True) as anna,
                phone("bram", "geheim-bram", port, says=said) as bram,
                phone("carla", "geheim-carla", port, says=said) as carla,
            ):
                await until(lambda: anna.lamp == (0, 0) == bram.lamp, "lamps that are off")
                await asyncio.gather(
                    leaves_and_hangs_up(carla, exchange), reviews_and_speaks_again(bram, spoken["bram"])
                )
                await until(lambda: anna.lamp == (1, 0) == bram.lamp, "lamps that are on")
                reviewed = sweep.heard(bram.heard)
            (quick,), (careful,) = messages("501"), messages("502")
            to, mail = mails.wait()
            assert to == ("anna@example.nl",)
            (attached,) = mail.iter_attachments()
            assert 2.5 < quick.seconds < 5
            for one in (sweep.heard(quick.sound), sweep.heard(attached.get_content())):
                assert abs(one.missing) < 0.06
                assert one.last - one.first > quick.seconds - 0.3
            kept = sweep.heard(careful.sound)
            assert 2 < reviewed.last - reviewed.first < 4
            assert kept.first > reviewed.last  # the second take, in the time of whoever spoke
        # Another engine and another Asterisk: the lamps are as they were.
        async with serving(PLAN, program, *spoken.values(), folder=Path(name), **options) as exchange:
            port = exchange.settings.sip_port
            async with (
                phone("anna", "geheim-anna", port, lamp=True) as anna,
                phone("bram", "geheim-bram", port) as bram,
            ):
                await until(lambda: anna.lamp == (1, 0) == bram.lamp, "lamps that are on again")
                await asyncio.gather(
                    listens_and_deletes(anna, spoken["anna"]), listens_with_a_pin(bram, spoken["bram"])
                )
                await until(lambda: bram.lamp == (0, 1), "a lamp that is off again")
                for one, message in ((anna, quick), (bram, careful)):
                    heard = sweep.heard(one.heard)
                    assert heard.before > 1  # how many there are, and from whom
                    assert heard.last - heard.first > message.seconds - 0.4
            await until(lambda: not messages("501") and not quick.sound.exists(), "its deletion")
            assert [message.heard for message in messages("502")] == [True]
