"""`belplan webhook serve` shows what it is asked, and answers what it is told."""

import asyncio
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import ClientSession

from belplan.rehearsal import rules, tape
from belplan.rehearsal.exchange import Exchange, Target, sample
from belplan.rehearsal.grades import compare, passed
from belplan.rehearsal.rules import Rule, RulesError, typed
from belplan.rehearsal.stand_in import StandIn
from belplan.webhook import Answer, Policy, Webhooks

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
RULES = """
- {path: /ticket, query: {nummer: "31207654321"}, answer: "204"}
- {fields: {caller_number: "31612*"}, json: {status: openstaand}}
- {fields: {caller_number: ""}, status: 503}
"""


def playing(stand_in: StandIn, *asked, secrets: tuple[str, ...] = (), path: str = "/belplan", method: str = "POST"):
    """The answers to these callers, one after another. A callable among them is called at its turn."""

    async def play() -> list[Answer]:
        answers: list[Answer] = []
        async with stand_in, Webhooks(Policy(allow_loopback=True)) as webhooks:
            exchange = Exchange(Target(f"http://127.0.0.1:{stand_in.port}{path}", method, secrets), webhooks)
            for one in asked:
                if callable(one):
                    one()
                else:
                    answers.append(await exchange.ask(sample(one), webhook_id=f"msg_{one}"))
        return answers

    return asyncio.run(play())


def stand_in(**changes: object) -> StandIn:
    seen: list[object] = []
    return replace(StandIn(show=seen.append, told=lambda *_: None, port=0, replay=()), **changes)


def test_rules_answer_from_top_to_bottom_and_what_is_typed_answers_the_rest(tmp_path):
    file = tmp_path / "rules.yaml"
    file.write_text(RULES)
    one = stand_in(rules=rules.read(file), standing=typed("nieuw"))
    answers = playing(one, "31612345678", "", "31201", lambda: one.type(typed("!404 ~0.01 weg")), "31202")
    assert [(answer.status, answer.text) for answer in answers] == [
        (200, '{"status": "openstaand"}'), (503, ""), (200, "nieuw"), (404, ""),
    ]  # fmt: skip
    other = stand_in(rules=rules.read(file))
    got = playing(other, "31207654321", "31201", path="/ticket?nummer={caller_number}", method="GET")
    assert [answer.text for answer in got] == ["204", ""]


def test_each_request_is_shown_with_its_repeats_and_its_signature():
    seen = []
    one = stand_in(show=seen.append, secrets=(SECRET,), standing=typed("ja"))
    answers = playing(one, "31612345678", "31612345678", secrets=(SECRET,))
    assert [answer.text for answer in answers] == ["ja", "ja"]
    assert [(one.number, one.signature, one.repeat) for one in seen] == [(1, "right", False), (2, "right", True)]
    assert seen[0].fields["caller_number"] == "31612345678"
    refused = playing(stand_in(show=seen.append, secrets=(SECRET,)), "31612345678")
    assert refused[0].status == 401
    assert "missing" in seen[-1].signature


def test_what_is_typed_answers_the_request_that_waits():
    one = stand_in(ask=True)
    one.show = lambda _: asyncio.get_running_loop().call_later(0.01, one.type, typed("openstaand"))
    assert playing(one, "31612345678")[0].text == "openstaand"


def test_a_browser_here_sees_each_request_and_sets_the_answer():
    async def look() -> None:
        async with stand_in(secrets=(SECRET,)) as one, ClientSession(f"http://127.0.0.1:{one.port}") as browser:
            page = await (await browser.get("/_belplan/")).text()
            assert "page.js" in page
            async with browser.get("/_belplan/events") as events:
                assert await told(events) == {"standing": {"text": "", "status": 200, "delay": 0.0}}
                assert (await browser.post("/_belplan/answer", json={"line": "openstaand"})).status == 200
                assert (await told(events))["standing"]["text"] == "openstaand"
                assert (await browser.post("/_belplan/example", json={})).status == 200
                seen = (await told(events))["seen"]
                assert (seen["method"], seen["signature"], len(seen["fields"])) == ("POST", "right", 12)
                assert (await told(events))["answer"]["text"] == "openstaand"
            refused = await browser.post("/_belplan/answer", json={"line": "!9"})
            assert refused.status == 422
            assert "a status is 100 to 599" in (await refused.json())["problem"]

    asyncio.run(look())


