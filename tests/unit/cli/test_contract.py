"""The command line as others rely on it: what is printed with --json, and the exit codes."""

import json
import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
import structlog

from belplan.cli import app
from belplan.cli.output import log_to_stderr

PLAN = """
company: {name: Voorbeeld BV}
users:
  - {name: Anna, number: "201", phones: [{username: anna, password: x}]}
  - {name: Bram, number: "202", phones: [{username: bram, password: x}]}
ring_groups: [{name: Finance, number: "301", members: ["201"]}]
ivr_menus:
  - name: keuze
    start: nl
    contexts:
      nl:
        start: [{announce: {say: "Kies 1."}}]
        keys: {"1": [{connect: {to: "201"}}], "9": [{hangup: {cause: 21}}]}
dial_plans:
  - name: Hoofdnummer
    internal_number: "1003"
    external_numbers: ["31102380095"]
    route:
      - webhook: {method: POST, url: "%s", timeout: 1, save_as: klant}
      - condition: {variable: klant, equals: openstaand, then: [{connect: {to: "301"}}]}
      - menu: {name: keuze}
"""


@pytest.fixture
def crm() -> Iterator[str]:
    """A server that answers `openstaand`."""

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b" openstaand\n")

        def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/belplan"
        server.shutdown()


@pytest.fixture
def plan(tmp_path, crm):
    path = tmp_path / "plan.yaml"
    path.write_text(PLAN % crm)
    return path


@pytest.fixture(autouse=True)
def logs() -> Iterator[None]:
    """As the console script has them."""
    log_to_stderr()
    yield
    structlog.reset_defaults()


def run(*words: object) -> int:
    """One command; its exit code."""
    return app([str(word) for word in words], result_action="return_value")


def run_json(capsys, *words: object) -> tuple[int, dict]:
    """One command with --json: its exit code, and the one document it printed."""
    code = run(*words, "--json")
    return code, json.loads(capsys.readouterr().out)


def test_check_finds_nothing_wrong_with_a_good_plan(plan, capsys):
    assert run_json(capsys, "check", plan) == (0, {"problems": []})


def test_check_says_path_code_severity_and_message(tmp_path, capsys):
    path = tmp_path / "plan.yaml"
    path.write_text(
        "company: {name: X}\ndial_plans: [{name: P, internal_number: '1', route: [{conect: {to: '201'}}]}]\n"
    )
    code, document = run_json(capsys, "check", path)
    (problem,) = document["problems"]
    assert code == 1
    assert problem["path"] == "dial_plans[0].route[0].conect"
    assert (problem["code"], problem["severity"]) == ("unknown-app", "error")
    assert "connect" in problem["message"]


@pytest.mark.parametrize("text", ["a: [", "\x00", "a: &a [*a]", "- 1\n- 2\n--- \nx"])
def test_a_file_that_is_no_plan_cannot_be_read(tmp_path, capsys, text):
    path = tmp_path / "plan.yaml"
    path.write_text(text)
    assert run("check", path) == 2


def test_a_file_that_is_not_there_cannot_be_read(tmp_path, capsys):
    assert run("check", tmp_path / "nothing.yaml") == 2
    assert run("call", tmp_path / "nothing.yaml", "--to", "1003") == 2


def test_a_call_sends_its_webhook_and_reaches_finance(plan, capsys):
    code, document = run_json(capsys, "call", plan, "--to", "010 238 00 95", "--from", "06 1234 5678")
    assert code == 0
    assert re.fullmatch(r"[0-9a-f-]{36}", document["call"].pop("uuid"))
    assert document["call"] == {
        "caller_number": "31612345678",
        "callee_number": "31102380095",
        "dial_plan": "Hoofdnummer",
    }
    assert document["outcome"] == "connected"
    assert document["cause"] == 16
    assert document["connected_to"] == "301"
    assert document["answered_by"] == "201"
    assert document["variables"] == {"klant": "openstaand"}
    assert document["heard"] == ["ringing"]
    webhook, condition, connect = document["trace"]
    assert webhook["path"] == "dial_plans[0].route[0].webhook"
    assert (webhook["app"], webhook["exit"]) == ("webhook", "ok")
    assert webhook["detail"]["status"] == 200
    assert 0 < webhook["duration_ms"] < 1000
    assert (condition["exit"], connect["exit"]) == ("true", "answered")
    assert connect["path"] == "dial_plans[0].route[1].condition.then[0].connect"


