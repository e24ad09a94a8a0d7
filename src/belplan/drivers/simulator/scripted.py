"""Webhooks whose answers a script gives, and the others sent for real."""

from collections.abc import Mapping

from belplan.engine.call import Call
from belplan.webhook.exchange import Answer, Request, Sender


class ScriptedSender:
    """Answers the webhooks that are named by their variable or their path; passes the others on."""

    def __init__(self, replies: Mapping[str, Answer], otherwise: Sender) -> None:
        self._replies = replies
        self._otherwise = otherwise
        self.call: Call | None = None

    async def send(self, request: Request) -> Answer:
        if self.call:
            for name in (self.call.path, self.call.detail.get("variable", "")):
                if reply := self._replies.get(name):
                    return reply
        return await self._otherwise.send(request)