def test_another_site_sees_nothing_and_sets_nothing():
    async def look() -> None:
        async with stand_in() as one, ClientSession(f"http://127.0.0.1:{one.port}") as browser:
            elsewhere = {"Host": "crm.example.nl"}
            assert (await browser.get("/_belplan/events", headers=elsewhere)).status == 404
            assert (await browser.post("/_belplan/answer", json={"line": "x"}, headers=elsewhere)).status == 404
            assert (await browser.post("/_belplan/answer", data='{"line": "x"}')).status == 415
            assert one.standing == Rule()

    asyncio.run(look())


async def told(events) -> dict:
    """The next event of a stream."""
    line = await events.content.readline()
    await events.content.readline()
    return json.loads(line.removeprefix(b"data: "))


def test_what_was_recorded_is_played_again_from_both_sides(tmp_path):
    file = tmp_path / "calls.jsonl"
    words = iter(["nieuw", "bekend"])
    with file.open("a") as record:
        one = stand_in(record=record)
        one.show = lambda _: setattr(one, "standing", Rule(answer=next(words)))
        playing(one, "31612345678", "31612345678")
    recorded = tape.read(file)
    assert [(one.caller, one.answer) for one in recorded] == [("31612345678", "nieuw"), ("31612345678", "bekend")]
    again = playing(stand_in(replay=recorded), "31612345678", "31612345678", "31612345678", "31201")
    assert [answer.text for answer in again] == ["nieuw", "bekend", "bekend", ""]

    async def sent_to(other: StandIn):
        async with other:
            return await compare(Target(f"http://127.0.0.1:{other.port}/belplan"), recorded)

    assert passed(asyncio.run(sent_to(stand_in(replay=recorded))))
    graded = asyncio.run(sent_to(stand_in(standing=typed("nieuw"))))
    assert [one.finding.grade for one in graded] == ["pass", "fail"]


@pytest.mark.parametrize(
    ("text", "said"),
    [("- {answr: x}", "rule 0.answr"), ("- [", "not YAML"), ("- {status: 99}", "rule 0.status"), ("x: 1", "list")],
)
def test_rules_that_cannot_be_used_are_said(tmp_path, text, said):
    file = tmp_path / "rules.yaml"
    file.write_text(text)
    with pytest.raises(RulesError, match=said):
        rules.read(file)


def test_a_line_is_a_text_a_status_a_delay():
    assert typed("openstaand\n") == Rule(answer="openstaand")
    assert typed("~1.5 !503 later").model_dump(include={"answer", "status", "delay"}) == {
        "answer": "later", "status": 503, "delay": 1.5,
    }  # fmt: skip
    assert typed('{"a": 1}').content_type == "application/json"
    for wrong in ("!x", "~y", "!99", "{", "~99"):
        with pytest.raises(RulesError):
            typed(wrong)


def test_the_command_grades_the_command(tmp_path: Path):
    run = [sys.executable, "-c", "from belplan.cli import main; main()", "webhook"]
    serving = subprocess.Popen(
        [*run, "serve", "--port", "0", "--answer", "openstaand"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={"PYTHONUNBUFFERED": "1", "NO_COLOR": "1"},
    )  # fmt: skip
    try:
        url = serving.stdout.readline().split()[1]
        sent = subprocess.run(
            [*run, "send", url, "--timeout", "10", "--json", "--junit", tmp_path / "grades.xml"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        document = json.loads(sent.stdout)
        assert (sent.returncode, document["passed"]) == (0, True), document
        assert "<testsuite" in (tmp_path / "grades.xml").read_text()
    finally:
        serving.terminate()
        shown = serving.communicate()[0]
    assert "caller_number" in shown
    assert "← 200 openstaand" in shown
