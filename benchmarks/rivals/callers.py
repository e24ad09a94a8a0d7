"""The callers of the comparison: SIPp, so many a second, and how long each waited for the final response."""

import asyncio
import csv
import tempfile
from dataclasses import dataclass
from pathlib import Path

from belplan.drivers.asterisk import program
from tests.asterisk.phones import SDP, ack, expect, free_port, request, scenario

TO = "31102380095"
FROM = "<sip:061234[call_number]@127.0.0.2>"


def _scenario() -> str:
    """Half of them are refused with 486, half are answered, listen for a tenth of a second and hang up."""
    invite = request("INVITE", TO, from_=FROM, body=SDP).replace("<send", '<send start_rtd="1"', 1)
    return scenario(
        invite,
        *(expect(code, optional=True) for code in (100, 180, 183)),
        '<recv response="486" optional="true" rtd="1" next="9"></recv>',
        '<recv response="200" rrs="true" rtd="1" timeout="20000"></recv>',
        ack(TO, from_=FROM),
        '<pause milliseconds="100"/>',
        request("BYE", TO, from_=FROM, cseq=2, to_tag=True),
        expect(200).replace("<recv", '<recv next="10"', 1),
        '<label id="9"/>',
        ack(TO, from_=FROM),
        '<label id="10"/>',
    )


@dataclass(frozen=True, slots=True)
class Waited:
    """What came of the callers: how many there were, and milliseconds to the final response of each that got one."""

    calls: int
    ms: list[float]

    def percentile(self, share: float) -> float:
        """The milliseconds that `share` of the callers did not exceed. One without a response waited for ever."""
        waited = sorted(self.ms) + [float("inf")] * (self.calls - len(self.ms))
        return waited[min(len(waited) - 1, int(len(waited) * share))]


async def call(sip_port: int, *, rate: float, calls: int) -> Waited:
    """Place so many calls at so many a second."""
    command = program.phone("sipp")
    assert command, "belplan pbx install --with-phones brings SIPp"
    with tempfile.TemporaryDirectory(prefix="belplan-callers-") as name:
        folder = Path(name)
        (folder / "s.xml").write_text(_scenario())
        port, media = str(free_port()), str(free_port())
        process = await asyncio.create_subprocess_exec(
            *command, "-sf", str(folder / "s.xml"), "-i", "127.0.0.1", "-p", port, "-mp", media,
            "-m", str(calls), "-r", str(rate), "-l", "20000", "-timeout", f"{calls / rate + 30:.0f}s", "-nostdin",
            "-trace_rtt", "-rtt_freq", "1", "-recv_timeout", "20000", "-buff_size", "4000000", f"127.0.0.1:{sip_port}",
            cwd=folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        ms: list[float] = []
        for path in folder.glob("*_rtt.csv"):
            with path.open() as file:
                ms += [float(row[1]) for row in list(csv.reader(file, delimiter=";"))[1:] if len(row) > 1]
        return Waited(calls, ms)
