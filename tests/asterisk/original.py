"""A real Asterisk that runs somebody's extensions.conf as it is, and phones that do as a scenario says."""

import asyncio
import contextlib
import os
import re
import subprocess
import tempfile
import threading
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from belplan.drivers.asterisk.program import Program
from tests.asterisk.phones import free_port

RINGING = 1  # seconds that a phone rings here
WAITING = 4  # seconds that a menu waits for a key here

_MODULES = """
app_dial app_playback app_voicemail app_queue app_macro app_stack app_exec app_senddtmf app_verbose app_originate
bridge_simple bridge_softmix bridge_builtin_features bridge_holding chan_pjsip codec_ulaw format_pcm format_wav
func_callerid func_channel func_curl func_logic func_strings func_timeout func_uri func_global pbx_config pbx_spool
res_curl res_pjproject res_pjsip res_pjsip_session res_pjsip_sdp_rtp res_pjsip_caller_id res_pjsip_pubsub
res_rtp_asterisk res_sorcery_astdb res_sorcery_config res_sorcery_memory res_timing_timerfd res_musiconhold
"""


@dataclass(frozen=True)
class Played:
    """A scenario's call: who calls what and when, which keys are pressed, what phones do, what the CRM says."""

    number: int
    to: str
    caller: str
    at: str
    keys: str
    phones: Mapping[str, str]
    says: str


@dataclass
class Phones(asyncio.DatagramProtocol):
    """SIP phones on one port. What each does comes from the scenario, whose number the caller's name ends in."""

    does: Callable[[int, str], str]
    rang: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    _transport: asyncio.DatagramTransport | None = None
    _ringing: dict[str, bytes] = field(default_factory=dict)

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        text = data.decode()
        method, uri = text.split(" ", 2)[:2]
        call = _header(text, "Call-ID")
        if method == "INVITE":
            number = int(re.search(r"n(\d+)\"", _header(text, "From"))[1])
            phone = re.match(r"sip:([^@]+)@", uri)[1]
            if call in self._ringing:
                return  # a repeat of what was answered
            self._ringing[call] = data
            self.rang[number].append(phone)
            does = self.does(number, phone)
            if does in ("busy", "failed"):
                self._answer(text, "486 Busy Here" if does == "busy" else "503 Service Unavailable", address)
            else:
                self._answer(text, "180 Ringing", address)
                if does == "answer":
                    self._answer(text, "200 OK", address, _sdp())
        elif method == "CANCEL":
            self._answer(text, "200 OK", address)
            self._answer(self._ringing[call].decode(), "487 Request Terminated", address)
        elif method == "ACK":
            if "a=sendrecv" not in text and self.does_answer(call):
                self._hang_up(self._ringing[call].decode(), address)
        elif method == "BYE":
            self._answer(text, "200 OK", address)

    def does_answer(self, call: str) -> bool:
        invite = self._ringing[call].decode()
        number = int(re.search(r"n(\d+)\"", _header(invite, "From"))[1])
        return self.does(number, re.match(r"INVITE sip:([^@]+)@", invite)[1]) == "answer"

    def _answer(self, request: str, status: str, address: tuple[str, int], body: str = "") -> None:
        lines = [f"SIP/2.0 {status}"]
        lines += [f"Via: {via}" for via in re.findall(r"^Via: (.*?)\r$", request, re.MULTILINE)]
        tag = "" if ";tag=" in _header(request, "To") else ";tag=phone"
        lines += [f"From: {_header(request, 'From')}", f"To: {_header(request, 'To')}{tag}"]
        lines += [f"Call-ID: {_header(request, 'Call-ID')}", f"CSeq: {_header(request, 'CSeq')}"]
        lines += [f"Contact: <sip:phone@127.0.0.1:{self.port}>", f"Content-Length: {len(body)}"]
        if body:
            lines.append("Content-Type: application/sdp")
        self._send("\r\n".join(lines) + "\r\n\r\n" + body, address)

    def _hang_up(self, invite: str, address: tuple[str, int]) -> None:
        contact = re.search(r"<([^>]+)>", _header(invite, "Contact"))[1]
        lines = [
            f"BYE {contact} SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bK{os.urandom(6).hex()}",
            f"From: {_header(invite, 'To')};tag=phone",
            f"To: {_header(invite, 'From')}",
            f"Call-ID: {_header(invite, 'Call-ID')}",
            "CSeq: 1 BYE",
            "Max-Forwards: 70",
            "Content-Length: 0",
        ]
        self._send("\r\n".join(lines) + "\r\n\r\n", address)

    def _send(self, text: str, address: tuple[str, int]) -> None:
        assert self._transport
        self._transport.sendto(text.encode(), address)

    @property
    def port(self) -> int:
        assert self._transport
        return self._transport.get_extra_info("sockname")[1]


