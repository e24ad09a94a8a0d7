"""Who watches a company sees its agents come and go, also by phone."""

import asyncio

from belplan.apps import APPS
from belplan.dialplan.load import load
from belplan.engine.engaged import Engaged
from belplan.engine.events import Events
from belplan.engine.queueing.lines import Queues
from belplan.engine.state import State


def test_an_agent_who_logs_in_is_told_with_the_company():
    users = [{"name": "Anna", "number": "201"}]
    queues = [{"name": "Support", "number": "401", "agents": [{"user": "201"}]}]
    raw = {"company": {"name": "X", "id": "1" * 32}, "users": users, "queues": queues, "dial_plans": []}
    company = load(raw, APPS).company
    seen = []

    async def log_in():
        Queues(State(lambda _: None), Engaged(), Events(seen.append)).change(company, "201", "pause")

    asyncio.run(log_in())
    assert [(event.what, event.facts["company"], event.facts["agent"]) for event in seen] == [
        ("queue", "1" * 32, "201")
    ]
