"""A bare ARI client, the floor: `python -m benchmarks.rivals.ari ARI_URL PASSWORD WEBHOOK_URL`.

One WebSocket for events and requests, one aiohttp session for the webhook, a task a call; no plan, no checks, no
deadline of its own, no record. Prints `ready`.
"""

import asyncio
import json
import sys

import aiohttp


async def main(ari: str, password: str, url: str) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        socket = await session.ws_connect(f"{ari}/events?app=belplan&api_key=belplan:{password}", max_msg_size=0)
        print("ready", flush=True)
        tasks: set[asyncio.Task[None]] = set()

        async def command(method: str, uri: str) -> None:
            ask = {"type": "RESTRequest", "request_id": uri, "method": method, "uri": uri}
            await socket.send_str(json.dumps(ask))

        async def decide(event: dict) -> None:
            channel = event["channel"]["id"]
            await command("POST", f"channels/{channel}/ring")
            body = {
                "com_id": "42f30becd4ea93edd284e059427b5ee0",
                "callee_number": event["args"][2],
                "caller_number": event["channel"]["caller"]["number"],
                "uuid": channel,
            }
            async with session.post(url, data=json.dumps(body), headers={"Content-Type": "application/json"}) as answer:
                text = (await answer.text()).strip()
            if text == "even":
                await command("POST", f"channels/{channel}/answer")
                await command("POST", f"channels/{channel}/play?media=tone:440")
            else:
                await command("DELETE", f"channels/{channel}?reason_code=17")

        async for message in socket:
            event = json.loads(message.data)
            if event["type"] == "StasisStart":
                task = asyncio.create_task(decide(event))
                tasks.add(task)
                task.add_done_callback(tasks.discard)


if __name__ == "__main__":
    import uvloop

    uvloop.run(main(*sys.argv[1:]))
