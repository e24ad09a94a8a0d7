"""A plan is drafted, checked, tried, published, compared and rolled back."""

import copy

import pytest
import yaml

from tests.api.conftest import PLAN


@pytest.fixture
def editor(member):
    return member("editor")


@pytest.fixture
def at(company):
    return f"/companies/{company}"


def draft(editor, at):
    answer = editor("GET", f"{at}/draft")
    assert answer.status_code == 200, answer.text
    return answer.json(), answer.headers["ETag"]


def save(editor, at, plan, etag):
    return editor("PUT", f"{at}/draft", {"plan": plan}, **{"If-Match": etag})


def test_a_draft_says_what_is_wrong_and_which_variables_can_be_read_where(editor, at):
    found, etag = draft(editor, at)
    found["plan"]["dial_plans"][0]["route"][1]["condition"]["variable"] = "klnt"
    answer = save(editor, at, found["plan"], etag)
    assert answer.status_code == 200
    wrong = answer.json()["problems"][0]
    assert (wrong["path"], wrong["code"]) == ("dial_plans[0].route[1].condition.variable", "unknown-variable")
    assert answer.json()["scope"]["dial_plans[0].route[2]"] == ["klant"]
    assert answer.json()["scope"]["dial_plans[0].route[0]"] == []


def test_two_editors_cannot_lose_each_others_work(editor, at, member):
    found, etag = draft(editor, at)
    mine, theirs = found["plan"], copy.deepcopy(found["plan"])
    theirs["ring_groups"][0]["timeout"] = 7
    assert save(member("administrator"), at, theirs, etag).status_code == 200
    mine["users"][0]["name"] = "Anna de Boer"
    refused = save(editor, at, mine, etag)
    assert refused.status_code == 412
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.json()["changed"] == ["ring_groups[0].timeout"]
    assert refused.json()["current"]["ring_groups"][0]["timeout"] == 7
    assert save(editor, at, mine, refused.headers["ETag"]).status_code == 200
    assert editor("PUT", f"{at}/draft", {"plan": mine}).status_code == 428


def test_secrets_that_a_plan_holds_are_never_shown_again(editor, at, server, company):
    found, etag = draft(editor, at)
    plan = found["plan"]
    plan["users"][0]["phones"] = [{"username": "anna", "password": "hunter2-very-secret"}, {"username": "anna2"}]
    plan["dial_plans"][0]["route"][0]["webhook"]["headers"] = {"X-Api-Key": "key-very-secret"}
    saved = save(editor, at, plan, etag)
    assert saved.json()["problems"] == []
    everything = saved.text + editor("GET", f"{at}/draft/plan.yaml").text + editor("GET", f"{at}/secrets").text
    assert "very-secret" not in everything
    phones = saved.json()["plan"]["users"][0]["phones"]
    names = [phone["password"].removeprefix("secret:") for phone in phones]
    assert server.parts.secrets.find(company, names[0]) == "hunter2-very-secret"
    assert len(server.parts.secrets.find(company, names[1])) == 20, "a phone without a password gets one"


def test_publish_compare_and_roll_back(editor, at, server, company):
    found, etag = draft(editor, at)
    plan = save(editor, at, found["plan"], etag).json()["plan"]
    first = editor("POST", f"{at}/versions", {"note": "begin"})
    assert first.status_code == 201
    assert first.json()["live"] is True
    found, etag = draft(editor, at)
    assert (found["base"], found["changes"]) == (1, 0)
    changed = copy.deepcopy(plan)
    route = changed["dial_plans"][0]["route"]
    route.insert(0, route.pop(2))
    changed["ring_groups"][0]["members"] = ["202"]
    assert save(editor, at, changed, etag).json()["changes"] == 2
    differences = editor("GET", f"{at}/versions/1/difference?to=draft").json()
    assert {(one["path"], one["kind"]) for one in differences} == {
        ("dial_plans[0].route[0]", "moved"),
        ("ring_groups[0].members[0]", "removed"),
    }
    assert editor("POST", f"{at}/versions", {"note": "anders"}).json()["number"] == 2
    back = editor("POST", f"{at}/versions/1/restore")
    assert back.json()["number"] == 3
    assert editor("GET", f"{at}/versions/3").json()["plan"] == plan
    listed = editor("GET", f"{at}/versions?limit=2").json()
    assert [(one["number"], one["live"]) for one in listed["items"]] == [(3, True), (2, False)]
    assert [one["number"] for one in editor("GET", f"{at}/versions?cursor={listed['next']}").json()["items"]] == [1]


def test_a_draft_with_errors_is_not_published_and_says_them_all(editor, at):
    found, etag = draft(editor, at)
    found["plan"]["dial_plans"][0]["route"][2]["connect"]["to"] = "999"
    found["plan"]["ring_groups"][0]["members"] = ["203"]
    save(editor, at, found["plan"], etag)
    refused = editor("POST", f"{at}/versions", {})
    assert refused.status_code == 409
    said = {one["path"] for one in refused.json()["problems"]}
    assert said == {"ring_groups[0].members[0]", "dial_plans[0].route[2].connect.to"}
    assert editor("GET", f"{at}/versions").json()["items"] == []


