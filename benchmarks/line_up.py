"""How long a queue takes to decide, after each thing that happens, whom to ring: with all agents in conversation.

.venv/bin/python -m benchmarks.line_up
"""

import time

from belplan.dialplan.company import Agent, Queue
from belplan.engine.queueing.line_up import LineUp, Standing

AGENTS = 50
TIMES = 200


class Everybody:
    """Is logged in, and in a call."""

    def standing(self, queue: str, agent: str) -> Standing:
        return "in"

    def engaged(self, agent: str) -> bool:
        return True

    def talks_elsewhere(self, agent: str, caller: str) -> bool:
        return False


def measure(callers: int) -> float:
    """Milliseconds."""
    seats = {str(200 + number): 1 for number in range(AGENTS)}
    queue = Queue(name="Support", number="401", agents=tuple(Agent(user=agent) for agent in seats), max_waiting=1000)
    line = LineUp(Everybody())
    for number in range(callers):
        line.join(queue, seats, str(number), number / 10)
        line.ready(str(number))
    began = time.perf_counter()
    for _ in range(TIMES):
        line.departures(200.0)
        line.withdrawals()
        line.offers(200.0)
        line.next_change(200.0)
    return (time.perf_counter() - began) / TIMES * 1000


if __name__ == "__main__":
    for callers in (30, 1000):
        print(f"{callers:5} callers, {AGENTS} agents: {measure(callers):.2f} ms")