def _header(text: str, name: str) -> str:
    return re.search(rf"^{name}: (.*?)\r$", text, re.MULTILINE | re.IGNORECASE)[1]


def _sdp() -> str:
    return (
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
        "m=audio 40000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
    )


@contextmanager
def crm(says: Callable[[str], str]) -> Iterator[int]:
    """A web server that is asked `?nummer=…`."""

    class Crm(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = says(parse_qs(urlsplit(self.path).query).get("nummer", [""])[0]).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Crm)
    server.request_queue_size = 200
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@asynccontextmanager
async def original(program: Program, text: str, accounts: Sequence[str], phones: Phones) -> AsyncGenerator["Original"]:
    """The dialplan on an Asterisk of its own."""
    with tempfile.TemporaryDirectory(prefix="belplan-original-") as name:
        folder = Path(name)
        loop = asyncio.get_running_loop()
        listening, _ = await loop.create_datagram_endpoint(lambda: phones, local_addr=("127.0.0.1", 0))
        for part in ("etc", "lib/keys", "log", "spool/outgoing", "spool/tmp", "spool/voicemail", "run", "cache"):
            (folder / part).mkdir(parents=True)
        sip = free_port()
        for file, content in _files(folder, program, text, accounts, phones.port, sip).items():
            (folder / "etc" / file).write_text(content)
        with (folder / "console.log").open("wb") as console:
            process = subprocess.Popen(
                [*program.command, "-f", "-C", str(folder / "etc/asterisk.conf")],
                cwd=folder, env={**os.environ, **program.environment},
                stdin=subprocess.DEVNULL, stdout=console, stderr=subprocess.STDOUT,
            )  # fmt: skip
        running = Original(folder, process)
        try:
            async with asyncio.timeout(30):
                while "Asterisk Ready" not in running.log():
                    assert process.poll() is None, (folder / "console.log").read_text()
                    await asyncio.sleep(0.05)
            yield running
        finally:
            process.kill()
            process.wait()
            listening.close()


@dataclass
class Original:
    """A running Asterisk."""

    folder: Path
    process: subprocess.Popen[bytes]

    def log(self) -> str:
        with contextlib.suppress(FileNotFoundError):
            return (self.folder / "log/full.log").read_text(errors="replace")
        return ""

    def place(self, call: Played) -> None:
        """Place a call, by a file that Asterisk picks up."""
        moment = datetime.fromisoformat(call.at)  # by this machine's own clock on the wall, as Asterisk reads it
        lines = [
            f"Channel: Local/{call.number}@scenario/n",
            f'CallerID: "n{call.number}" <{call.caller}>',
            f"Setvar: __CALLER={call.caller}",
            f"Setvar: __TO={call.to}",
            f"Setvar: __TESTTIME={int(moment.timestamp())}",  # what TESTTIME() sets, for GotoIfTime
            f"Setvar: KEYS={call.keys}",
            "WaitTime: 60",
            "Context: presses",
            "Extension: s",
            "Priority: 1",
        ]
        waiting = self.folder / "spool/tmp" / str(call.number)
        waiting.write_text("\n".join(lines) + "\n")
        os.utime(waiting, (0, 0))  # a file of this very second would be left for the next one
        waiting.rename(self.folder / "spool/outgoing" / str(call.number))

    async def ended(self, number: int) -> None:
        """Wait until this call is over."""
        async with asyncio.timeout(50):
            while f"OVER={number} " not in self.log():
                await asyncio.sleep(0.1)

    def decisions(self, number: int) -> list[tuple[str, object]]:
        """What the dialplan did with this call, as it wrote into its log."""
        log = self.log()
        channel = re.search(rf'NoOp\("(Local/[^"]+;2)", "CALL={number} "', log)
        assert channel, f"call {number} did not come"
        executed = re.findall(rf'Executing \[[^\]]*\] (\w+)\("{re.escape(channel[1])}", "(.*)"\) in new stack', log)
        return [one for application, given in executed if (one := _decision(application, given))]


