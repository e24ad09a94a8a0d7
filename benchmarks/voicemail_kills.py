"""Kill the engine, or Asterisk, while callers leave voicemail; then look for what they said.

    python -m benchmarks.voicemail_kills [--moments 500] [--of engine|asterisk|both] [--callers 20] [--seed N]

Each caller sends a sound that tells its own time (benchmarks.sweep), so a message shows by itself what of it is
missing. One kill meets all callers of a round, each at another moment of their call: in the greeting, while they
speak, while their message is kept or mailed. Callers speak from their answer on; those who come to nothing because
no engine was there when they called are no moment of a voicemail, and are counted apart.

Of a killed engine nothing may be missing up to the caller's own hang-up. Of a killed Asterisk at most its last two
seconds, which it has not written yet. Every file must play, and every message be mailed once.
"""

import argparse
import asyncio
import json
import os
import random
import re
import signal
import sys
import tempfile
import time
import wave
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

import aiohttp
import av

from belplan.drivers.asterisk import program
from belplan.engine.voicemail.boxes import SHORTEST, Message
from belplan.store import voicemail_files
from benchmarks import sweep
from tests.asterisk.phones import SDP, ack, expect, free_port, request, scenario, sipp, until
from tests.unit.mail.receiver import Receiver, receiving

Victim = Literal["engine", "asterisk"]

NOTICE = 0.25  # seconds; two packets, and what the machine was busy with
LOST_MOST = 1.1  # seconds that Asterisk has not written yet: 32 KB, and what is under way
GREETING = 2.5  # seconds of greeting and tone at most, in which nothing is recorded
AFTERMATH = 1.0  # seconds after the caller has hung up in which a kill still meets the message

PLAN = """
company: {name: Voorbeeld BV, id: 42f30becd4ea93edd284e059427b5ee0}
trunks: [{name: provider, host: 127.0.0.2, port: 9, inbound_from: [127.0.0.0/8], channels: 200}]
voicemail_boxes: [{name: Algemeen, number: "501", email: [info@example.nl], greeting: {file: kort.wav}}]
dial_plans:
  - {name: Hoofdnummer, internal_number: "1003", external_numbers: ["31102380095"], route: [{voicemail: {box: "501"}}]}
"""


@dataclass
class Result:
    """What came of all rounds."""

    moments: int = 0
    unanswered: int = 0
    """Callers who called while nobody was there."""
    messages: int = 0
    silent: int = 0
    """Callers who were gone before they could have said anything that is kept."""
    faults: list[str] = field(default_factory=list[str])
    lost: list[float] = field(default_factory=list[float])
    """Seconds missing at the end of each message."""
    seconds: float = 0.0

    def __str__(self) -> str:
        worst = f", at most {max(self.lost):.2f} s lost at the end" if self.lost else ""
        return (
            f"{self.moments} moments, {self.messages} messages{worst}, {self.silent} without a word yet, "
            f"{self.unanswered} not answered, {len(self.faults)} faults, {self.seconds:.0f} s"
        )


@dataclass(frozen=True)
class Caller:
    """One caller as the wire saw them. Times are those of the machine's clock."""

    number: str
    answered: float
    hung_up: float | None


