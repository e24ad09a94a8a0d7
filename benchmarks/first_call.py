"""Real calls through Asterisk with a webhook each: how long from the INVITE until the chosen phone gets its own.

    .venv/bin/python -m benchmarks.first_call [--calls 200] [--rate 20] [--webhook-ms 50]

SIPp is the provider and, registered with digest, the phone; both say when, in their own message logs.
"""

import argparse
import asyncio
import re
import sys
from datetime import datetime

from belplan.drivers.asterisk import program
from tests.asterisk.phones import answering, free_port, invite, register, run_sipp, sipp
from tests.asterisk.serving import crm, plan, serving

_MESSAGE = re.compile(r"(?P<at>[0-9T:.-]+)Z?\n\w+ message (?P<way>sent|received) [^\n]*\n\n(?P<text>INVITE .*)", re.S)
_NUMBER = re.compile(r"^From:.*?sip:\+?[0-9]*61234(?P<number>[0-9]+)@", re.M)


def invites(trace: str, way: str) -> dict[str, datetime]:
    """When the first INVITE of each caller was sent or received, by the number of the call in the caller's."""
    found: dict[str, datetime] = {}
    for part in re.split(r"^-{20,} ", trace.replace("\r", ""), flags=re.M):
        message = _MESSAGE.match(part)
        if message and message["way"] == way and (caller := _NUMBER.search(message["text"])):
            found.setdefault(caller["number"], datetime.fromisoformat(message["at"]))
    return found


def percentile(values: list[float], share: float) -> float:
    """The value that `share` of them do not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


async def measure(calls: int, rate: float, webhook_ms: float) -> list[float]:
    """Milliseconds from INVITE to INVITE over the webhook's own time, of every call that reached the right phone."""
    asterisk = program.install(with_phones=True)
    async with crm("openstaand", webhook_ms / 1000) as server:
        route = f"""
        - webhook: {{method: POST, url: "{server.url}", save_as: klant}}
        - condition: {{variable: klant, equals: openstaand, then: [{{connect: {{to: "201"}}}}]}}
        - connect: {{to: "202"}}
        """
        async with serving(
            plan(route).replace("port: 9,", "port: 9, channels: 1000,"), asterisk, webhooks_per_company=500
        ) as exchange:
            port, anna = exchange.settings.sip_port, free_port()
            registered = await run_sipp(register("anna", "geheim-anna", 200), port, port=anna)
            assert registered.ok, registered.errors
            seconds = calls / rate + 30
            caller = invite("31102380095", 200, from_="<sip:061234[call_number]@127.0.0.2>", hold_ms=500)
            async with sipp(answering(), port=anna, calls=calls, seconds=seconds, arguments=("-aa",)) as phone:
                ran = await run_sipp(caller, port, calls=calls, rate=rate, seconds=seconds)
                rang = invites(phone.trace(), "received")
    called = invites(ran.trace, "sent")
    return [(rang[number] - at).total_seconds() * 1000 - webhook_ms for number, at in called.items() if number in rang]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--rate", type=float, default=20)
    parser.add_argument("--webhook-ms", type=float, default=50)
    arguments = parser.parse_args()
    over = asyncio.run(measure(arguments.calls, arguments.rate, arguments.webhook_ms))
    print(f"{len(over)} of {arguments.calls} calls rang the right phone, {arguments.rate:g} a second")
    print(f"INVITE to INVITE, over the webhook's {arguments.webhook_ms:g} ms: ", end="")
    print(", ".join(f"p{share * 100:g} {percentile(over, share):.1f} ms" for share in (0.5, 0.95, 0.99, 1.0)))
    return 0 if len(over) == arguments.calls and percentile(over, 0.99) <= 50 else 1


if __name__ == "__main__":
    sys.exit(main())
