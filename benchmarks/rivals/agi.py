"""FastAGI at its barest, asyncio streams and aiohttp: `python -m benchmarks.rivals.agi URL`. Prints its port."""

import asyncio
import json
import sys

import aiohttp


async def main(url: str) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def decide(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                fields = dict(
                    line.split(": ", 1) for line in (await reader.readuntil(b"\n\n")).decode().splitlines()[:-1]
                )
                body = {
                    "com_id": "42f30becd4ea93edd284e059427b5ee0",
                    "callee_number": fields["agi_dnid"],
                    "caller_number": fields["agi_callerid"],
                    "uuid": fields["agi_uniqueid"],
                }
                headers = {"Content-Type": "application/json"}
                async with session.post(url, data=json.dumps(body), headers=headers) as answer:
                    text = (await answer.text()).strip()
                writer.write(f"SET VARIABLE ANSWER {text}\n".encode())
                await reader.readline()
            except (asyncio.IncompleteReadError, ConnectionError):
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(decide, "127.0.0.1", 0, backlog=1024)
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    import uvloop

    uvloop.run(main(sys.argv[1]))