class Server:
    """`belplan serve` in a process of its own, started as often as it is killed."""

    def __init__(self, folder: Path, mails: Receiver) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.sip_port, self.http_port = free_port(), free_port()
        self._mails = mails
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        words = ["serve", "plan.yaml", "--sip-port", str(self.sip_port), "--http-port", str(self.http_port)]
        environment = {
            "BELPLAN_SMTP_URL": f"smtp://127.0.0.1:{self._mails.port}",
            "BELPLAN_MAIL_FROM": "belplan@example.nl",
        }
        with (self.folder / "log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", "from belplan.cli import main; main()", *words, "--data", "data",
                cwd=self.folder, stdout=log, stderr=log, env={**os.environ, **environment},
            )  # fmt: skip

    async def ready(self) -> None:
        async with asyncio.timeout(40), aiohttp.ClientSession() as http:
            while True:
                with suppress(aiohttp.ClientError):
                    async with http.get(f"http://127.0.0.1:{self.http_port}/health/ready") as answer:
                        if answer.status == 200:
                            return
                await asyncio.sleep(0.05)

    async def kill(self, victim: Victim) -> None:
        if victim == "asterisk":
            os.kill(json.loads((self.data / "asterisk/instance.json").read_text())["pid"], signal.SIGKILL)
            return
        assert self._process
        self._process.kill()
        await self._process.wait()
        await self.start()

    async def stop(self) -> None:
        if self._process and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()

    @property
    def settled(self) -> bool:
        """Whether everything that was spoken is in its box."""
        return not any((self.data / "voicemail" / "drafts").glob("*.json"))

    def messages(self) -> list[Message]:
        return voicemail_files.read(self.data / "voicemail")[1]


@asynccontextmanager
async def serving(mails: Receiver) -> AsyncGenerator[Server]:
    with tempfile.TemporaryDirectory(prefix="belplan-kills-") as name:
        folder = Path(name)
        (folder / "plan.yaml").write_text(PLAN)
        (folder / "sounds").mkdir()
        sweep.write(folder / "sounds" / "kort.wav", 0.3)
        server = Server(folder, mails)
        await server.start()
        try:
            await server.ready()
            yield server
        finally:
            await server.stop()


def _scenario(said: Path, shortest: float, longest: float) -> str:
    """Callers who speak from their answer on, and hang up after a while that is each their own."""
    who = "<sip:[field0]@127.0.0.2>"
    pause = f'<pause distribution="uniform" min="{shortest * 1000:.0f}" max="{longest * 1000:.0f}"/>'
    return scenario(
        request("INVITE", "31102380095", from_=who, body=SDP),
        *(expect(code, optional=True) for code in (100, 180, 183)),
        expect(200),
        ack("31102380095", from_=who),
        f'<nop><action><exec rtp_stream="{said},1,8,PCMA/8000"/></action></nop>',
        pause,
        request("BYE", "31102380095", from_=who, cseq=2, to_tag=True),
        expect(200),
    )


_MESSAGE = re.compile(r"^-+ (?P<at>[0-9-]+[ T][0-9:.]+).*?\n(?P<text>.*?)(?=^-{20,}|\Z)", re.MULTILINE | re.DOTALL)


def _callers(trace: str) -> list[Caller]:
    """Who called, from SIPp's own log of its messages."""
    found: dict[str, dict[str, float]] = {}
    for one in _MESSAGE.finditer(trace):
        text = one["text"]
        if (sent := re.search(r"^(ACK|BYE) sip:", text, re.MULTILINE)) and "message sent" in text:
            number = re.search(r"From: <sip:([0-9]+)@", text)
            assert number
            found.setdefault(number[1], {}).setdefault(sent[1], _clock(one["at"]))
    return [Caller(number, at["ACK"], at.get("BYE")) for number, at in found.items() if "ACK" in at]


