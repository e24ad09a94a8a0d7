"""The proof of a plan: who can be rung and when, what goes wrong, which rules hold; each shown by a call."""

import json
import shlex
from datetime import date

import pytest

from belplan.apps import APPS
from belplan.cli import app
from belplan.dialplan.check import read
from belplan.proof import prove
from tests.unit.why.test_why import DEMO

PLAN = """
company: {name: Voorbeeld}
trunks: [{name: p, host: 127.0.0.1, numbers: ["31102380095"]}]
users:
  - {name: Receptie, number: "203", phones: [{username: r, password: x}]}
  - {name: Anna, number: "201", phones: [{username: a, password: x}]}
ring_groups: [{name: Finance, number: "301", members: ["201"]}]
diversions: [{name: lunch, code: "1"}]
time_conditions: [{name: kantooruren, weekdays: [{days: [mon, tue, wed, thu, fri], from: "08:30", to: "17:00"}]}]
ivr_menus:
  - name: keuze
    start: nl
    contexts: {nl: {timeout: 4, start: [], keys: {"1": [connect: {to: "201"}]}, no_input: [goto: {context: nl}]}}
dial_plans:
  - name: Hoofdnummer
    internal_number: "1003"
    route: ROUTE
"""
ROUTE = """
      - time: {when: kantooruren, invert: true, then: [{announce: {say: Dicht.}}, {hangup: {}}]}
      - diversion: {name: lunch, then: [{connect: {to: "201"}}]}
      - webhook: {method: POST, url: "https://crm.example.nl/x", save_as: klant}
      - condition: {variable: klant, equals: openstaand, then: [{connect: {to: "301"}}]}
      - condition: {variable: klant, starts_with: vip, ignore_case: true, then: [{connect: {to: "0687654321"}}]}
      - condition: {variable: caller_number, country: DE, then: [{connect: {to: "301", timeout: 10}}]}
      - connect: {to: "203"}
"""


def proof_of(route=ROUTE, *rules):
    text = PLAN.replace("ROUTE", route)
    if rules:
        text += "rules:\n" + "".join(f"  - {rule}\n" for rule in rules)
    company, problems = read(text, APPS)
    assert company, problems
    return prove(company, first=date(2026, 1, 1))


def test_who_can_be_rung_and_when():
    reached = {one.number: one.when for one in proof_of().reached}
    assert reached["201"] == ("lunch is on and within kantooruren",)
    assert reached["203"] == ("within kantooruren",)
    assert "klant is “openstaand” and within kantooruren" in reached["301"]
    assert reached.keys() == {"201", "203", "301", "31687654321"}


def test_ways_that_ring_nobody_and_ways_that_end_in_silence():
    (closed,) = proof_of().nobody
    assert (closed.path, closed.exit) == ("dial_plans[0].route[0].time.then[1].hangup", "ended")
    assert closed.call.walked.heard == ("say: Dicht.",)
    forgotten = proof_of('\n      - condition: {mobile: true, then: [connect: {to: "201"}]}\n')
    assert forgotten.silent[0].call.walked.outcome == "ended"
    assert not forgotten.silent[0].call.walked.heard
    assert not proof_of().silent


def test_an_item_that_no_value_leads_to_is_found():
    never = """
      - condition:
          mobile: true
          then: [{condition: {anonymous: true, then: [{connect: {to: "201"}}]}}]
      - connect: {to: "203"}
"""
    assert proof_of(never).unwalked[-1] == "dial_plans[0].route[0].condition.then[0].condition.then[0].connect"


def test_the_longest_way_and_the_longest_silence():
    proof = proof_of()
    # Finance in vain twice, and the reception: whoever has a bill is not a vip as well.
    assert proof.longest == pytest.approx(proof.longest_call.seconds)
    assert proof.longest_call.walked
    assert proof.silence == 0
    menu = proof_of("\n      - menu: {name: keuze}\n")
    assert menu.longest == menu.silence == float("inf")
    assert menu.as_json()["silence"]["seconds"] is None


