"""Webhooks whose answers a script gives, and the others sent for real."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from belplan.engine.clock import real_time
from belplan.webhook.exchange import Answer, Request, Sender


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that takes `delay` seconds. One that takes as long as the request may comes too late."""

    answer: Answer
    delay: float = 0.0


TIMEOUT = Reply(Answer("timeout"), float("inf"))
"""A server that says nothing."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A webhook that was asked in a call: which, what was sent, and what came of it."""

    path: str
    variable: str
    request: Request | None
    """None where only the record of the call is left."""
    answer: Answer
    delay: float
    """Seconds until the answer."""


_UNFINISHED = Answer("timeout", detail="the caller hung up")


class ScriptedSender:
    """Answers the webhooks that are named by their variable or their path; passes the others on.

    Several replies are given in turn, the last one again and again. `asked` keeps every exchange.
    What is passed on takes the time that it really takes, in virtual time too.
    """

    def __init__(self, replies: Mapping[str, Answer | Sequence[Reply]], otherwise: Sender) -> None:
        self._replies = replies
        self._otherwise = otherwise
        self._given: dict[str, int] = {}
        self.asked: list[Asked] = []

    async def send(self, request: Request) -> Answer:
        path, variable = request.path, request.variable
        loop = asyncio.get_running_loop()
        began = loop.time()
        answer = _UNFINISHED
        try:
            reply = self._next(path) or self._next(variable)
            if reply:
                answer = await _late(reply, request)
            else:
                with real_time():
                    answer = await self._otherwise.send(request)
        finally:
            # One that the caller did not wait for was sent all the same, and is answered later than they waited.
            delay = loop.time() - began if answer is not _UNFINISHED else request.timeout
            self.asked.append(Asked(path, variable, request, answer, delay))
        return answer

    def _next(self, name: str) -> Reply | None:
        replies = self._replies.get(name) if name else None
        if replies is None:
            return None
        if isinstance(replies, Answer):
            return Reply(replies)
        given = self._given.get(name, 0)
        self._given[name] = given + 1
        return replies[min(given, len(replies) - 1)]


async def _late(reply: Reply, request: Request) -> Answer:
    if reply.delay >= request.timeout:
        await asyncio.sleep(request.timeout)
        return Answer("timeout", phases={"total": request.timeout * 1000})
    if reply.delay:
        await asyncio.sleep(reply.delay)
    return reply.answer