def _clock(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


async def campaign(victim: Victim, moments: int, callers: int, chance: random.Random) -> Result:
    """Kill until so many moments have been met."""
    result, began = Result(), time.monotonic()
    with receiving() as mails:
        async with serving(mails) as server:
            said = sweep.write_alaw(server.folder / "said.al")
            number = 0
            while result.moments < moments:
                number += 1
                await meet(server, victim, result, said, number, callers, chance)
            messages = server.messages()
            with suppress(TimeoutError):
                await until(lambda: len(mails.mails) >= len(messages), "the mails", 20)
        judge_mails(messages, mails, result)
    result.seconds = time.monotonic() - began
    return result


async def meet(
    server: Server,
    victim: Victim,
    result: Result,
    said: Path,
    number: int,
    callers: int,
    chance: random.Random,
    longest: float = 8.0,
) -> None:
    """One round: callers who call within a second or two, and one kill in the midst of their calls."""
    shortest = 1.5 if victim == "engine" else longest / 2
    steps, names = _scenario(said, shortest, longest), server.folder / "numbers.csv"
    names.write_text("SEQUENTIAL\n" + "".join(f"061{number:04}{caller:03};\n" for caller in range(callers)))
    async with sipp(steps, to=server.sip_port, calls=callers, rate=25, arguments=("-inf", str(names))) as talking:
        await asyncio.sleep(chance.uniform(0.3, longest + 0.5))
        killed = time.time()
        await server.kill(victim)
        if victim == "engine":
            await talking.ended(60)
        trace = talking.trace()
    await until(lambda: server.settled, "the last message", 40)
    await server.ready()
    found = {message.draft.caller_number: message for message in server.messages()}
    called = _callers(trace)
    result.unanswered += callers - len(called)
    for caller in called:
        if caller.answered > killed:
            result.unanswered += 1
            continue
        met = killed if victim == "asterisk" else float("inf")
        result.moments += caller.hung_up is None or caller.hung_up + AFTERMATH > killed
        if message := found.get(f"31{caller.number[1:]}"):
            _judge(caller, message, min(caller.hung_up or met, met), victim, killed, result)
        elif _must_be_there(caller, victim, killed):
            result.faults.append(f"{caller.number}: nothing was kept, killed after {killed - caller.answered:.2f} s")
        else:
            result.silent += 1


def _must_be_there(caller: Caller, victim: Victim, killed: float) -> bool:
    speaks_from = caller.answered + GREETING
    until_then = killed - LOST_MOST if victim == "asterisk" else caller.hung_up or killed
    return speaks_from < killed and min(until_then, caller.hung_up or until_then) - speaks_from > SHORTEST + NOTICE


def _judge(caller: Caller, message: Message, ended: float, victim: Victim, killed: float, result: Result) -> None:
    """Say what is wrong with a message of a caller who spoke until `ended`."""

    def say(what: str) -> None:
        result.faults.append(f"{caller.number}, killed after {killed - caller.answered:.2f} s: {what}")

    result.messages += 1
    try:
        with wave.open(str(message.sound), "rb") as file:
            told = file.getnframes() / file.getframerate()
        heard = sweep.heard(message.sound)
    except (OSError, wave.Error, av.error.FFmpegError) as error:
        say(f"does not play: {error}")
        return
    if abs(told - heard.lasts) > 0.001 or abs(told - message.seconds) > 0.001:
        say(f"says {told} s in its header and {message.seconds} s in the box, and has {heard.lasts} s")
    if abs(heard.missing) > NOTICE:
        say(f"{heard.missing:.2f} s are missing in the middle")
    if heard.first > GREETING and killed - caller.answered > GREETING:
        say(f"begins only after {heard.first:.2f} s")
    lost = (ended - caller.answered) - heard.last
    result.lost.append(lost)
    if lost > NOTICE + (LOST_MOST if victim == "asterisk" else 0.0):
        say(f"the last {lost:.2f} s are missing")


def judge_mails(messages: list[Message], mails: Receiver, result: Result) -> None:
    """Say which messages were not mailed, or twice."""
    about = Counter(re.search(r"Beller: +(.+)", mail.get_body().get_content())[1].strip() for _, mail in mails.mails)
    for message in messages:
        if about[message.draft.caller] != 1:
            result.faults.append(f"{message.draft.caller}: mailed {about[message.draft.caller]} times")


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--moments", type=int, default=500)
    words.add_argument("--of", choices=("engine", "asterisk", "both"), default="both")
    words.add_argument("--callers", type=int, default=20)
    words.add_argument("--seed", type=int, default=1)
    chosen = words.parse_args()
    assert program.phone("sipp"), "belplan pbx install --with-phones brings SIPp"
    faults = 0
    for victim in ("engine", "asterisk"):
        if chosen.of in (victim, "both"):
            result = asyncio.run(campaign(victim, chosen.moments, chosen.callers, random.Random(chosen.seed)))
            print(f"{victim:9} {result}", flush=True)
            for fault in result.faults:
                print(f"          {fault}")
            faults += len(result.faults)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
