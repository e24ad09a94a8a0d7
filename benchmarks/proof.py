"""How long a proof takes, and whether any call does what it excluded.

python -m benchmarks.proof                  # the demo company, and companies of 100, 300 and 1,000 items
python -m benchmarks.proof --plans 100000   # random calls, held against the proofs of so many random plans
python -m benchmarks.proof --plans 20000 --first 20001   # the same in pieces, from another seed on
"""

import argparse
import asyncio
import logging
import sys
import time
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import structlog

from belplan.apps import APPS
from belplan.dialplan.check import read, read_value
from belplan.dialplan.company import Company
from belplan.dialplan.places import tops
from belplan.engine.clock import VirtualLoop
from belplan.proof import prove
from belplan.simulation import NoWebhooks
from tests.unit.proof.random_plans import broken, caller, company

DEMO = Path(__file__).parents[1] / "src/belplan/demo/company.yaml"


def large(items: int) -> Company:
    """A company as they grow: a plan for each department, with hours, a CRM, cases, a menu, and phones behind them."""
    departments = max(1, items // 30)
    plans: list[dict[str, Any]] = []
    menus: list[dict[str, Any]] = []
    for at in range(departments):
        to = [str(200 + (at * 3 + one) % 60) for one in range(4)]
        ring = [{"connect": {"to": number, "timeout": 15}} for number in to]
        name = f"v{at}"
        cases = {word: [ring[one % 4]] for one, word in enumerate(("openstaand", "vip", "ticket", "nieuw"))}
        menus.append(
            {
                "name": f"menu{at}",
                "start": "nl",
                "contexts": {
                    "nl": {
                        "start": [{"announce": {"say": "Kies."}}],
                        "keys": {str(key): [ring[key % 4]] for key in range(1, 6)},
                        "no_input": [{"goto": {"context": "nl"}}],
                    }
                },
            }
        )
        route: list[dict[str, Any]] = [
            {"time": {"when": "open", "invert": True, "then": [{"announce": {"say": "Dicht."}}, {"hangup": {}}]}},
            {"diversion": {"name": f"d{at % 5}", "then": [ring[0]]}},
            {"webhook": {"method": "POST", "url": "https://crm.example.nl/", "save_as": name, "on_timeout": [ring[1]]}},
            {"switch": {"variable": name, "cases": cases}},
            {"condition": {"variable": name, "starts_with": "A", "then": [{"announce": {"say": "A."}}, ring[2]]}},
            {"condition": {"variable": "caller_number", "country": "DE", "then": [ring[3]]}},
            {"condition": {"variable": "caller_number", "mobile": True, "then": [{"announce": {"say": "Mobiel."}}]}},
            {"webhook": {"method": "GET", "url": "https://crm.example.nl/wie", "save_as": f"{name}_wie"}},
            {
                "condition": {
                    "variable": f"{name}_wie",
                    "is_set": True,
                    "then": [{"connect": {"to": f"{{{name}_wie}}"}}],
                }
            },
            {"menu": {"name": f"menu{at}"}},
            ring[0],
        ]
        if at + 1 < departments:
            route.append({"goto": {"dial_plan": f"Afdeling {at + 1}"}})
        plans.append({"name": f"Afdeling {at}", "internal_number": str(1000 + at), "route": route})
    users = [
        {"name": f"U{n}", "number": str(n), "phones": [{"username": f"u{n}", "password": "x"}]} for n in range(200, 260)
    ]
    found, problems = read_value(
        {
            "company": {"name": "Groot", "last_resort": "200"},
            "trunks": [{"name": "p", "host": "127.0.0.1", "numbers": ["31102380095"]}],
            "users": users,
            "diversions": [{"name": f"d{one}", "code": str(one)} for one in range(5)],
            "time_conditions": [
                {
                    "name": "open",
                    "weekdays": [{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "08:30", "to": "17:00"}],
                }
            ],
            "ivr_menus": menus,
            "dial_plans": plans,
            "rules": [
                {"never": {"to": "+49*"}},
                {"within": 60},
                {"always": {"reach": "person"}, "when": {"time": "open"}},
            ],
        },
        APPS,
    )
    if found is None:
        raise SystemExit(str(problems[:3]))
    return found


def timed(name: str, found: Company) -> None:
    """Prove a company and say how long it took."""
    items = sum(len(top.everything) for top in tops(found))
    proof = prove(found)
    verdicts = ", ".join(judged.verdict for judged in proof.rules)
    came = f"not finished: {proof.unfinished}" if proof.unfinished else f"{proof.places} places {verdicts}"
    print(f"{name:<24}{items:5} items {proof.took:8.2f} s   {came}")


def held(plans: int, calls: int, first: int) -> int:
    """Hold random calls against the proofs of random plans. Gives how many the proof had excluded.

    `first` is the seed of the first plan: each next one has the next. A seed that makes a plan with problems, or one
    whose proof comes to no end within 20 s, is not one of the `plans`.
    """
    began, walked, proven, unfinished, wrong, seed = time.monotonic(), 0, 0, 0, 0, first
    while proven < plans:
        random = Random(seed)
        seed += 1
        found = company(random)
        if found is None:
            continue
        proof = prove(found, budget=20, first=date(2026, 1, 1))
        if proof.unfinished:
            unfinished += 1
            continue
        proven += 1
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            for _ in range(calls):
                walked += 1
                if one := runner.run(broken(proof, caller(random, found), NoWebhooks())):
                    wrong += 1
                    print(f"plan {seed - 1}: {one.what}")
        if proven % 1000 == 0 or proven == plans:
            spent = time.monotonic() - began
            print(
                f"seeds {first} to {seed - 1}: {walked} calls through {proven} plans, {wrong} that the proof excluded; "
                f"{unfinished} proofs not finished; {spent:.0f} s",
                flush=True,
            )
    return wrong


def main() -> int:
    """Measure, or hold calls against proofs."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    parser = argparse.ArgumentParser(prog="python -m benchmarks.proof")
    parser.add_argument("--plans", type=int, help="hold calls against the proofs of so many random plans")
    parser.add_argument("--calls", type=int, default=1, help="through each plan")
    parser.add_argument("--first", type=int, default=1, help="seed of the first plan")
    asked = parser.parse_args()
    if asked.plans:
        return min(held(asked.plans, asked.calls, asked.first), 1)
    demo = read(DEMO.read_text(), APPS, secrets=lambda name: True)[0]
    if demo:
        timed("demo company", demo)
    for size in (100, 300, 1000):
        timed(f"{size} items", large(size))
    return 0


if __name__ == "__main__":
    sys.exit(main())
