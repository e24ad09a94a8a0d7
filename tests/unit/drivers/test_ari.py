"""The connection to Asterisk ends where it is of no use. Everything else about it is tried on a real Asterisk."""

import asyncio
import json

from aiohttp import web

from belplan.drivers.asterisk import ari


async def asterisk(deaf: int) -> tuple[web.AppRunner, int, list[web.WebSocketResponse]]:
    """What has the app of its first `deaf` connections taken away, as Asterisk 22 does now and then."""
    sockets: list[web.WebSocketResponse] = []

    async def info(_: web.Request) -> web.Response:
        return web.json_response({"system": {"version": "22.5.0"}})

    async def events(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        sockets.append(socket)
        async for _ in socket:
            pass
        return socket

    async def echo(_: web.Request) -> web.Response:
        if len(sockets) > deaf:
            await sockets[-1].send_str(json.dumps({"type": "ChannelUserevent", "eventname": ari.ECHO}))
        return web.Response(status=204)

    application = web.Application()
    application.router.add_get("/ari/asterisk/info", info)
    application.router.add_get("/ari/events", events)
    application.router.add_post(f"/ari/events/user/{ari.ECHO}", echo)
    application.router.add_put("/ari/applications/belplan/eventFilter", info)
    runner = web.AppRunner(application, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, runner.addresses[0][1], sockets


def test_a_connection_on_which_no_events_come_is_made_anew(monkeypatch):
    monkeypatch.setattr(ari, "ECHO_WITHIN", (0.1, 0.1))
    monkeypatch.setattr(ari, "ECHO_AT", (0.0, 0.01))
    monkeypatch.setattr(ari, "ECHO_EVERY", 0.01)

    async def connect() -> None:
        runner, port, sockets = await asterisk(deaf=2)
        one = ari.Ari(f"http://127.0.0.1:{port}/ari", "belplan", "x", "belplan")
        running = asyncio.create_task(one.run())
        async with asyncio.timeout(20):
            while len(sockets) < 3:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.3)  # longer than a connection of the others lasted
        assert len(sockets) == 3
        assert one.connected
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await runner.cleanup()

    asyncio.run(connect())
