"""Real SIP endpoints for tests: SIPp for exact messages, baresip for telephones that people have.

Everything is on loopback, at ports that are free when asked, and ends with its `async with` block.
"""

import asyncio
import contextlib
import json
import re
import socket
import subprocess
import tempfile
import time
import wave
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from belplan.drivers.asterisk import program

LOOPBACK = "127.0.0.1"


def free_port(below: int = 32768) -> int:
    """A port that is free for UDP and TCP alike, with the one after it: SIP's own kind of neighbour.

    Below the range from which the system gives out ports by itself, so that nobody gets it meanwhile.
    """
    import random

    for _ in range(200):
        port = random.randrange(10000, below - 1)
        with contextlib.ExitStack() as held:
            try:
                for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                    for number in (port, port + 1):
                        one = held.enter_context(socket.socket(socket.AF_INET, kind))
                        one.bind((LOOPBACK, number))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port")


async def until(condition, what: str, seconds: float = 10.0):
    """Wait until `condition()` gives something true, and give that. TimeoutError says what did not come."""
    try:
        async with asyncio.timeout(seconds):
            while not (result := condition()):
                await asyncio.sleep(0.01)
            return result
    except TimeoutError:
        raise TimeoutError(f"{what} did not happen within {seconds:.0f} s") from None


# --- SIPp ---------------------------------------------------------------------------------------------

RESPONSES = re.compile(r"^SIP/2\.0 ([0-9]{3})", re.MULTILINE)


@dataclass(frozen=True)
class Ran:
    """What a SIPp scenario came to."""

    status: int  # 0: as the scenario says
    trace: str  # every message, as sent and received
    errors: str

    @property
    def ok(self) -> bool:
        return self.status == 0

    @property
    def responses(self) -> list[int]:
        """The status codes of all responses in the trace, in order."""
        return [int(code) for code in RESPONSES.findall(self.trace)]

    @property
    def final(self) -> int:
        """The last final response. 0 where there was none."""
        return next((code for code in reversed(self.responses) if code >= 200), 0)


SDP = """
      v=0
      o=- 1 1 IN IP4 127.0.0.1
      s=-
      c=IN IP4 127.0.0.1
      t=0 0
      m=audio [media_port] RTP/AVP 8 0 101
      a=rtpmap:8 PCMA/8000
      a=rtpmap:0 PCMU/8000
      a=rtpmap:101 telephone-event/8000
"""


def scenario(*steps: str) -> str:
    """A whole SIPp scenario of these steps."""
    return '<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="belplan">\n' + "\n".join(steps) + "\n</scenario>\n"


def request(
    method: str,
    to: str,
    *,
    from_: str = "<sip:caller@127.0.0.1>",
    call_id: str = "[call_id]",
    cseq: int = 1,
    headers: tuple[str, ...] = (),
    body: str = "",
    to_tag: bool = False,
    uri: str | None = None,
    retrans: bool = True,
) -> str:
    """A step that sends a request. `to` is the user of the URI; `headers` may hold keywords of SIPp's."""
    more = "".join(f"      {header}\n" for header in headers)
    kind = "      Content-Type: application/sdp\n" if body else ""
    text = (
        f"      {method} {uri or f'sip:{to}@[remote_ip]:[remote_port]'} SIP/2.0\n"
        "      Via: SIP/2.0/[transport] [local_ip]:[local_port];rport;branch=[branch]\n"
        f"      From: {from_};tag=[pid]t[call_number]\n"
        f"      To: <sip:{to}@[remote_ip]:[remote_port]>{'[peer_tag_param]' if to_tag else ''}\n"
        f"      Call-ID: {call_id}\n"
        f"      CSeq: {cseq} {method}\n"
        "      Contact: <sip:caller@[local_ip]:[local_port]>\n"
        "      Max-Forwards: 70\n"
        f"{more}{kind}"
        "      Content-Length: [len]\n"
        f"{body}"
    )
    again = ' retrans="500"' if retrans else ""
    return f"<send{again}><![CDATA[\n\n{text}\n]]></send>"


def expect(response: int, *, optional: bool = False, auth: bool = False, timeout_ms: int = 8000) -> str:
    """A step that waits for a response."""
    more = (' optional="true"' if optional else f' timeout="{timeout_ms}"') + (' auth="true"' if auth else "")
    return f'<recv response="{response}" rrs="true"{more}></recv>'


