"""The webhook beyond the manual: JSON, routes of its own, credentials, data diet, cache, early start, waiting sound."""

import hashlib
import hmac
import json

import pytest

from belplan.apps import APPS
from belplan.dialplan.check import read

PLAN = """
company: {{name: Voorbeeld BV, id: 42f30becd4ea93edd284e059427b5ee0}}
users:
  - {{name: Anna, number: "201", phones: [{{username: anna, password: x}}]}}
  - {{name: Bram, number: "202", phones: [{{username: bram, password: x}}]}}
ivr_menus:
  - name: twee keer
    start: een
    contexts:
      een:
        start: [{{webhook: {{method: GET, url: "https://x.example.nl/", save_as: klant, cache: {cache}}}}}]
        keys: {{"1": [{{goto: {{context: een}}}}], "2": [{{hangup: {{}}}}]}}
dial_plans:
  - name: Meer
    internal_number: "1003"
    route: {route}
"""


def plan(*items: str, cache: int = 0) -> str:
    """The sample company with this route."""
    return PLAN.format(route="[" + ", ".join(items) + "]", cache=cache)


def webhook(**settings: object) -> str:
    """One webhook item; `klant` is its variable."""
    usual = {"method": "POST", "url": "https://x.example.nl/", "save_as": "klant"}
    return json.dumps({"webhook": usual | settings})


CONNECT = '{connect: {to: "201"}}'


async def test_json_gives_several_variables(walk):
    ask = webhook(extract={"naam": "/klant/naam", "bedrag": "/openstaand", "weg": "/niets"})
    result = await walk(plan(ask, CONNECT), webhooks={"klant": '{"klant": {"naam": "Pieter"}, "openstaand": 12.50}'})
    assert result.variables["naam"] == "Pieter"
    assert result.variables["bedrag"] == "12.50"
    assert "weg" not in result.variables


@pytest.mark.parametrize("text", ["<html>", '{"a": NaN}', '{"a": 1} {"a": 2}', '{"a": 1, "a": 2}', "[" * 100_000])
async def test_what_is_not_the_json_that_was_asked_for_is_an_error(walk, text):
    ask = webhook(extract={"a": "/a"}, on_error=[{"connect": {"to": "202"}}])
    result = await walk(plan(ask, CONNECT), webhooks={"klant": text})
    assert result.step("webhook").detail["reason"] == "content"
    assert result.connected_to == "202"
    assert result.variables == {}


@pytest.mark.parametrize(
    ("reply", "reached"), [("x", "ok"), ({"fault": "tls"}, "error"), ({"fault": "timeout"}, "timeout")]
)
async def test_each_exit_has_a_route_of_its_own(walk, reply, reached):
    routes = {f"on_{leave}": [{"hangup": {"cause": cause}}] for leave, cause in CAUSES.items()}
    result = await walk(plan(webhook(**routes)), webhooks={"klant": reply})
    assert result.record.cause == CAUSES[reached]


CAUSES = {"ok": 17, "error": 21, "timeout": 34}


@pytest.mark.parametrize(
    ("reply", "condition"),
    [
        ({"text": "x", "status": 200}, "{variable: klant.status, equals: '200'}"),
        ({"text": "x", "status": 404}, "{variable: klant.status, equals: '404'}"),
        ({"fault": "refused"}, "{variable: klant.reason, equals: refused}"),
        ({"fault": "timeout"}, "{variable: klant.reason, equals: timeout}"),
        ({"fault": "timeout"}, "{variable: klant.ms, at_least: 2000}"),
        ({"text": "x"}, "{variable: klant.reason, is_set: false}"),
    ],
)
async def test_a_condition_reads_how_it_went(walk, reply, condition):
    decide = f"{{condition: {condition[:-1]}, then: [{CONNECT}]}}}}"
    result = await walk(plan(webhook(), decide), webhooks={"klant": reply})
    assert result.connected_to == "201"
    assert not any("." in name for name in result.variables)


async def test_credentials_and_headers_come_from_secrets(walk, monkeypatch):
    monkeypatch.setenv("BELPLAN_SECRET_token", "geheim")
    ask = webhook(headers={"X-Caller": "{caller_number}"}, auth={"bearer": "secret:token"})
    result = await walk(plan(ask, CONNECT), webhooks={"klant": "x"})
    (asked,) = result.call.asked
    assert asked.request.headers == (("X-Caller", "31612345678"), ("Authorization", "Bearer geheim"))
    assert "geheim" not in json.dumps(result.record.as_json())