def test_a_reply_stands_in_for_the_webhook_by_variable_and_by_path(plan, capsys):
    for name in ("klant", "dial_plans[0].route[0].webhook"):
        _, document = run_json(capsys, "call", plan, "--to", "1003", "--reply", f"{name}=niets", "--press", "9")
        assert document["variables"] == {"klant": "niets"}
        assert (document["outcome"], document["cause"]) == ("ended", 21)
        assert document["heard"] == ["ringing", "say: Kies 1."]


def test_the_guard_of_a_server_refuses_this_machine(plan, capsys):
    _, document = run_json(capsys, "call", plan, "--to", "1003", "--guard")
    assert document["trace"][0]["exit"] == "error"
    assert document["trace"][0]["detail"]["reason"] == "blocked"


def test_a_withheld_caller_is_nothing(plan, capsys):
    _, document = run_json(capsys, "call", plan, "--to", "1003", "--from", "")
    assert document["call"]["caller_number"] == ""


def test_phones_do_as_they_are_told(plan, capsys):
    _, document = run_json(capsys, "call", plan, "--to", "1003", "--answers", "201=busy", "--press", "1")
    exits = [(step["app"], step["exit"]) for step in document["trace"]]
    assert exits == [
        ("webhook", "ok"),
        ("condition", "true"),
        ("connect", "busy"),
        ("menu", "entered"),
        ("announce", "played"),
        ("menu", "1"),
        ("connect", "busy"),
    ]


@pytest.mark.parametrize(
    "words",
    [
        ("--answers", "201=busy", "202=busy"),
        ("--answers", "201=busy", "--answers", "202=busy"),
        ("--answers", "201=busy,202=busy"),
        ("--answers", "201=busy,busy,answer", "202=busy"),
        ("--answers", "301=busy"),  # all of the ring group
    ],
)
def test_answers_may_be_given_in_several_ways(plan, capsys, words):
    _, document = run_json(capsys, "call", plan, "--to", "1003", "--press", "1", *words)
    assert [step["exit"] for step in document["trace"] if step["app"] == "connect"] == ["busy", "busy"]


def test_a_caller_who_hangs_up_abandons_the_call(plan, capsys):
    answers = ("--answers", "201=no_answer", "--hang-up-after", "3")
    _, document = run_json(capsys, "call", plan, "--to", "1003", *answers)
    assert (document["outcome"], document["connected_to"]) == ("abandoned", None)


@pytest.mark.parametrize(
    "words",
    [
        ("--to", "999"),
        ("--to", "1003", "--press", "x"),
        ("--to", "1003", "--answers", "201"),
        ("--to", "1003", "--answers", "201=maybe"),
        ("--to", "1003", "--answers", "999=busy"),
        ("--to", "1003", "--reply", "klat=openstaand"),
        ("--to", "1003", "--reply", "klant"),
        ("--to", "1003", "--at", "morgen"),
    ],
)
def test_what_cannot_be_is_said_and_exits_with_1(plan, capsys, words):
    assert run("call", plan, *words) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err


def test_a_call_through_a_plan_with_problems_is_not_walked(tmp_path, capsys):
    path = tmp_path / "plan.yaml"
    path.write_text("company: {name: X}\ndial_plans: [{name: P, internal_number: '1', route: [{hangupp: {}}]}]\n")
    assert run("call", path, "--to", "1") == 1


def test_a_webhook_is_tried_and_the_way_is_shown(plan, capsys):
    code, document = run_json(capsys, "webhook", "test", plan, "dial_plans[0].route[0].webhook")
    assert code == 0
    assert document["value"] == "openstaand"
    assert document["phases"]["total"] > 0
    assert [(step["app"], step["exit"]) for step in document["way"]] == [("condition", "true"), ("connect", "answered")]
    assert document["connected_to"] == "301"


def test_a_webhook_that_fails_exits_with_1(plan, capsys):
    code, document = run_json(capsys, "webhook", "test", plan, "dial_plans[0].route[0].webhook", "--guard")
    assert code == 1
    assert document["reason"] == "blocked"


def test_a_path_without_a_webhook_is_said(plan, capsys):
    assert run("webhook", "test", plan, "dial_plans[0].route[1].condition") == 1
    assert "no webhook" in capsys.readouterr().err