def ack(to: str, *, call_id: str = "[call_id]", cseq: int = 1, from_: str = "<sip:caller@127.0.0.1>") -> str:
    return request("ACK", to, call_id=call_id, cseq=cseq, to_tag=True, retrans=False, from_=from_)


def invite(
    to: str,
    final: int,
    *,
    login: tuple[str, str] | None = None,
    call_id: str = "[call_id]",
    from_: str | None = None,
    headers: tuple[str, ...] = (),
    timeout_ms: int = 8000,
    hold_ms: int = 0,
) -> str:
    """A caller: INVITE, with digest where a `login` is given, until this final response; hangs up an answered call."""
    who = from_ or f"<sip:{login[0] if login else 'caller'}@127.0.0.1>"
    steps = [request("INVITE", to, from_=who, call_id=call_id, headers=headers, body=SDP)]
    cseq = 1
    if login:
        cseq = 2
        challenge = f"[authentication username={login[0]} password={login[1]}]"
        steps += [
            expect(100, optional=True),
            expect(401, auth=True),
            ack(to, call_id=call_id, from_=who),
            request("INVITE", to, from_=who, call_id=call_id, cseq=2, headers=(challenge, *headers), body=SDP),
        ]
    steps += [expect(code, optional=True) for code in (100, 180, 183)]
    steps += [expect(final, timeout_ms=timeout_ms), ack(to, call_id=call_id, cseq=cseq, from_=who)]
    if final == 200:
        steps.append(f'<pause milliseconds="{hold_ms}"/>')
        steps += [request("BYE", to, from_=who, call_id=call_id, cseq=cseq + 1, to_tag=True), expect(200)]
    return scenario(*steps)


def register(username: str, password: str, final: int) -> str:
    """A phone that registers, with digest, and gets this answer."""
    who = f"<sip:{username}@127.0.0.1>"
    challenge = f"[authentication username={username} password={password}]"
    uri = "sip:[remote_ip]:[remote_port]"
    return scenario(
        request("REGISTER", username, from_=who, uri=uri, headers=("Expires: 60",)),
        expect(401, auth=True),
        request("REGISTER", username, from_=who, uri=uri, cseq=2, headers=("Expires: 60", challenge)),
        expect(final),
    )


# A phone that registered elsewhere: rings, and then does as told.
def answering(final: int = 200, *, ring_ms: int = 50) -> str:
    """A called party (SIPp as server): 180, then this final response; an answered call waits for the BYE."""
    reply = (
        "<send{retrans}><![CDATA[\n\n"
        "      SIP/2.0 {status}\n      [last_Via:]\n      [last_From:]\n      [last_To:];tag=[pid]s[call_number]\n"
        "      [last_Call-ID:]\n      [last_CSeq:]\n      Contact: <sip:[local_ip]:[local_port]>\n"
        "{kind}      Content-Length: [len]\n{body}\n]]></send>"
    )
    sdp = "      Content-Type: application/sdp\n"
    steps = ['<recv request="INVITE"></recv>', reply.format(status="180 Ringing", kind="", body="", retrans="")]
    steps.append(f'<pause milliseconds="{ring_ms}"/>')
    answered = final == 200
    steps.append(
        reply.format(
            status=f"{final} Final",
            kind=sdp if answered else "",
            body=SDP if answered else "",
            retrans=' retrans="500"',
        )
    )
    steps.append('<recv request="ACK"></recv>')
    if answered:
        steps += ['<recv request="BYE"></recv>', reply.format(status="200 OK", kind="", body="", retrans="")]
    return scenario(*steps)


@dataclass
class Sipp:
    """A SIPp that runs."""

    port: int
    process: asyncio.subprocess.Process
    folder: Path

    async def ended(self, seconds: float = 20.0) -> Ran:
        """Wait for its end."""
        async with asyncio.timeout(seconds):
            status = await self.process.wait()
        return Ran(status, self._read("messages.log"), self._read("errors.log"))

    def trace(self) -> str:
        """Every message until now."""
        return self._read("messages.log")

    def _read(self, name: str) -> str:
        path = self.folder / name
        return path.read_text(errors="replace") if path.exists() else ""


