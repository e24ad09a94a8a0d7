"""What a plan would do is found out over the API: scenarios, replay, proof, drill, learned answers."""

import copy
import json
import time
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from belplan.store.records import as_row
from tests.api.conftest import PLAN

OPEN = {
    "name": "An open bill goes to Finance",
    "call": {"from": "0612345678", "to": "0102380095"},
    "webhooks": {"klant": "openstaand"},
    "expect": {"connected_to": "301"},
}


@pytest.fixture
def at(company):
    return f"/companies/{company}"


@pytest.fixture
def editor(member):
    return member("editor")


def examined(client, at, **asked):
    answer = client("POST", f"{at}/examinations", asked)
    assert answer.status_code == 202, answer.text
    job, until = answer.json(), time.monotonic() + 60
    while job["state"] == "running" and time.monotonic() < until:
        time.sleep(0.1)
        job = client("GET", f"{at}/examinations/{job['id']}").json()
    assert job["state"] == "finished", job
    return job["result"]


def change(editor, at, edit):
    draft = editor("GET", f"{at}/draft")
    plan = draft.json()["plan"]
    edit(plan)
    assert editor("PUT", f"{at}/draft", {"plan": plan}, **{"If-Match": draft.headers["ETag"]}).status_code == 200


def remember(server, company, walked, **more):
    """Keep a call that was walked as one that really was."""
    document = {"company": company, "arrived": datetime.now(UTC).isoformat(), "state": {}, **walked, **more}
    server.run(server.parts.records.add([as_row(company, document)]))


def test_what_fails_is_not_published_where_the_company_wants_it_so(editor, member, at):
    made = editor("POST", f"{at}/scenarios", {"scenario": OPEN})
    assert made.status_code == 201, made.text
    test_call = {"to": "1003", "replies": {"klant": "nieuw"}, "answers": {"201": "busy"}}
    recorded = editor("POST", f"{at}/scenarios/record", {"test_call": test_call, "name": "Anna is busy"})
    assert recorded.status_code == 201, recorded.text
    assert recorded.json()["scenario"]["phones"] == {"201": "busy"}
    found = examined(editor, at, what="scenarios")
    assert (found["passed"], found["failed"]) == (2, 0)
    assert ["dial_plans[0].route[0].webhook", "timeout"] in [
        list(one.values()) for one in found["coverage"]["never_left"]
    ]

    assert editor("PUT", f"{at}/publishing", {"scenarios_required": True}).status_code == 403
    assert member("administrator")("PUT", f"{at}/publishing", {"scenarios_required": True}).status_code == 200
    change(editor, at, lambda plan: plan["dial_plans"][0]["route"][1]["condition"].update(equals="open"))
    refused = editor("POST", f"{at}/versions", {})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/scenarios-fail")
    (failed,) = refused.json()["failed"]
    assert failed["name"] == OPEN["name"]
    assert "connected_to: expected “301”, got “201”" in failed["differences"]
    assert "klant equals open?  → false" in failed["ladder"]
    assert editor("GET", f"{at}/versions").json()["items"] == []
    assert editor("DELETE", f"{at}/scenarios/{made.json()['id']}").status_code == 204
    assert editor("POST", f"{at}/versions", {}).status_code == 201


def test_a_scenario_says_everything_that_is_wrong_with_it(editor, at):
    wrong = {**OPEN, "webhooks": "real", "plan": "x.yaml"}
    answer = editor("POST", f"{at}/scenarios", {"scenario": wrong})
    assert answer.status_code == 422
    assert {one["path"] for one in answer.json()["problems"]} == {"plan", "webhooks"}
    answer = editor("POST", f"{at}/scenarios", {"scenario": {**OPEN, "wehbooks": {}}})
    assert "webhooks" in answer.json()["problems"][0]["message"]
    assert editor("POST", f"{at}/scenarios", {"scenario": OPEN}).status_code == 201
    assert editor("POST", f"{at}/scenarios", {"scenario": OPEN}).status_code == 409


def test_calls_that_were_are_replayed_drilled_and_learned_from(editor, member, at, server, company):
    assert editor("POST", f"{at}/versions", {}).status_code == 201
    for answer in ("openstaand", "openstaand", "Openstaand"):
        walked = editor("POST", f"{at}/test-calls", {"to": "1003", "replies": {"klant": answer}, "draft": False}).json()
        # As it is written down: with the marks of items and the values that they set.
        walked["trace"] = [
            {**step, "item": "", "values": {"klant": answer} if step["app"] == "webhook" else {}}
            for step in walked["trace"]
        ]
        walked["call"]["uuid"] = str(uuid4())
        remember(server, company, walked, version=1)
    change(editor, at, lambda plan: plan["dial_plans"][0]["route"][1]["condition"].update(ignore_case=True))
    found = examined(editor, at, what="replay")
    assert (found["calls"], found["same"]) == (3, 2)
    (changed,) = [*found["changes"], *found["unanswered"]]
    assert (changed["was"], changed["now"], changed["count"]) == ("Anna (201)", "Finance (301)", 1)

    down = examined(editor, at, what="drill", fault="down", webhooks=["klant"], draft=False)
    assert down["calls"]["same"] == 1
    assert down["no_longer_rung"] == ["301"]

    (webhook,) = examined(editor, at, what="answers", draft=False)["webhooks"]
    values = {one["text"]: (one["count"], one["handled_by"]) for one in webhook["values"]["klant"]}
    assert values == {"openstaand": (2, "dial_plans[0].route[1].condition"), "Openstaand": (1, None)}

    proof = examined(editor, at, what="proof")
    assert {one["number"] for one in proof["reached"]} == {"201", "301"}

    calls = editor("GET", f"{at}/calls").json()["items"]
    made = editor("POST", f"{at}/scenarios/record", {"call": calls[0]["uuid"]})
    assert made.status_code == 201, made.text
    assert made.json()["scenario"]["webhooks"] == {"klant": "Openstaand"}


def test_examinations_are_their_companys_and_calls_need_the_right(editor, member, at, server):
    other = server.company("Ander", **copy.deepcopy(PLAN))
    stranger = server.person("vreemd@example.nl", "administrator", other)
    job = editor("POST", f"{at}/examinations", {"what": "scenarios"}).json()
    assert stranger("GET", f"/companies/{other}/examinations/{job['id']}").status_code == 404
    assert editor("DELETE", f"{at}/examinations/{job['id']}").status_code == 204
    assert editor("GET", f"{at}/examinations/{job['id']}").status_code == 404
    token = member("administrator")("POST", f"{at}/tokens", {"name": "ci", "scopes": ["read"]}).json()["text"]
    program = server.somebody(Authorization=f"Bearer {token}")
    assert program("POST", f"{at}/examinations", {"what": "replay"}).status_code == 403
    assert program("POST", f"{at}/examinations", {"what": "scenarios"}).status_code == 202


def test_a_plan_with_errors_is_not_examined(editor, at):
    change(editor, at, lambda plan: plan["dial_plans"][0]["route"].append({"connect": {"to": "999"}}))
    refused = editor("POST", f"{at}/examinations", {"what": "proof"})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/plan-problems")
    assert json.dumps(refused.json()["problems"]).count("999")
