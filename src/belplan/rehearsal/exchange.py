"""The exchange's side, played against one receiver: calls as they really come, and requests that must be refused."""

import asyncio
import json
import os
import ssl
import time
from dataclasses import asdict, dataclass, field, replace
from urllib.parse import quote, urlsplit

from belplan.dialplan.urls import read_url
from belplan.receiver import Call
from belplan.signing import new_id
from belplan.webhook import Answer, Policy, Request, Webhooks
from belplan.webhook.message import message

CALLER = "31612345678"
NOBODY = "31201230000"
"""A caller of whom a receiver should know nothing."""


def sample(caller: str = CALLER, **fields: str) -> Call:
    """A call as the exchange would send it now."""
    now = int(time.time() * 1000)
    random = os.urandom(16).hex()
    usual = {
        "com_id": "42f30becd4ea93edd284e059427b5ee0",
        "dp_id": "42f30becd4ea93edd284e059427cf1f7",
        "dp_in_number": "1003",
        "dp_ex_number": "31102380095",
        "callee_number": "31102380095",
        "caller_number": caller,
        "uuid": f"{random[:8]}-{random[8:12]}-4{random[13:16]}-8{random[17:20]}-{random[20:]}",
        "phonebook_caller_name": "",
        "event_time": str(now),
        "call_start_time": str(now - 2436),
        "rta_call_id": f"{random[:12]}-{random[20:]}",
        "sip_call_id": random[:20],
    }
    return Call(**(usual | fields))


@dataclass(frozen=True, slots=True)
class Target:
    """The receiver under test. In `url`, names of the call data between braces are filled, as in a plan."""

    url: str
    method: str = "POST"
    secrets: tuple[str, ...] = ()
    timeout: float = 2.0
    callers: tuple[str, ...] = (CALLER,)
    tls: ssl.SSLContext | None = field(default=None, repr=False)

    def request(
        self, call: Call, *, company: str, webhook_id: str = "", body: bytes | None = None, signed: bool = True
    ) -> Request:
        """What a plan would send for this call. Each check is a company of its own: breakers are kept apart."""
        fields = asdict(call)
        url = self.url
        for name, value in fields.items():
            url = url.replace(f"{{{name}}}", quote(value, safe=""))
        post = self.method == "POST"
        return Request(
            company=company,
            method="POST" if post else "GET",
            url=url,
            timeout=self.timeout,
            body=(json.dumps(fields, ensure_ascii=False).encode() if body is None else body) if post else None,
            webhook_id=webhook_id or new_id(),
            secrets=self.secrets if signed else (),
        )


class Exchange:
    """Asks the receiver. Raises nothing: what goes wrong is an Answer."""

    def __init__(self, target: Target, webhooks: Webhooks) -> None:
        self.target = target
        self._webhooks = webhooks
        self._check = "check"

    def within(self, check: str) -> "Exchange":
        """The same, for one check: its failures open no breaker of another's."""
        other = Exchange(self.target, self._webhooks)
        other._check = check
        return other

    async def ask(
        self,
        call: Call | None = None,
        *,
        webhook_id: str = "",
        body: bytes | None = None,
        signed: bool = True,
        secrets: tuple[str, ...] | None = None,
    ) -> Answer:
        """One webhook, by the exchange's own client."""
        request = self.target.request(
            call or sample(self.target.callers[0]),
            company=self._check,
            webhook_id=webhook_id,
            body=body,
            signed=signed,
        )
        if secrets is not None:
            request = replace(request, secrets=secrets)
        return await self._webhooks.send(request)

    async def ask_late(self, seconds: float) -> Answer:
        """The same, rightly signed so many seconds ago: a request that was kept, and is played again."""
        old = Webhooks(Policy(allow_loopback=True), tls=self.target.tls, now=lambda: time.time() - seconds)
        async with old:
            return await old.send(self.target.request(sample(self.target.callers[0]), company=self._check))

    async def hang_up(self) -> None:
        """A caller who hangs up while the receiver is thinking: the connection is broken off."""
        asking = asyncio.create_task(self.ask())
        await asyncio.sleep(0.02)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)

    async def ask_raw(self, *, cut: int = 0, change: tuple[bytes, bytes] = (b"", b"")) -> int | None:
        """The same request on a connection of its own; its status, None where none came in time.

        `cut`: the last so many bytes come a moment later, as over a slow network. `change`: bytes that are replaced
        after signing, by as many others.
        """
        request = self.target.request(sample(self.target.callers[0]), company=self._check)
        url = read_url(request.url)
        wire = message(request, url, request.webhook_id, int(time.time())).replace(*change)
        split = len(wire) - cut
        try:
            async with asyncio.timeout(self.target.timeout + 1):
                secure = self._tls() if url.scheme == "https" else None
                reader, writer = await asyncio.open_connection(url.host.strip("[]"), url.port, ssl=secure)
                try:
                    writer.write(wire[:split])
                    await writer.drain()
                    if cut:
                        await asyncio.sleep(
                            0.05
                        )  # longer than Nagle's algorithm would hold it back: a packet of its own
                        writer.write(wire[split:])
                        await writer.drain()
                    words = (await reader.readline()).split()
                    return int(words[1]) if len(words) > 1 and words[1].isdigit() else None
                finally:
                    writer.close()
        except (TimeoutError, OSError):
            return None

    def _tls(self) -> ssl.SSLContext:
        return self.target.tls or ssl.create_default_context()


def problem(target: Target) -> str | None:
    """What is wrong with the URL or the callers, before anything is sent."""
    if urlsplit(target.url).scheme not in ("http", "https"):
        return f"{target.url}: write a whole URL, as in http://127.0.0.1:8090/belplan"
    try:
        read_url(target.request(sample(), company="").url)
    except ValueError as error:
        return f"{target.url}: {error}"
    return None