@asynccontextmanager
async def sipp(
    steps: str,
    *,
    to: int | None = None,
    calls: int = 1,
    rate: float = 10,
    port: int | None = None,
    arguments: tuple[str, ...] = (),
    seconds: float = 30.0,
    trace: bool = True,
) -> AsyncGenerator[Sipp]:
    """SIPp with such a scenario, as client of the port `to`, else as server, which listens when the block begins.

    Without `trace` it does not write down what it sends and receives.
    """
    command = program.phone("sipp")
    assert command, "belplan pbx install --with-phones brings SIPp"
    port = port or free_port()
    with tempfile.TemporaryDirectory(prefix="belplan-sipp-") as name:
        folder = Path(name)
        (folder / "scenario.xml").write_bytes(steps.encode(errors="surrogateescape"))
        whole = [*command, "-sf", str(folder / "scenario.xml"), "-i", LOOPBACK, "-p", str(port), "-m", str(calls)]
        whole += ["-r", str(rate), "-mp", str(free_port()), "-timeout", f"{seconds:.0f}s", "-timeout_error", "-nostdin"]
        if trace:
            whole += ["-trace_msg", "-message_file", str(folder / "messages.log"), "-trace_err", "-error_file"]
            whole += [str(folder / "errors.log")]
        whole += [*arguments, *([f"{LOOPBACK}:{to}"] if to else [])]
        process = await asyncio.create_subprocess_exec(
            *whole,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            if to is None:
                await until(lambda: _listens(port), "SIPp's start")
            yield Sipp(port, process, folder)
        finally:
            await _end(process)


async def run_sipp(steps: str, to: int, **options) -> Ran:
    """A SIPp client from beginning to end."""
    async with sipp(steps, to=to, **options) as running:
        return await running.ended(options.get("seconds", 30.0))


def _listens(port: int) -> bool:
    return f"0100007F:{port:04X} " in Path("/proc/net/udp").read_text()


async def _end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        if process.returncode is None:
            process.terminate()
    try:
        async with asyncio.timeout(3):
            await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


# --- baresip ------------------------------------------------------------------------------------------


@dataclass
class Phone:
    """A telephone. What happens to it is in `events`, oldest first, as baresip's ctrl_tcp says it."""

    username: str
    sip_port: int
    process: asyncio.subprocess.Process
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    folder: Path
    events: list[dict] = field(default_factory=list)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _answers: dict[str, asyncio.Future] = field(default_factory=dict)
    _tokens: int = 0

    async def command(self, name: str, params: str = "") -> str:
        """Have it do something; what it says to that."""
        self._tokens += 1
        token = str(self._tokens)
        future = self._answers[token] = asyncio.get_running_loop().create_future()
        text = json.dumps({"command": name, "params": params, "token": token}).encode()
        self.writer.write(b"%d:%s," % (len(text), text))
        async with asyncio.timeout(5):
            answer = await future
        assert answer.get("ok"), f"{name}: {answer}"
        return answer.get("data", "")

    async def dial(self, number: str) -> None:
        await self.command("dial", number)

    async def accept(self) -> None:
        await self.command("accept")

    async def hang_up(self) -> None:
        await self.command("hangup")

    async def press(self, keys: str) -> None:
        """Send keys to the other side of the call."""
        for key in keys:
            # The next one is sent only when the one before has ended.
            await self.command("sndcode", key)
            await self.command("sndcode", "\x04")

    async def event(self, kind: str, seconds: float = 10.0, after: int = 0) -> dict:
        """The first event of a kind, `CALL_INCOMING` for instance, from position `after` of `events` on."""
        async with asyncio.timeout(seconds):
            while True:
                for event in self.events[after:]:
                    if event.get("type") == kind:
                        return event
                self._changed.clear()
                await self._changed.wait()

    def has(self, kind: str) -> bool:
        return any(event.get("type") == kind for event in self.events)

    @property
    def heard(self) -> Path:
        """The WAV file of what it heard in its call; whole once the call is over."""
        return self.folder / "heard.wav"

    @property
    def lamp(self) -> tuple[int, int] | None:
        """What it was told last of messages: how many are new, and how many old. None where it was told nothing."""
        told = re.findall(r"Voice-Message: ([0-9]+)/([0-9]+)", (self.folder / "log").read_text(errors="replace"))
        return (int(told[-1][0]), int(told[-1][1])) if told else None

    @property
    def told_of(self) -> list[str]:
        """Whom the exchange said it talks with, after the call was set up: name and number (RFC 3325, RFC 3311)."""
        log = (self.folder / "log").read_text(errors="replace")
        identity = r'^P-Asserted-Identity: "?([^"<]*?)"? ?<sip:([^@>]*)'
        told = re.findall(r"^(?:INVITE|UPDATE) sip:.*?\r?\n\r?\n", log, re.MULTILINE | re.DOTALL)
        within = (one for one in told if re.search(r"^To: .*;tag=", one, re.MULTILINE))
        found = (re.search(identity, one, re.MULTILINE) for one in within)
        return [f"{one[1]} {one[2]}" for one in found if one]

    async def _listen(self) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                # A netstring: its length, a colon, itself, a comma.
                length = int((await self.reader.readuntil(b":"))[:-1])
                message = json.loads((await self.reader.readexactly(length + 1))[:-1])
                if message.get("event"):
                    message["at"] = time.monotonic()
                    self.events.append(message)
                    self._changed.set()
                elif (future := self._answers.pop(message.get("token", ""), None)) and not future.done():
                    future.set_result(message)


@asynccontextmanager
async def phone(
    username: str,
    password: str,
    exchange_port: int,
    *,
    answer: str = "manual",
    transport: str = "udp",
    codecs: str = "PCMA,PCMU",
    expect: str | None = "REGISTER_OK",
    says: Path | None = None,
    settings: Mapping[str, str] | None = None,
    listen: int | None = None,
    lamp: bool = False,
) -> AsyncGenerator[Phone]:
    """A baresip that has registered when the block begins. `answer` is `manual` or `auto`; `says` an 8 kHz WAV file.

    `listen` is its own port, when it has to be known before. With a `lamp` it asks to be told of messages (RFC 3842).
    """
    command = program.phone("baresip")
    assert command, "belplan pbx install --with-phones brings baresip"
    sip_port, control = listen or free_port(), free_port()
    with tempfile.TemporaryDirectory(prefix="belplan-phone-") as name:
        folder = Path(name)
        said = says or _silence(folder / "said.wav")
        modules = ["account", "contact", "uuid", "g711", "g722", "aufile", "auconv", "auresamp", "menu", "ctrl_tcp"]
        modules += ["mwi"] if lamp else []
        where = program.phone_modules()
        assert where
        lines = {
            "sip_listen": f"{LOOPBACK}:{sip_port}",
            "audio_source": f"aufile,{said}",
            "audio_player": f"aufile,{folder / 'heard.wav'}",
            "audio_alert": f"aufile,{folder / 'alert.wav'}",
            "ctrl_tcp_listen": f"{LOOPBACK}:{control}",
            "module_path": str(where),
            "call_local_timeout": "120",
            "rtp_ports": "33000-39999",
            "jitter_buffer_type": "off",
        } | dict(settings or {})
        text = "".join(f"{key} {value}\n" for key, value in lines.items())
        there = [module for module in modules if (where / f"{module}.so").exists()]
        text += "".join(
            f"module{'_app' if module in ('menu', 'ctrl_tcp', 'account', 'contact', 'mwi') else ''} {module}.so\n"
            for module in there
        )
        (folder / "config").write_text(text)
        (folder / "contacts").write_text("")
        (folder / "accounts").write_text("")
        account = (
            f"<sip:{username}@{LOOPBACK}:{exchange_port};transport={transport}>;auth_user={username};auth_pass={password}"
            f";answermode={answer};regint=60;audio_codecs={codecs}"
        )
        process = await asyncio.create_subprocess_exec(
            *command,
            "-s",  # every SIP message into its log
            "-f",
            str(folder),
            "-n",
            LOOPBACK,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=(folder / "log").open("wb"),
            stderr=subprocess.STDOUT,
        )
        try:
            reader, writer = await _connect(control, process, folder)
            one = Phone(username, sip_port, process, reader, writer, folder)
            listening = asyncio.create_task(one._listen())
            try:
                # Only now, so that no event of its registration is missed.
                await one.command("uanew", account)
                if expect:
                    try:
                        await one.event(expect)
                    except TimeoutError:
                        raise TimeoutError(f"no {expect}: {one.events} {(folder / 'log').read_text()}") from None
                yield one
            finally:
                listening.cancel()
                writer.close()
        finally:
            await _end(process)


async def _connect(port: int, process: asyncio.subprocess.Process, folder: Path):
    async with asyncio.timeout(10):
        while True:
            try:
                return await asyncio.open_connection(LOOPBACK, port)
            except ConnectionError:
                assert process.returncode is None, (folder / "log").read_text()
                await asyncio.sleep(0.02)


def _silence(path: Path) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(16000 * 60))
    return path
