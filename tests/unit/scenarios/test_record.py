"""A scenario that is recorded from a call passes."""

import asyncio
from pathlib import Path

import pytest

from belplan.apps import APPS
from belplan.dialplan import load
from belplan.dialplan.company import Company
from belplan.drivers.simulator import Press, Reaction, Reply
from belplan.scenarios import record, source
from belplan.scenarios.run import Bench, FileResult
from belplan.simulation import Caller, NoWebhooks, VirtualLoop, observe
from belplan.webhook.exchange import Answer

PLAN = """
company: {name: Voorbeeld BV}
users:
  - {name: Anna, number: "201", phones: [{username: anna, password: x}]}
  - {name: Bram, number: "202", phones: [{username: bram, password: x}]}
ring_groups: [{name: Finance, number: "301", members: ["201", "202"], strategy: in_order}]
ivr_menus:
  - name: m
    start: a
    contexts:
      a:
        start: [{announce: {say: "Kies maar."}}]
        keys: {"1": [{connect: {to: "202"}}], "2": []}
        no_input: [{goto: {context: a}}]
dial_plans:
  - name: Hoofd
    internal_number: "1003"
    external_numbers: ["31102380095"]
    route:
      - webhook: {method: POST, url: "https://x.example.nl/a", save_as: klant}
      - condition: {variable: klant, equals: open, then: [{connect: {to: "301"}}]}
      - menu: {name: m}
      - webhook: {method: POST, url: "https://x.example.nl/b"}
      - goto: {dial_plan: Tweede}
  - name: Tweede
    internal_number: "1004"
    route:
      - webhook: {method: GET, url: "https://x.example.nl/c", save_as: klant}
      - connect: {to: "201"}
"""
OK = {
    "klant": Answer("ok", "open"),
    "dial_plans[0].route[3].webhook": Answer("ok", "-", 204),
    "dial_plans[1].route[0].webhook": (Reply(Answer("error", reason="tls")),),
}
CALLS = {
    "straight": Caller("1003", replies=OK),
    "withheld": Caller("010 2380095", number="", replies=OK),
    "in turn": Caller("1003", replies=OK, reactions={"201": Reaction("busy"), "202": Reaction(after=4, talks=7)}),
    "twice": Caller(
        "1003", replies=OK, reactions={"201": [Reaction("no_answer"), Reaction()], "202": Reaction("failed")}
    ),
    "menu": Caller("1003", replies={**OK, "klant": Answer("ok", "")}, keys="1"),
    "menu without a key": Caller("1003", replies={**OK, "klant": Answer("ok", "x")}, keys=["", "2"]),
    "key during the prompt": Caller(
        "1003", replies={**OK, "klant": Answer("timeout")}, presses=[Press("2", 0.1, "Kies"), Press("9", 500)]
    ),
    "slow": Caller("1003", replies={**OK, "klant": (Reply(Answer("ok", "open"), 1.5),)}),
    "too slow": Caller("1003", replies={**OK, "klant": (Reply(Answer("ok", "open"), 5),)}, keys="1"),
    "hung up": Caller("1003", replies={**OK, "klant": (Reply(Answer("ok", "open"), 1.5),)}, hang_up_after=1),
    "status": Caller("1003", replies={**OK, "klant": Answer("error", reason="status", status=503)}, keys="1"),
}


@pytest.fixture(scope="module")
def company() -> Company:
    return load.load(load.parse(PLAN)[0], APPS).company


def passes(company: Company, text: str, folder: Path) -> FileResult:
    file = folder / "recorded.scenario.yaml"
    file.write_text(text, encoding="utf-8")
    (folder / "plan.yaml").write_text(PLAN, encoding="utf-8")
    with Bench(lambda _: company) as bench:
        return bench.file(file)


@pytest.mark.parametrize("name", CALLS)
def test_a_recorded_call_passes(company: Company, name: str, tmp_path: Path) -> None:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        call = runner.run(observe(company, CALLS[name], NoWebhooks()))
    text = record.scenario(company, call.record, CALLS[name], call.asked)
    result = passes(company, text, tmp_path)
    assert not result.problems, [str(problem) for problem in result.problems] + [text]
    assert not result.failed, [str(one) for one in result.failed[0].differences] + [text]


@pytest.mark.parametrize("name", CALLS)
def test_the_record_alone_is_enough_for_the_same_way(company: Company, name: str, tmp_path: Path) -> None:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        call = runner.run(observe(company, CALLS[name], NoWebhooks()))
    text = record.scenario(company, call.record)
    result = passes(company, text, tmp_path)
    assert not result.problems, [str(problem) for problem in result.problems] + [text]
    assert not result.failed, [str(one) for one in result.failed[0].differences] + [text]


def test_what_is_written_can_be_read(company: Company) -> None:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        call = runner.run(observe(company, CALLS["straight"], NoWebhooks()))
    text = record.scenario(company, call.record, CALLS["straight"], call.asked, plan="../plan.yaml")
    plan, (written,) = source.read(text)
    assert plan == "../plan.yaml"
    assert written.scenario.name == "31612345678 calls 1003: is connected to 301"
    assert "- [dial_plans[0].route[0].webhook" not in text  # brackets in a row are quoted
    assert "klant: open\n" in text
