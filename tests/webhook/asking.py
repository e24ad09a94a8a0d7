"""How the tests ask: a client that may reach loopback, and one line to send a webhook."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from belplan.webhook import Answer, Policy, Request, Webhooks

LOCAL = Policy(allow_loopback=True)
PATIENT = replace(LOCAL, failures_in_a_row=10**9, breaker_least=10**9)
"""A breaker that never opens, for tests of other things."""


@asynccontextmanager
async def client(policy: Policy = PATIENT, **options: Any) -> AsyncIterator[Webhooks]:
    async with Webhooks(policy, **options) as webhooks:
        yield webhooks


def request(url: str, **changes: Any) -> Request:
    method = changes.pop("method", "POST")
    body = b'{"caller_number": "31612345678"}' if method == "POST" else None
    return replace(Request("company", method, url, timeout=5, body=body), **changes)


async def ask(url: str, policy: Policy = PATIENT, **changes: Any) -> Answer:
    """One webhook with a client of its own."""
    async with client(policy) as webhooks:
        return await webhooks.send(request(url, **changes))


def came_to(answer: Answer) -> tuple[str, str | None]:
    return answer.outcome, answer.reason
