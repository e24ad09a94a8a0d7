"""A whole server without telephones, on loopback, and somebody who asks it."""

import asyncio
import copy
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import requests

from belplan.api import Parts
from belplan.dialplan.credentials import take_out
from belplan.installation import installation
from belplan.options import Options
from tests.asterisk.phones import free_port

PASSWORD = "a long password"


@dataclass
class Server:
    """It runs in a thread of its own, on its own loop."""

    url: str
    parts: Parts
    loop: asyncio.AbstractEventLoop
    data: Path = Path()

    def run(self, work: Any) -> Any:
        """Do something on its loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def somebody(self, **headers: str) -> "Client":
        return Client(self.url, headers=headers)

    def person(self, email: str, role: str | None = None, company: str = "", *, operator: bool = False) -> "Client":
        """Somebody of this role, signed in."""

        async def make() -> None:
            person = await self.parts.people.add(email, email.split("@")[0], password=PASSWORD, operator=operator)
            if role:
                await self.parts.people.join(person.id, company, role)

        self.run(make())
        client = self.somebody()
        client.sign_in(email)
        return client

    def company(self, name: str, **plan: Any) -> str:
        """A company with this plan as its draft."""

        async def make() -> str:
            made = uuid4().hex
            whole = {"company": {"name": name, "id": made}, **copy.deepcopy(plan)}
            secrets = take_out(whole)
            await self.parts.companies.add(made, name, whole, "test")
            await self.parts.secrets.set(made, secrets)
            return made

        return self.run(make())


@dataclass
class Client:
    """Asks as a browser or a program does."""

    server: str
    headers: dict[str, str] = field(default_factory=dict)
    http: requests.Session = field(default_factory=requests.Session)

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        data = body if isinstance(body, (bytes, str)) or body is None else json.dumps(body)
        kind = {"Content-Type": "application/json"} if body is not None else {}
        url = self.server + (path if path.startswith("/health") else f"/api/v1{path}")
        return self.http.request(method, url, data=data, headers={**kind, **self.headers, **headers}, timeout=30)

    def sign_in(self, email: str, password: str = PASSWORD, **more: str) -> requests.Response:
        answer = self("POST", "/session", {"email": email, "password": password, **more})
        if answer.ok:
            self.headers["X-CSRF-Token"] = answer.json()["csrf"]
        return answer


@contextmanager
def serving(data: Path, **options: Any) -> Iterator[Server]:
    """A server on a free port. `options` are those of `belplan serve`."""
    found: list[Server] = []
    failed: list[BaseException] = []
    up, stop = threading.Event(), asyncio.Event()

    async def serve() -> None:
        told = {"api_per_minute": 0, "http_port": free_port(), **options}
        settings, port = Options(plan=None, data=data, sip_port=free_port(), **told), told["http_port"]
        try:
            async with installation(settings, None, None) as parts:
                found.append(Server(f"http://127.0.0.1:{port}", parts, asyncio.get_running_loop(), data))
                up.set()
                await stop.wait()
        except BaseException as error:
            failed.append(error)
            raise
        finally:
            up.set()

    thread = threading.Thread(target=_quietly(lambda: asyncio.run(serve())))
    thread.start()
    up.wait(30)
    if failed:
        raise failed[0]
    try:
        yield found[0]
    finally:
        found[0].loop.call_soon_threadsafe(stop.set)
        thread.join(30)


def _quietly(work: Callable[[], None]) -> Callable[[], None]:
    def run() -> None:
        with suppress(Exception):  # it was told to whoever waits
            work()

    return run