def test_a_webhook_to_a_private_address_is_a_problem_when_it_is_saved(editor, at):
    found, etag = draft(editor, at)
    found["plan"]["dial_plans"][0]["route"][0]["webhook"]["url"] = "http://169.254.169.254/latest/"
    assert save(editor, at, found["plan"], etag).json()["problems"][0]["code"] == "invalid-url"


FILE = """# Our company
company:
  name: Bakker   # the name
users:
  - {name: Anna, number: "201", phones: [{username: anna, password: "secret:anna"}]}
  - {name: "NO", number: 0202}   # a name that YAML 1.1 would take for false
time_conditions:
  - name: kantooruren
    weekdays: [{days: [mon, tue], from: "08:30", to: "17:00"}]
dial_plans:
  - name: Hoofdnummer
    internal_number: "1003"
    route: [{connect: {to: "201"}}]
"""


def test_a_plan_file_goes_in_and_comes_out_the_same(editor, at, company):
    text = FILE.replace("# the name", f"# the name\n  id: {company}")
    _, etag = draft(editor, at)
    yaml_kind = {"Content-Type": "application/yaml", "If-Match": etag}
    put = editor("PUT", f"{at}/draft/plan.yaml", text.encode(), **yaml_kind)
    assert put.status_code == 200, put.text
    assert editor("GET", f"{at}/draft/plan.yaml").text == text, "comments too, until it is changed"
    plan = put.json()["plan"]
    plan["company"]["country"] = "BE"
    saved = save(editor, at, plan, put.headers["ETag"])
    written = editor("GET", f"{at}/draft/plan.yaml").text
    assert written.replace("\n  country: BE", "") == text, "and of all that was not changed"
    again = editor("PUT", f"{at}/draft/plan.yaml", written, **yaml_kind | {"If-Match": saved.headers["ETag"]})
    assert again.json()["plan"] == plan
    assert [user["name"] for user in plan["users"]] == ["Anna", "NO"]
    assert plan["users"][1]["number"] == "0202"
    assert yaml.safe_load(written)["time_conditions"][0]["weekdays"][0]["from"] == "08:30"


def test_secrets_in_a_file_do_not_come_out_of_it_again_and_its_comments_do(editor, at):
    text = FILE.replace('"secret:anna"}', '"een-geheim"}').replace("# a name", "# Anna has een-ander and ook-geheim")
    for said, kept in ((text, True), (text.replace("een-ander", "een-geheim"), False)):
        _, etag = draft(editor, at)
        put = editor(
            "PUT", f"{at}/draft/plan.yaml", said.encode(), **{"Content-Type": "application/yaml", "If-Match": etag}
        )
        assert put.status_code == 200, put.text
        out = editor("GET", f"{at}/draft/plan.yaml").text
        assert "een-geheim" not in out
        if kept:
            assert "# the name" in out


def test_a_plan_is_always_its_own_companys(editor, at, company, server):
    other = server.company("Ander")
    found, etag = draft(editor, at)
    found["plan"]["company"]["id"] = other
    assert save(editor, at, found["plan"], etag).json()["plan"]["company"]["id"] == company


def test_a_call_is_tried_without_a_telephone(editor, at):
    call = {"to": "010 238 00 95", "from": "0612345678", "replies": {"klant": "openstaand"}, "answers": {"201": "busy"}}
    walked = editor("POST", f"{at}/test-calls", call)
    assert walked.status_code == 200, walked.text
    assert (walked.json()["outcome"], walked.json()["connected_to"], walked.json()["answered_by"]) == (
        "connected",
        "301",
        "202",
    )
    assert [step["exit"] for step in walked.json()["trace"]] == ["ok", "true", "answered"]
    assert "openstaand" in walked.json()["why"]["nl"]
    for fault in ("timeout", "error"):
        failed = editor("POST", f"{at}/test-calls", call | {"replies": {"klant": {"exit": fault}}})
        assert failed.status_code == 200, failed.text
        assert failed.json()["trace"][0]["exit"] == fault
    assert editor("POST", f"{at}/test-calls", call | {"to": "999"}).status_code == 422
    assert editor("POST", f"{at}/test-calls", call | {"draft": False}).status_code == 409


def test_check_keeps_nothing(editor, at):
    checked = editor("POST", f"{at}/check", {"plan": {"dial_plans": [{"name": "x", "route": [{"nope": {}}]}]}})
    assert "unknown-app" in [one["code"] for one in checked.json()["problems"]]
    assert draft(editor, at)[0]["plan"]["dial_plans"] == PLAN["dial_plans"]


def test_two_who_work_in_one_draft_see_where_the_other_is(server, member, company):
    at = f"/companies/{company}/draft/place"
    one, other = member("editor"), member("editor")
    assert one("PUT", at, {"path": "dial_plans[0].route[1]"}).json() == {"items": []}
    (seen,) = other("PUT", at, {"path": ""}).json()["items"]
    assert seen["path"] == "dial_plans[0].route[1]"
    assert member("read-only")("PUT", at, {"path": ""}).status_code == 403
    elsewhere = server.company("Elders")
    stranger = server.person("elders@example.nl", "editor", elsewhere)
    assert stranger("PUT", f"/companies/{elsewhere}/draft/place", {"path": ""}).json() == {"items": []}