@pytest.mark.parametrize(
    ("rule", "verdict"),
    [
        ('{only: {to: "301"}, when: {variable: klant, equals: openstaand}}', "refuted"),
        ('{only: {to: "301"}, when: {time: kantooruren}}', "proven"),
        ('{only: {to: "0687654321"}, when: {variable: klant, starts_with: VIP, ignore_case: true}}', "proven"),
        ('{only: {to: "201"}, when: {diversion: lunch}}', "refuted"),  # he is in Finance
        ('{never: {to: "+49*"}}', "proven"),
        ('{never: {to: "203"}, when: {variable: klant, equals: openstaand}}', "refuted"),
        ('{never: {to: "203"}, when: {diversion: lunch}}', "refuted"),
        ('{never: {to: "203"}, when: {time: kantooruren, invert: true}}', "proven"),
        ("{always: {reach: person}}", "refuted"),
        ("{always: {reach: person}, when: {time: kantooruren}}", "proven"),
        ('{always: {to: "203"}, when: {time: kantooruren}}', "refuted"),
        ("{always: {hear: speech}}", "refuted"),
        ("{within: 60, when: {time: kantooruren}}", "proven"),
        ("{within: 1.5, when: {time: kantooruren}}", "refuted"),
        ("{silence_at_most: 1.5}", "proven"),
        (
            '{never: {to: "301"}, when: {all: [{mobile: true}, {country: NL}, {variable: klant, equals: nieuw}]}}',
            "proven",
        ),
        ('{never: {to: "301"}, when: {any: [{country: DE}, {variable: klant, equals: nieuw}]}}', "refuted"),
    ],
)
def test_a_rule_is_proven_or_refuted_by_a_call(rule, verdict):
    (judged,) = proof_of(ROUTE, rule).rules
    assert judged.verdict == verdict, judged.why
    assert (judged.call is not None and judged.call.walked is not None) is (verdict == "refuted")


def test_a_member_of_a_group_that_rings_in_turn_is_not_always_rung():
    route, rule = '\n      - connect: {to: "302"}\n', '{always: {to: "203"}}'
    group = 'ring_groups: [{name: Beurt, number: "302", members: ["201", "203"], strategy: STRATEGY}, '
    for strategy, verdict in (("all", "proven"), ("in_order", "refuted")):
        text = PLAN.replace("ROUTE", route).replace("ring_groups: [", group.replace("STRATEGY", strategy))
        company, problems = read(f"{text}rules:\n  - {rule}\n", APPS)
        assert company, problems
        (judged,) = prove(company, first=date(2026, 1, 1)).rules
        assert judged.verdict == verdict


def test_the_command_of_a_counterexample_repeats_it(tmp_path, capsys):
    rule = '{only: {to: "301"}, when: {variable: klant, equals: openstaand}}'
    plan = tmp_path / "plan.yaml"
    plan.write_text(PLAN.replace("ROUTE", ROUTE) + f"rules:\n  - {rule}\n")
    assert app(["prove", str(plan), "--json"], exit_on_error=False, result_action="return_value") == 1
    (told,) = json.loads(capsys.readouterr().out)["rules"]
    assert told["verdict"] == "refuted"
    words = shlex.split(told["call"]["command"].replace("PLAN", str(plan)))
    assert app([*words[1:], "--json"], exit_on_error=False, result_action="return_value") == 0
    record = json.loads(capsys.readouterr().out)
    assert record["connected_to"] == "301"
    assert record["variables"].get("klant") != "openstaand"
    assert [{"path": step["path"], "exit": step["exit"]} for step in record["trace"]] == told["call"]["trace"]


def test_an_app_of_which_nothing_is_known_may_do_anything(monkeypatch):
    from belplan.proof import facts

    route = '\n      - announce: {say: Hallo.}\n      - connect: {to: "203"}\n'
    assert proof_of(route, "{within: 60}").rules[0].verdict == "proven"
    monkeypatch.delitem(facts.FACTS, "announce")
    judged = proof_of(route, "{within: 60}").rules[0]
    assert judged.verdict == "open"
    assert "nobody knows how long dial_plans[0].route[0].announce takes" in judged.why


def test_a_budget_that_is_too_small_is_said():
    company, _ = read(DEMO.read_text(), APPS, secrets=lambda name: True)
    proof = prove(company, budget=0.0)
    assert proof.unfinished.endswith("and there are more")
    assert not proof.rules


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ('{never: {to: "999"}}', "nobody has the number 999"),
        (
            '{never: {to: "201"}, when: {time: kantoor}}',
            'there is no time condition "kantoor" (did you mean "kantooruren"?)',
        ),
        ('{never: {to: "201"}, when: {variable: klnt, equals: x}}', 'no webhook sets "klnt" (did you mean "klant"?)'),
        ("{never: {}}", "to"),
        ('{never: {to: "201"}, within: 3}', "a rule says one thing"),
        ('{only: {to: "201"}}', "only needs when"),
    ],
)
def test_a_rule_about_what_is_not_there_is_refused(rule, message):
    company, problems = read(PLAN.replace("ROUTE", ROUTE) + f"rules:\n  - {rule}\n", APPS)
    assert company is None
    assert any(message in problem.message and problem.path.startswith("rules[0]") for problem in problems), problems


def test_the_demo_company_takes_seconds():
    company, _ = read(DEMO.read_text(), APPS, secrets=lambda name: True)
    proof = prove(company)
    assert not proof.unfinished
    assert not proof.unwalked
    assert proof.took < 5
