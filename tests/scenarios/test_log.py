"""What is logged while a call is walked says which call it is."""

from structlog.contextvars import get_contextvars

from belplan.scenarios.against import Plan
from belplan.scenarios.format import Scenario
from belplan.scenarios.run import NOBODY, caller_of
from belplan.scenarios.source import Written
from belplan.simulation import observe
from tests.scenarios.conftest import company


async def test_a_line_has_the_id_of_the_call_that_it_is_about():
    there = company("invoices.yaml")
    asked = dict.fromkeys(Plan(there).webhooks.values(), "openstaand")
    scenario = Scenario.model_validate({"name": "x", "call": {"to": "31102380095"}, "webhooks": asked})
    found: list[tuple[str, object]] = []
    await observe(
        there,
        caller_of(there, Written(scenario, "", 0, {}, ())),
        NOBODY,
        lambda event: found.append((event.what, get_contextvars().get("call"))),
        call_id="this-one",
    )
    on_the_way = {call for what, call in found if what not in ("arrived", "ended")}
    assert len(found) > 5
    assert on_the_way == {"this-one"}
    assert "call" not in get_contextvars()
