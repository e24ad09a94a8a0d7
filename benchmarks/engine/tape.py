"""Asterisk, replaced by its side of recorded calls: `python -m benchmarks.engine.tape`.

Prints its port. What it says is word for word what Asterisk 22.10.1 said in a call that asks a webhook, half of them
answered and half refused; ids, numbers and moments are new in each. A line on standard input, `RATE CALLS`, begins so
many calls; once all have ended, or 60 s later, it prints, as JSON, how many, the seconds, and what a `perf_counter`
of its own says of each from StasisStart to the answer or refusal, in milliseconds. More than one client may connect,
each for an app of its own (`belplan`, `belplan-2`): calls go to them in turn.
"""

import asyncio
import json
import sys
from collections.abc import Callable
from time import perf_counter
from urllib.parse import unquote

import uvloop
from aiohttp import WSMsgType, web

LISTENS = 0.1  # seconds that a caller who was answered listens before hanging up

_CHANNEL = (
    '{"id":"%(id)s","name":"PJSIP/trunk:provider-%(n)08x","state":"%(state)s","protocol_id":"%(n)d-2466@127.0.0.1",'
    '"caller":{"name":"","number":"061234%(n)d"},"connected":{"name":"","number":""},"accountcode":"","dialplan":'
    '{"context":"take","exten":"s","priority":12,"app_name":"Stasis",'
    '"app_data":"%(app)s,in,trunk:provider,31102380095,shown"},'
    '"creationtime":"2026-11-25T12:02:16.541+0000","language":"nl"}'
)
_END = ',"asterisk_id":"02:fc:00:00:00:01","application":"%(app)s"}'
_START = (
    '{"type":"StasisStart","timestamp":"2026-11-25T12:02:16.541+0000","args":["in","trunk:provider","31102380095",'
    '"shown"],"channel":' + _CHANNEL + _END
)
_OVER = '{"type":"StasisEnd","timestamp":"2026-11-25T12:02:16.649+0000","channel":' + _CHANNEL + _END
_REPLY = (
    '{"type":"RESTResponse","transaction_id":"","request_id":"%s","status_code":%d,"reason_phrase":"%s","uri":"%s"%s,'
    '"application":"%s","timestamp":"2026-11-25T12:02:16.543+0000","asterisk_id":"02:fc:00:00:00:01"}'
)
_PLAYED = (
    '{"type":"PlaybackFinished","timestamp":"2026-11-25T12:02:16.649+0000","playback":{"id":"%(id)s-p1","media_uri":'
    '"sound:toon","target_uri":"channel:%(id)s","language":"nl","state":"failed"}' + _END
)


