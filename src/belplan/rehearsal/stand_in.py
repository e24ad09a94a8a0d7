"""A receiver that stands in for one that is not written yet: it shows each request, and answers as it is told.

In the terminal, and in a browser on this machine (`page`).
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import count
from typing import Self, TextIO

from aiohttp import web

from belplan.receiver import SignatureError, verify
from belplan.rehearsal.exchange import Exchange, Target, sample
from belplan.rehearsal.page import Page
from belplan.rehearsal.rules import Rule
from belplan.rehearsal.tape import Recorded, text_of
from belplan.webhook import Policy, Webhooks

LONGEST = 10.0  # seconds that a webhook's timeout can be: whoever asks has gone by then


@dataclass(frozen=True, slots=True)
class Seen:
    """A request, before it is answered. `signature` is "", "right", or what is wrong with it."""

    number: int
    method: str
    target: str
    webhook_id: str
    fields: Mapping[str, str]
    body: str
    signature: str
    repeat: bool
    problem: str = ""
    """What is wrong with the body of a POST."""


@dataclass(slots=True)
class StandIn:
    """Listens on an address for as long as the `async with` block runs. Its rules may be changed meanwhile.

    `ask`: each request waits for a line from `answer_next`, at most ten seconds.
    """

    show: Callable[[Seen], None]
    told: Callable[[Seen, Rule], None]
    rules: Sequence[Rule] = ()
    standing: Rule = field(default_factory=Rule)
    """The answer where no rule holds."""
    secrets: tuple[str, ...] = ()
    record: TextIO | None = None
    replay: Sequence[Recorded] = ()
    ask: bool = False
    listen: str = "127.0.0.1"
    port: int = 8090
    _page: Page = field(init=False)
    _waiting: list[asyncio.Future[Rule]] = field(default_factory=list["asyncio.Future[Rule]"])
    _ids: set[str] = field(default_factory=set[str])
    _numbers: "count[int]" = field(default_factory=lambda: count(1))
    _played: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    _running: AsyncExitStack = field(default_factory=AsyncExitStack)

    def __post_init__(self) -> None:
        self._page = Page(self.type, lambda: self.standing, self._ask_itself)

    async def __aenter__(self) -> Self:
        application = web.Application(client_max_size=64 * 1024)
        self._page.add(application)
        application.router.add_route("*", "/{rest:.*}", self._answer)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.2)
        await runner.setup()
        self._running.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, self.listen, self.port).start()
        self.port = runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._running.aclose()

    def type(self, rule: Rule) -> None:
        """What somebody typed: with `ask` the answer of whoever waits longest, else of all that come from now on."""
        if self.ask:
            waiting = next((one for one in self._waiting if not one.done()), None)
            if waiting:
                waiting.set_result(rule)
                return
        self.standing = rule

    async def _ask_itself(self) -> None:
        here = "127.0.0.1" if self.listen in ("0.0.0.0", "::") else self.listen  # noqa: S104  # anywhere is also here
        async with Webhooks(Policy(allow_loopback=True)) as webhooks:
            await Exchange(Target(f"http://{here}:{self.port}/belplan", "POST", self.secrets), webhooks).ask(sample())

    async def _answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        seen = self._look(request, body)
        self.show(seen)
        self._page.seen(seen)
        rule = await self._rule(request, seen)
        await asyncio.sleep(rule.delay)
        self.told(seen, rule)
        self._page.told(seen, rule)
        if self.record:
            recorded = Recorded(seen.method, seen.target, seen.body, rule.status, rule.text, rule.content_type)
            self.record.write(recorded.line())
            self.record.flush()
        headers = {"Content-Type": rule.content_type}
        return web.Response(body=rule.text.encode(), status=rule.status, headers=headers)

    def _look(self, request: web.Request, body: bytes) -> Seen:
        fields: dict[str, str] = {}
        problem = ""
        if request.method == "POST":
            try:
                fields = {str(name): str(value) for name, value in json.loads(body).items()}
            except (ValueError, AttributeError):
                problem = "the body is not a JSON object"
        webhook_id = request.headers.get("webhook-id", "")
        repeat = bool(webhook_id) and webhook_id in self._ids
        self._ids.add(webhook_id)
        signature = ""
        if self.secrets:
            try:
                verify(self.secrets, request.method, request.raw_path, request.headers, body)
                signature = "right"
            except SignatureError as error:
                signature = str(error)
        return Seen(
            next(self._numbers),
            request.method,
            request.raw_path,
            webhook_id,
            fields,
            text_of(body),
            signature,
            repeat,
            problem,
        )

    async def _rule(self, request: web.Request, seen: Seen) -> Rule:
        if seen.signature not in ("", "right"):
            return Rule(answer=seen.signature, status=401)
        if recorded := self._recorded(seen):
            content = recorded.answer
            is_json = recorded.content_type == "application/json"
            values = {"answer": content, "status": recorded.status}
            return Rule.model_validate(values | ({"json": json.loads(content)} if is_json else {}))
        query = {name: str(value) for name, value in request.query.items()}
        for rule in self.rules:
            if rule.holds(seen.method, request.path, query, dict(seen.fields)):
                return rule
        if not self.ask:
            return self.standing
        typed = asyncio.get_running_loop().create_future()
        self._waiting.append(typed)
        try:
            return await asyncio.wait_for(typed, LONGEST)
        except TimeoutError:
            return Rule(status=503)
        finally:
            self._waiting.remove(typed)

    def _recorded(self, seen: Seen) -> Recorded | None:
        """What was answered to the same caller on the same path: in turn, the last one again and again."""
        asked = Recorded(seen.method, seen.target, seen.body, 200, "")
        key = (f"{seen.method} {seen.target}", asked.caller)
        same = [one for one in self.replay if (f"{one.method} {one.target}", one.caller) == key and one.status != 401]
        if not same:
            return None
        turn = self._played[key]
        self._played[key] += 1
        return same[min(turn, len(same) - 1)]
