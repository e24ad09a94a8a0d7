"""A draft is walked beside the live version, then published for some of the callers, and taken back when it fails."""

import json
import sys
import time
from datetime import UTC, datetime
from random import Random

import pytest

from belplan.cli import app
from belplan.drivers.simulator import Reply
from belplan.engine.cdr import CallRecord
from belplan.gradual.rule import Tally, chance, verdict
from belplan.simulation import Caller, run
from belplan.webhook.exchange import Answer
from tests.api.conftest import PLAN
from tests.api.serving import serving
from tests.api.test_examinations import change


@pytest.fixture
def at(company):
    return f"/companies/{company}"


@pytest.fixture
def editor(member):
    return member("editor")


@pytest.fixture
def live(editor, at, server, company):
    assert editor("POST", f"{at}/versions", {}).status_code == 201
    return server.parts.calls.company(company)


def version_for(server, live, caller):
    """The version that this caller has."""
    return server.parts.calls._idle.companies.for_caller(live, caller)


def called(version, answer, caller="31612345678") -> CallRecord:
    """A call that ended, through a version."""
    return run(
        version,
        Caller(to="1003", number=caller, at=datetime.now(UTC), replies={"klant": [Reply(Answer("ok", answer))]}),
    )


def end(server, record):
    """The exchange says that a call has ended."""

    async def say() -> None:
        server.parts.rollouts.heard(record)
        server.parts.shadows.heard(record)

    server.run(say())


def eventually(found, holds):
    until = time.monotonic() + 60
    while not holds(said := found()) and time.monotonic() < until:
        time.sleep(0.05)
    assert holds(said), said
    return said


def test_a_shadow_says_which_calls_would_have_gone_elsewhere(editor, at, server, live):
    change(editor, at, lambda plan: plan["dial_plans"][0]["route"][1]["condition"].update(ignore_case=True))
    assert editor("PUT", f"{at}/shadow").status_code == 200
    change(editor, at, lambda plan: plan["dial_plans"][0]["route"].pop(1))  # the shadow stays what it was
    records = [called(live, answer) for answer in ("nieuw", "nieuw", "Openstaand")]
    for record in records:
        end(server, record)
    shown = eventually(lambda: editor("GET", f"{at}/shadow").json(), lambda said: said["calls"] == 3)
    assert (shown["same"], shown["differ"] + shown["unknown"], shown["skipped"]) == (2, 1, 0)
    (changed,) = shown["changes"] + shown["unanswered"]
    assert (changed["was"], changed["now"], changed["count"]) == ("Anna (201)", "Finance (301)", 1)
    assert changed["calls"] == [records[2].uuid]
    assert editor("DELETE", f"{at}/shadow").status_code == 204
    assert editor("GET", f"{at}/shadow").json()["on"] is False


def test_some_callers_have_the_new_version_and_keep_it(editor, at, server, live):
    change(editor, at, lambda plan: plan["ring_groups"][0].update(timeout=9))
    shared = editor("POST", f"{at}/versions", {"share": 20}).json()
    assert (shared["number"], shared["live"], shared["share"]) == (2, False, 20)
    assert editor("GET", f"{at}/versions").json()["items"][1]["live"] is True
    callers = [f"316{number:08}" for number in range(2000)]
    has = {caller for caller in callers if version_for(server, live, caller).number == 2}
    assert 320 <= len(has) <= 480
    assert has == {caller for caller in callers if version_for(server, live, caller).number == 2}
    assert version_for(server, live, "").number == 1
    assert editor("PUT", f"{at}/rollout", {"share": 60}).json()["state"] == "running"
    assert has < {caller for caller in callers if version_for(server, live, caller).number == 2}
    assert editor("PUT", f"{at}/rollout", {"share": 100}).json()["state"] == "finished"
    assert editor("GET", f"{at}/versions").json()["items"][0]["live"] is True
    assert server.parts.calls.company(live.id).number == 2


def test_a_version_that_fails_more_is_taken_back_by_itself(editor, at, server, live):
    change(editor, at, lambda plan: plan["dial_plans"][0].update(route=[{"hangup": {}}]))
    assert editor("POST", f"{at}/versions", {"share": 50}).status_code == 201
    callers = [f"316{number:08}" for number in range(60)]
    for caller in callers:
        if editor("GET", f"{at}/rollout").json()["state"] == "back":
            break
        end(server, called(version_for(server, live, caller), "nieuw", caller))
    shown = editor("GET", f"{at}/rollout").json()
    assert shown["state"] == "back"
    assert shown["new"]["failed"] == shown["new"]["calls"] <= 15
    assert "reached nobody" in shown["reason"]
    assert {version_for(server, live, caller).number for caller in callers} == {1}
    entry = eventually(lambda: server.run(audited(server, live.id)), lambda said: "rollout.back" in said)
    assert entry
    assert editor("PUT", f"{at}/rollout", {"share": 60}).status_code == 409