class Tape:
    """Plays the exchange to whoever connects."""

    def __init__(self) -> None:
        self._sockets: dict[str, web.WebSocketResponse] = {}
        self._out: dict[str, list[str]] = {}
        self._more: dict[str, asyncio.Event] = {}
        self._calls: dict[str, dict[str, object]] = {}
        self._began: dict[str, float] = {}
        self._count = 0
        self.ms: list[float] = []
        self.idle = asyncio.Event()
        self.by_app: dict[str, int] = {}

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/ari/events", self._events),
            web.get("/ari/asterisk/info", self._answers({"system": {"version": "22.10.1"}})),
            web.get("/ari/channels", self._answers([])),
            web.get("/ari/bridges", self._answers([])),
            web.put("/ari/applications/{app}/eventFilter", self._answers({})),
            web.post("/ari/events/user/{name}", self._echo),
        ]

    async def play(self, rate: float, calls: int) -> dict[str, object]:
        """Begin so many calls at so many a second, and wait for their ends, a minute at most."""
        self.ms, self.by_app = [], {}
        self.idle.clear()
        loop, began = asyncio.get_running_loop(), perf_counter()
        for n in range(calls):
            due = began + n / rate
            if (early := due - perf_counter()) > 0.001:
                await asyncio.sleep(early)
            self._begin(n)
        async with asyncio.timeout_at(loop.time() + 60):
            while self._calls:
                self.idle.clear()
                await self.idle.wait()
        return {"calls": calls, "seconds": perf_counter() - began, "ms": self.ms, "by_app": self.by_app}

    def _begin(self, n: int) -> None:
        self._count += 1
        app = list(self._sockets)[n % len(self._sockets)]
        self.by_app[app] = self.by_app.get(app, 0) + 1
        channel = f"1795608136.{self._count}"
        call: dict[str, object] = {"id": channel, "n": self._count, "state": "Ring", "app": app}
        self._calls[channel] = call
        self._began[channel] = perf_counter()
        self._say(app, _START % call)

    def _say(self, app: str, text: str) -> None:
        self._out[app].append(text)
        self._more[app].set()

    async def _echo(self, request: web.Request) -> web.Response:
        event = {"type": "ChannelUserevent", "eventname": request.match_info["name"]}
        self._say(request.query["application"], json.dumps(event))
        return web.Response(status=204)

    async def _events(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(max_msg_size=0, compress=False)
        await socket.prepare(request)
        app = request.query["app"]
        self._sockets[app], self._out[app], self._more[app] = socket, [], asyncio.Event()
        writing = asyncio.create_task(self._write(app, socket))
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._asked(app, json.loads(message.data))
        finally:
            writing.cancel()
            self._sockets.pop(app, None)
        return socket

    async def _write(self, app: str, socket: web.WebSocketResponse) -> None:
        while True:
            out, self._out[app] = self._out[app], []
            for text in out:
                await socket.send_str(text)
            if not self._out[app]:
                self._more[app].clear()
                await self._more[app].wait()

    def _asked(self, app: str, ask: dict[str, str]) -> None:
        uri, _, query = ask["uri"].partition("?")
        parts = uri.split("/")
        call = self._calls.get(parts[1]) if parts[0] == "channels" and len(parts) > 1 else None
        if parts[0] == "channels" and call is None:
            return self._reply(app, ask, uri, 404, "Not Found", {"message": "Channel not found"})
        if query.startswith("variable=SET("):
            value = unquote(query[len("variable=SET(") : -1].partition("%3D")[2])
            return self._reply(app, ask, uri, 200, "OK", {"value": value})
        if call is None:
            return self._reply(app, ask, uri, 204, "No Content", None)
        if ask["method"] == "DELETE":
            self._took(parts[1])
            self._say(app, _OVER % call)
            self._ended(parts[1])
        elif parts[2] == "answer":
            self._took(parts[1])
            call["state"] = "Up"
        elif parts[2] == "play":
            asyncio.get_running_loop().call_later(LISTENS, self._hangs_up, app, parts[1])
            made = {"id": parts[-1], "media_uri": "sound:toon", "target_uri": f"channel:{parts[1]}", "state": "queued"}
            return self._reply(app, ask, uri, 201, "Created", made)
        self._reply(app, ask, uri, 204, "No Content", None)
        return None

    def _reply(self, app: str, ask: dict[str, str], uri: str, status: int, reason: str, body: object) -> None:
        content = f',"content_type":"application/json","message_body":{json.dumps(json.dumps(body))}' if body else ""
        self._say(app, _REPLY % (ask["request_id"], status, reason, uri, content, app))

    def _took(self, channel: str) -> None:
        if began := self._began.pop(channel, None):
            self.ms.append(round((perf_counter() - began) * 1000, 2))

    def _hangs_up(self, app: str, channel: str) -> None:
        if call := self._calls.get(channel):
            self._say(app, _PLAYED % call)
            self._say(app, _OVER % call)
            self._ended(channel)

    def _ended(self, channel: str) -> None:
        self._calls.pop(channel, None)
        if not self._calls:
            self.idle.set()

    @staticmethod
    def _answers(content: object) -> Callable[[web.Request], object]:
        async def answer(_: web.Request) -> web.Response:
            return web.json_response(content)

        return answer


async def main() -> None:
    tape, app = Tape(), web.Application()
    app.add_routes(tape.routes())  # pyright: ignore[reportArgumentType]
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        rate, calls = line.split()
        try:
            print(json.dumps(await tape.play(float(rate), int(calls))), flush=True)
        except TimeoutError:
            print(json.dumps({"calls": int(calls), "seconds": 60, "ms": tape.ms, "by_app": tape.by_app}), flush=True)


if __name__ == "__main__":
    uvloop.run(main())