async def test_basic_credentials(walk, monkeypatch):
    monkeypatch.setenv("BELPLAN_SECRET_pw", "open sesame")
    ask = webhook(auth={"basic": {"username": "Aladdin", "password": "secret:pw"}})
    result = await walk(plan(ask, CONNECT), webhooks={"klant": "x"})
    # RFC 7617 2: the example of the standard itself.
    assert result.call.asked[0].request.headers == (("Authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),)


async def test_without_its_secret_nothing_is_sent(walk, monkeypatch):
    monkeypatch.delenv("BELPLAN_SECRET_token", raising=False)
    result = await walk(plan(webhook(auth={"bearer": "secret:token"}), CONNECT), webhooks={"klant": "x"})
    assert result.call.asked == ()
    assert result.trace[0] == ("webhook", "error")
    assert result.connected_to == "201"


async def test_old_and_new_secret_sign_at_once(walk, monkeypatch):
    monkeypatch.setenv("BELPLAN_SECRET_old", "o" * 24)
    monkeypatch.setenv("BELPLAN_SECRET_new", "n" * 24)
    result = await walk(plan(webhook(secret=["secret:new", "secret:old"]), CONNECT), webhooks={"klant": "x"})
    assert result.call.asked[0].request.secrets == ("n" * 24, "o" * 24)


async def test_only_the_chosen_fields_leave_the_house(walk):
    ask = webhook(send={"uuid": "whole", "caller_number": "masked", "callee_number": "hashed"})
    result = await walk(plan(ask, CONNECT), webhooks={"klant": "x"})
    fields = json.loads(result.call.asked[0].request.body)
    assert len(fields) == 12
    assert fields["caller_number"] == "*******5678"
    key = b"42f30becd4ea93edd284e059427b5ee0"
    assert fields["callee_number"] == hmac.new(key, b"1003", hashlib.sha256).hexdigest()
    assert fields["uuid"] == result.record.uuid
    assert {name for name, value in fields.items() if value} == {"uuid", "caller_number", "callee_number"}


async def test_an_answer_is_kept_for_the_same_caller(walk):
    kept = await walk(plan("{menu: {name: twee keer}}", cache=60), webhooks={"klant": "x"}, keys="112")
    asked_anew = await walk(plan("{menu: {name: twee keer}}"), webhooks={"klant": "x"}, keys="112")
    assert len(kept.call.asked) == 1
    assert len(asked_anew.call.asked) == 3
    assert [step.detail.get("cached") for step in kept.record.trace if step.app == "webhook"] == [None, True, True]


async def test_nothing_is_kept_of_callers_who_withhold_their_number(walk):
    result = await walk(plan("{menu: {name: twee keer}}", cache=60), caller="", webhooks={"klant": "x"}, keys="12")
    assert len(result.call.asked) == 2


async def test_an_early_webhook_is_asked_beside_the_announcement(walk):
    speak = '{announce: {say: "Dit duurt precies drie seconden, vijf en veertig"}}'
    late = await walk(plan(speak, webhook(), CONNECT), webhooks={"klant": {"text": "x", "delay": 1.5}})
    early = await walk(plan(speak, webhook(early=True), CONNECT), webhooks={"klant": {"text": "x", "delay": 1.5}})
    assert late.step("webhook").duration_ms == 1500
    assert early.step("webhook").duration_ms == 0
    assert early.variables == {"klant": "x"}
    assert early.step("webhook").detail["saved_ms"] == pytest.approx(1500, abs=1)


async def test_an_early_webhook_that_the_call_never_reaches_is_called_off(walk):
    guarded = plan("{condition: {anonymous: true, then: [" + webhook(early=True) + "]}}", CONNECT)
    result = await walk(guarded, webhooks={"klant": {"text": "x", "delay": 1.5}})
    assert result.connected_to == "201"
    assert result.variables == {}


def test_an_early_webhook_can_only_ask_with_what_is_known():
    first = webhook()
    second = webhook(save_as="b", url="https://x.example.nl/?k={klant}", early=True)
    _, problems = read(plan(first, second, CONNECT), APPS)
    assert [problem.code for problem in problems if problem.severity == "error"] == ["invalid-value"]


async def test_the_caller_hears_a_text_when_it_takes_long_and_no_more_of_it_when_the_answer_comes(walk):
    ask = webhook(waiting={"after": 1, "say": "Een ogenblik, wij zoeken uw gegevens erbij."})
    quick = await walk(plan(ask, CONNECT), webhooks={"klant": {"text": "x", "delay": 0.5}})
    slow = await walk(plan(ask, CONNECT), webhooks={"klant": {"text": "x", "delay": 1.7}})
    assert "say: Een ogenblik, wij zoeken uw gegevens erbij." not in quick.heard
    assert slow.heard[:2] == ["ringing", "say: Een ogenblik, wij zoeken uw gegevens erbij."]
    assert slow.step("webhook").duration_ms == 1700


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"headers": {"Host": "x"}}, "invalid-value"),
        ({"headers": {"X Y": "x"}}, "invalid-value"),
        ({"auth": {}}, "missing-field"),
        ({"auth": {"bearer": "a", "header": {"name": "X", "value": "y"}}}, "missing-field"),
        ({"extract": {"a": "geen/pointer"}}, "invalid-value"),
        ({"extract": {"uuid": "/a"}}, "invalid-value"),
        ({"extract": {"klant": "/a"}}, "duplicate-variable"),
        ({"retries": 9}, "invalid-value"),
        ({"fallback_url": "ftp://x/"}, "invalid-url"),
        ({"secret": "kort"}, "invalid-value"),
        ({"send": ["naam"]}, "invalid-value"),
        ({"send": {"uuid": "versleuteld"}}, "invalid-value"),
        ({"waiting": {"say": "x", "tone": "music"}}, "missing-field"),
        ({"cache": -1}, "invalid-value"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, code):
    _, problems = read(plan(webhook(**settings), CONNECT), APPS)
    problems = [problem for problem in problems if problem.severity == "error"]
    assert {problem.code for problem in problems} == {code}
    assert all(problem.path.startswith("dial_plans[0].route[0].webhook") for problem in problems)


@pytest.mark.parametrize(("until", "shown"), [("2026-01-13T12:30", True), ("2026-01-13T11:30", False), (None, False)])
async def test_bodies_are_in_the_trace_only_while_the_company_debugs(walk, until, shown):
    debug = f", debug_until: '{until}'" if until else ""
    text = plan(webhook(), CONNECT).replace(
        "42f30becd4ea93edd284e059427b5ee0", f"42f30becd4ea93edd284e059427b5ee0{debug}"
    )
    result = await walk(text, webhooks={"klant": "antwoord"}, at="2026-01-13T12:00")
    detail = result.step("webhook").detail
    assert ("sent" in detail, "received" in detail) == (shown, shown)
    assert ("antwoord" in json.dumps(detail)) is shown