def test_a_draft_goes_its_way_to_all_callers_from_the_command_line(
    editor, member, at, server, live, tmp_path, monkeypatch, capsys
):
    token = member("administrator")("POST", f"{at}/tokens", {"name": "ci", "scopes": ["read", "edit"]}).json()["text"]

    def belplan(*words):
        with pytest.raises(SystemExit) as left:
            sys.exit(app(words))
        said = capsys.readouterr()
        return left.value.code, json.loads(said.out) if "--json" in words and said.out else said.err

    assert belplan("shadow", "show", "--json")[0] == 2  # whose, nobody has said
    monkeypatch.setenv("BELPLAN_URL", server.url)
    monkeypatch.setenv("BELPLAN_TOKEN", token)
    plan = tmp_path / "plan.yaml"
    plan.write_text(editor("GET", f"{at}/draft/plan.yaml").text.replace("openstaand", "nieuw"))
    assert belplan("shadow", "begin", str(plan), "--json")[1]["on"]
    end(server, called(live, "nieuw"))
    eventually(lambda: editor("GET", f"{at}/shadow").json(), lambda said: said["calls"] == 1)
    code, shown = belplan("shadow", "show", "--json")
    assert (code, shown["differ"] + shown["unknown"]) == (1 if shown["differ"] else 0, 1)
    assert belplan("shadow", "end")[0] == 0
    assert belplan("publish", str(plan), "--share", "20", "--json")[1]["share"] == 20
    assert belplan("rollout", "share", "60", "--json")[1]["state"] == "running"
    assert belplan("rollout", "back")[0] == 0
    assert belplan("rollout", "show", "--json")[1]["state"] == "back"
    assert belplan("rollout", "share", "70")[0] == 1
    plan.write_text(plan.read_text().replace("equals: nieuw", "equal: nieuw"))
    code, said = belplan("publish", str(plan))
    assert (code, "dial_plans[0].route[1].condition" in said) == (1, True)
    assert belplan("publish", str(tmp_path / "none.yaml"))[0] == 2


async def audited(server, company):
    return [one.what for one in await server.parts.audit.entries(company)]


def test_phones_are_never_for_some_callers_only(editor, at, live):
    change(editor, at, lambda plan: plan["users"][0]["phones"].append({"username": "anna2"}))
    refused = editor("POST", f"{at}/versions", {"share": 5})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/not-gradual")
    assert "phones" in refused.json()["detail"]


def test_a_server_that_starts_again_goes_on_with_both(tmp_path):
    def served(work):
        with serving(tmp_path) as server:
            return work(server)

    def begin(server):
        company = server.company("Voorbeeld", **PLAN)
        editor = server.person("editor@example.nl", "editor", company)
        at = f"/companies/{company}"
        assert editor("POST", f"{at}/versions", {}).status_code == 201
        assert editor("POST", f"{at}/versions", {"share": 20}).status_code == 201
        assert editor("PUT", f"{at}/shadow").status_code == 200
        return at

    def look(server):
        editor = server.somebody()
        editor.sign_in("editor@example.nl")
        live = server.parts.calls.company(at.removeprefix("/companies/"))
        has = {version_for(server, live, f"316{number:08}").number for number in range(200)}
        return has, editor("GET", f"{at}/rollout").json()["state"], editor("GET", f"{at}/shadow").json()["on"]

    at = served(begin)
    assert served(look) == ({1, 2}, "running", True)


def test_the_rule_takes_chance_for_no_failure():
    assert chance(Tally(10, 10), Tally(10, 0)) == pytest.approx(1 / 184756)
    assert verdict(Tally(4, 4), Tally(1000, 0)) == ""
    assert verdict(Tally(100, 30), Tally(900, 270)) == ""
    assert verdict(Tally(20, 12), Tally(180, 10))
    assert verdict(Tally(50, 0, crashed=3), Tally(50, 0))
    random, back = Random(7), 0
    for _ in range(100):  # both fail in 20 of 100 calls, looked at after every call
        new, old = Tally(), Tally()
        for _ in range(300):
            one = new if random.random() < 0.2 else old
            one.calls += 1
            one.failed += random.random() < 0.2
            if verdict(new, old):
                back += 1
                break
    assert back <= 4
