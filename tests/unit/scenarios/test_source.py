"""Reading scenario files: short forms, shared fields, and mistakes with their places."""

import re
from pathlib import Path

import pytest

from belplan.dialplan.problem import PlanError
from belplan.drivers.simulator import Press, Reaction, Reply
from belplan.memory import WORDS
from belplan.scenarios import source
from belplan.scenarios.expect import Expectation
from belplan.scenarios.format import LoneScenario
from belplan.scenarios.source import Written
from belplan.webhook.exchange import Answer

LONE = """
name: Een
call: {to: "1003"}
expect: {outcome: connected}
"""


def one(text: str) -> Written:
    _, (written,) = source.read(LONE + text)
    return written


def said(text: str) -> list[str]:
    with pytest.raises(PlanError) as caught:
        source.read(text)
    return [str(problem) for problem in caught.value.problems]


def test_a_reply_may_be_written_short() -> None:
    scenario = one("""
webhooks:
  a: open
  b: 007
  c: {text: x, status: 503}
  d: {fault: timeout}
  e: {fault: tls, delay: 1}
  f: [eerst, {text: daarna, delay: 1.5}]
  g: {json: {status: open}}
""").scenario
    assert scenario.replies() == {
        "a": (Reply(Answer("ok", "open", 200)),),
        "b": (Reply(Answer("ok", "007", 200)),),
        "c": (Reply(Answer("error", reason="status", status=503)),),
        "d": (Reply(Answer("timeout"), float("inf")),),
        "e": (Reply(Answer("error", reason="tls"), 1),),
        "f": (Reply(Answer("ok", "eerst", 200)), Reply(Answer("ok", "daarna", 200), 1.5)),
        "g": (Reply(Answer("ok", '{"status": "open"}', 200, content_type="application/json")),),
    }


@pytest.mark.parametrize(
    ("text", "in_turn", "presses"),
    [
        ('keys: "91"', ("9", "1"), ()),
        ("keys: 07", ("0", "7"), ()),
        ('keys: ["", "1"]', ("", "1"), ()),
        ('keys: [{press: "12"}, {after: 1.5, press: "#"}]', ("1", "2"), (Press("#", 1.5),)),
        ('keys: [{during: "say: Welkom", press: "2"}]', (), (Press("2", 0, "say: Welkom"),)),
        ("keys: {after: 2, press: 3}", (), (Press("3", 2),)),
    ],
)
def test_keys_may_be_written_short(text: str, in_turn: tuple[str, ...], presses: tuple[Press, ...]) -> None:
    scenario = one(text).scenario
    assert (scenario.keys_in_turn(), scenario.presses()) == (in_turn, presses)


def test_phones_may_be_written_short() -> None:
    scenario = one("phones: {201: busy, 202: {after: 5}, 203: [no_answer, {does: answer, talks: 3}]}").scenario
    assert scenario.reactions() == {
        "201": (Reaction("busy"),),
        "202": (Reaction("answer", 5),),
        "203": (Reaction("no_answer"), Reaction("answer", talks=3)),
    }


