"""The webhook: ok, error and no answer; and a caller who does not wait for it."""

import pytest

from belplan.webhook.exchange import REASONS

BUSY_PLAN = """
dial_plans:
  - name: Rond
    internal_number: "1003"
    route:
      - webhook: {method: GET, url: "https://x.example.nl/", save_as: een}
      - goto: {dial_plan: Rond}
"""
TWO = """
dial_plans:
  - name: Twee
    internal_number: "1003"
    route:
      - webhook: {method: GET, url: "https://x.example.nl/a", save_as: een, timeout: 3}
      - webhook: {method: POST, url: "https://x.example.nl/b?v={een}", timeout: 1}
      - condition: {variable: een, is_set: true, then: [{connect: {to: "201"}}], else: [{connect: {to: "202"}}]}
"""


@pytest.mark.parametrize("reason", REASONS)
async def test_every_fault_goes_on_below(walk, reason):
    result = await walk("invoices.yaml", crm={"fault": reason})
    assert result.trace == [("webhook", "error"), ("condition", "false"), ("connect", "answered")]
    assert result.step("webhook").detail["reason"] == reason
    assert result.variables == {}
    assert result.connected_to == "203"


@pytest.mark.parametrize("status", [301, 304, 400, 404, 429, 500, 503])
async def test_only_2xx_counts(walk, status):
    result = await walk("invoices.yaml", webhooks={"klant": {"text": "openstaand", "status": status}})
    assert result.trace[0] == ("webhook", "error")
    assert result.step("webhook").detail["status"] == status
    assert result.connected_to == "203"


@pytest.mark.parametrize("status", [200, 201, 299])
async def test_every_2xx_counts(walk, status):
    result = await walk("invoices.yaml", webhooks={"klant": {"text": "openstaand", "status": status}})
    assert result.connected_to == "301"


async def test_a_silent_server_costs_its_timeout_and_no_more(walk):
    result = await walk("invoices.yaml", webhooks={"klant": {"fault": "timeout"}})
    assert result.trace[:2] == [("webhook", "timeout"), ("condition", "false")]
    assert result.step("webhook").duration_ms == 2000
    assert result.heard == ["ringing"]
    assert result.silence == 0
    assert result.connected_to == "203"


@pytest.mark.parametrize(("delay", "leave"), [(0, "ok"), (1.99, "ok"), (2.0, "timeout"), (60, "timeout")])
async def test_an_answer_counts_until_the_timeout(walk, delay, leave):
    result = await walk("invoices.yaml", webhooks={"klant": {"text": "openstaand", "delay": delay}})
    assert result.trace[0] == ("webhook", leave)
    assert result.step("webhook").duration_ms == min(delay, 2) * 1000


@pytest.mark.parametrize("reply", ["openstaand", {"fault": "timeout"}, {"text": "openstaand", "delay": 1.5}])
async def test_who_hangs_up_during_a_webhook_makes_nothing_ring(walk, reply):
    result = await walk("invoices.yaml", webhooks={"klant": [{"text": "x", "delay": 1.9}, reply]}, hang_up_after=1)
    assert result.outcome == "abandoned"
    assert result.trace == [("webhook", "abandoned")]
    assert result.rang == []
    assert result.lasted == 1


async def test_a_webhook_does_not_answer_the_call(walk):
    result = await walk(TWO, crm={"text": "", "delay": 0.9}, phones={"202": "busy"})
    assert result.cause == 20
    assert result.outcome == "ended"


async def test_each_webhook_has_its_own_timeout(walk):
    result = await walk(TWO, crm={"text": "a b/c", "delay": 2})
    assert result.trace[:2] == [("webhook", "ok"), ("webhook", "timeout")]
    assert result.asked[1].request.url == "https://x.example.nl/b?v=a%20b%2Fc"
    assert result.connected_to == "201"


async def test_an_empty_answer_sets_the_variable_to_nothing(walk):
    result = await walk(TWO, webhooks={"een": ["  "], "dial_plans[0].route[1].webhook": ""})
    assert result.variables == {"een": ""}
    assert result.connected_to == "202"


async def test_a_webhook_without_a_variable_only_asks(walk):
    result = await walk(TWO, webhooks={"een": "x", "dial_plans[0].route[1].webhook": "openstaand"})
    assert result.variables == {"een": "x"}


async def test_twenty_webhooks_are_enough(walk):
    result = await walk(BUSY_PLAN, crm="x", unchecked=True)
    assert result.trace.count(("webhook", "ok")) == 20
    assert result.trace[-1] == ("webhook", "limit")
    assert len(result.asked) == 20
    assert (result.outcome, result.cause) == ("ended", 20)


async def test_a_plan_that_asks_again_and_fails_forgets_the_first_answer(walk):
    plan = BUSY_PLAN.replace(
        "- goto: {dial_plan: Rond}",
        """\
- menu: {name: nogmaals}
ivr_menus:
  - name: nogmaals
    start: a
    contexts:
      a:
        timeout: 1
        start:
          - webhook: {method: GET, url: "https://x.example.nl/", save_as: twee}
          - condition: {variable: twee, is_set: true, then: [{goto: {context: a}}], else: [{connect: {to: "202"}}]}
""",
    )
    result = await walk(plan, webhooks={"een": "1", "twee": ["ja", {"fault": "reset"}]}, unchecked=True)
    assert result.connected_to == "202"