def _decision(application: str, given: str) -> tuple[str, object] | None:
    match application.lower():
        case "execif":
            test, _, ways = given.partition("?")
            yes, _, no = ways.partition(":")
            chosen = re.fullmatch(r"(\w+)\((.*)\)", yes if test.strip() not in ("", "0") else no)
            return _decision(chosen[1], chosen[2]) if chosen else None
        case "playback" | "background":
            return "play", given.partition(",")[0]
        case "dial":
            return "ring", frozenset(one.partition("/")[2] for one in given.partition(",")[0].split("&"))
        case "voicemail":
            return "voicemail", given.partition("@")[0]
        case "hangup" if given:
            return "hangup", int(given)
        case "busy":
            return "hangup", 17
        case _:
            return None


def _files(folder: Path, program: Program, text: str, accounts: Sequence[str], phones: int, sip: int) -> dict[str, str]:
    directories = {
        "astetcdir": folder / "etc", "astvarlibdir": folder / "lib", "astdbdir": folder / "lib",
        "astkeydir": folder / "lib", "astagidir": folder / "lib", "astspooldir": folder / "spool",
        "astrundir": folder / "run", "astlogdir": folder / "log", "astcachedir": folder / "cache",
        **program.directories,
    }  # fmt: skip
    endpoints = "".join(
        f"[{one}]\ntype=aor\ncontact=sip:{one}@127.0.0.1:{phones}\n"
        f"[{one}]\ntype=endpoint\naors={one}\ndisallow=all\nallow=ulaw\ncontext=nobody\nsend_pai=no\n"
        for one in accounts
    )
    harness = (
        "\n[scenario]\nexten => _X.,1,NoOp(CALL=${EXTEN} )\n same => n,Set(__NUMBER=${EXTEN})\n"
        " same => n,Set(CALLERID(all)=n${EXTEN} <${CALLER}>)\n"
        " same => n,Set(CHANNEL(hangup_handler_push)=over,s,1)\n same => n,Goto(from-trunk,${TO},1)\n"
        "exten => _X,1,Goto(0${EXTEN},1)\n"
        "[over]\nexten => s,1,NoOp(OVER=${NUMBER} )\n same => n,Return()\n"
        "[presses]\nexten => s,1,Wait(1)\n same => n,SendDTMF(${KEYS},250,100)\n same => n,Wait(60)\n[nobody]\n"
    )
    return {
        "asterisk.conf": "[directories]\n"
        + "".join(f"{name} => {path}\n" for name, path in directories.items())
        + "[options]\nverbose=3\nlive_dangerously=yes\n",
        "modules.conf": "[modules]\nautoload=no\n" + "".join(f"load = {one}.so\n" for one in _MODULES.split()),
        "logger.conf": "[general]\n[logfiles]\nfull.log => notice,warning,error,verbose(3)\n",
        "pjsip.conf": f"[udp]\ntype=transport\nprotocol=udp\nbind=127.0.0.1:{sip}\n{endpoints}",
        "extensions.conf": text + harness,
        "voicemail.conf": "[general]\nformat=wav\n[default]\n501 => 1,Algemeen\n502 => 1,Finance\n",
        "queues.conf": "[general]\n",
        "musiconhold.conf": "",
        "http.conf": "[general]\nenabled=no\n",
        "cdr.conf": "[general]\nenable=no\n",
        "indications.conf": "[general]\ncountry=nl\n[nl]\ndescription=nl\nring=425/1000,0/4000\nbusy=425/500,0/500\n"
        "dial=425\ncongestion=425/250,0/250\nringcadence=1000,4000\n",
        "features.conf": "",
        "rtp.conf": "[general]\nrtpstart=33000\nrtpend=36000\n",
    }
