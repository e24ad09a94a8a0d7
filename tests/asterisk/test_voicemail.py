"""A message as its caller leaves it, as it is mailed, and as its owner hears it: the sound itself, by its pitch."""

import asyncio
from contextlib import asynccontextmanager

from belplan.mail.smtp import MailServer
from benchmarks import sweep
from tests.asterisk.phones import phone, until
from tests.asterisk.serving import plan, serving
from tests.unit.mail.receiver import receiving

BOXES = """
voicemail_boxes:
  - {name: Anna, number: "501", users: ["201"], email: [anna@example.nl], language: en, greeting: {say: "Hallo."}}
"""


@asynccontextmanager
async def exchange_with_a_box(program):
    with receiving() as mails:
        text = plan("- voicemail: {box: '501'}") + BOXES
        server = MailServer("127.0.0.1", mails.port)
        async with serving(text, program, mail_server=server, mail_from="belplan@example.nl") as exchange:
            yield exchange, mails


async def test_what_a_caller_says_is_kept_mailed_and_heard(program, tmp_path):
    said = sweep.write(tmp_path / "said.wav")
    async with exchange_with_a_box(program) as (exchange, mails):
        port = exchange.settings.sip_port
        messages = lambda: exchange.boxes.messages(exchange.company.id, "501")  # noqa: E731
        async with phone("bram", "geheim-bram", port, says=said) as bram:
            await bram.dial("1003")
            await bram.event("CALL_ESTABLISHED")
            await until(lambda: list(exchange.driver.recordings.glob("*-1.wav16")), "the recording")
            await asyncio.sleep(3)
            await bram.hang_up()
        await until(messages, "the message")
        (message,) = messages()
        to, mail = mails.wait()
        assert to == ("anna@example.nl",)
        (attached,) = mail.iter_attachments()
        kept, mailed = sweep.heard(message.sound), sweep.heard(attached.get_content())
        assert 2.5 < message.seconds < 4.5
        for one in (kept, mailed):
            assert abs(one.missing) < 0.06
            assert one.last - one.first > message.seconds - 0.3
        async with phone("anna", "geheim-anna", port) as anna:
            await anna.dial("1233")
            await anna.event("CALL_ESTABLISHED")
            await until(lambda: messages()[0].heard, "its end", 20)
            await anna.press("3")
            await anna.event("CALL_CLOSED", 20)
            heard = sweep.heard(anna.heard)
        assert heard.before > 1  # how many there are, and from whom
        assert heard.last - heard.first > message.seconds - 0.4
        await until(lambda: not messages() and not message.sound.exists(), "its deletion")
