"""No call takes a way, or breaks a rule, that the proof excluded: plans and calls at random.

`python -m benchmarks.proof --plans 100000` does the same with so many.
"""

import asyncio
from datetime import date
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from belplan.engine.clock import VirtualLoop
from belplan.proof import prove
from belplan.simulation import NoWebhooks
from tests.unit.proof.random_plans import broken, caller, company

CALLS = 25  # through each plan


@given(st.integers(0, 2**32))
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_call_does_what_the_proof_excluded(seed):
    random = Random(seed)
    found = company(random)
    if found is None:
        return
    proof = prove(found, budget=5, first=date(2026, 1, 1))
    if proof.unfinished:
        return
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        for _ in range(CALLS):
            wrong = runner.run(broken(proof, caller(random, found), NoWebhooks()))
            assert wrong is None, (wrong.what, [(step.path, step.exit) for step in wrong.call.record.trace])