def test_what_stands_at_the_top_holds_for_every_scenario() -> None:
    plan, (first, second) = source.read("""
plan: ../plan.yaml
call: {from: 0612345678, to: "1003"}
webhooks: {a: x, b: y}
keys: "1"
expect: {outcome: connected, within: {answer: 10}}
scenarios:
  - {name: Eerste, expect: {connected_to: 201}}
  - name: Tweede
    call: {from: ""}
    webhooks: {b: z}
    keys: []
    expect: {outcome: ended}
""")
    assert plan == "../plan.yaml"
    assert first.scenario.expect.model_fields_set == {"outcome", "within", "connected_to"}
    assert (first.scenario.call.caller, first.scenario.keys_in_turn()) == ("0612345678", ("1",))
    assert (second.scenario.call.caller, second.scenario.call.to) == ("", "1003")
    assert set(second.scenario.replies()) == {"a", "b"}
    assert second.scenario.replies()["b"] == (Reply(Answer("ok", "z", 200)),)
    assert second.scenario.keys_in_turn() == ()
    assert second.scenario.expect.outcome == "ended"
    assert (first.path, first.line, second.path, second.line) == ("scenarios[0]", 8, "scenarios[1]", 9)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: x\ncal: {to: '1'}", '2:1: cal: there is no setting "cal" (did you mean "call"?) [unknown-field]'),
        (LONE + "call: {to: 1}", '5:1: call: "call" stands here twice, first in line 3; keep one [duplicate-key]'),
        (LONE + "phones: {201: bsy}", "5:10: phones.201: must be 'answer', 'busy', 'no_answer', 'reject' or 'failed'"),
        (LONE + "webhooks: {a: {fault: tmeout}}", '(did you mean "timeout"?)'),
        (LONE + "webhooks: {a: {text: x, fault: tls}}", "webhooks.a: give one of text, json and fault [invalid-value]"),
        (LONE + "webhooks: really", "5:1: webhooks: must be 'real'"),
        (LONE + "webhooks: {a: {status: 99}}", "5:16: webhooks.a.status: must be at least 100"),
        (LONE + "keys: 1a", '"a" is no key; there are 0 to 9, * and #'),
        (LONE + "hang_up_after: straks", "5:1: hang_up_after: must be a number"),
        (LONE + "hang_up_after: -1", "must be at least 0"),
        (
            "name: x\ncall: {to: '1', at: morgen}\nexpect: {cause: 16}",
            "call.at: must be a date and time: write",
        ),
        (
            "name: x\ncall: {to: '1'}\nexpect: {trace: [[a, b, c]]}",
            "3:18: expect.trace[0]: write a step as",
        ),
        ("name: x\ncall: {to: '1'}\nexpect: {trace: {icludes: []}}", '(did you mean "includes"?)'),
        ("name: x\ncall: {to: '1'}\nexpect: {outcome: conected}", '(did you mean "connected"?)'),
        ("name: x\nexpect: {cause: 16}", '1:1: call: "to" is missing: the number that is called [missing-field]'),
        ("name: x\ncall: {to: '1'}", "expect: expect nothing, and nothing is tested"),
        ("call: {to: '1'}\nexpect: {cause: 16}", '"name" is missing'),
        ("scenarios: []", "scenarios: must not be empty"),
        ("- name: x", "a scenario is a mapping"),
        ("name: [", "not YAML"),
        (
            "call: {to: '1'}\nexpect: {cause: 16}\nscenarios:\n - {name: a}\n - {name: a}",
            '5:5: scenarios[1].name: "a" is the name of two scenarios, first in line 4 [duplicate-name]',
        ),
    ],
)
def test_a_mistake_is_said_with_its_place(text: str, message: str) -> None:
    assert any(message in problem for problem in said(text)), said(text)


def test_ten_mistakes_are_ten_messages() -> None:
    text = "name: x\ncall: {a: 1, b: 2, c: 3}\nkeys: [x, y]\nphones: {1: z, 2: z}\nexpect: {d: 1, e: 2, f: 3}\n"
    assert len(said(text)) == 10


def test_the_examples_of_the_documentation_can_be_read() -> None:
    page = (Path(__file__).parents[3] / "docs" / "scenarios.md").read_text(encoding="utf-8")
    whole, *parts = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert len(source.read(whole)[1]) == 2
    for part in parts:
        source.read(f"name: x\ncall: {{to: '1'}}\n{part}" + ("" if "expect:" in part else "\nexpect: {cause: 16}"))


def test_every_field_is_in_the_documentation() -> None:
    page = (Path(__file__).parents[3] / "docs" / "scenarios.md").read_text(encoding="utf-8")
    for model in (LoneScenario, Expectation):
        for name in model.model_fields:
            assert f"| `{name}` |" in page, name
    for word in WORDS:
        assert f"| `{word}` |" in page, word
