"""One sentence says why a call went where it went, and what had led elsewhere."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from belplan.apps import APPS
from belplan.cli import app
from belplan.cli.scenarios import _load
from belplan.dialplan.check import read
from belplan.drivers.simulator import Reaction, Reply
from belplan.scenarios.run import Bench, find
from belplan.simulation import Caller, run
from belplan.webhook.exchange import Answer
from belplan.why import turnings, why
from belplan.why.sentence import WORDS
from belplan.why.turnings import WORDS as TURNING_WORDS

TESTS = Path(__file__).parents[2]
DEMO = TESTS.parent / "src/belplan/demo/company.yaml"
PLAN = """
company: {name: Voorbeeld}
users:
  - {name: Receptie, number: "203", phones: [{username: r, password: x}]}
  - {name: Anna, number: "201", phones: [{username: a, password: x}]}
ring_groups: [{name: Finance, number: "301", members: ["201"]}]
diversions: [{name: lunch, code: "1"}]
time_conditions: [{name: kantooruren, weekdays: [{days: [mon, tue, wed, thu, fri], from: "08:30", to: "17:00"}]}]
dial_plans:
  - name: Hoofdnummer
    internal_number: "1003"
    route:
      - diversion: {name: lunch, then: [{connect: {to: "201"}}]}
      - time: {when: kantooruren, invert: true, then: [{announce: {say: Dicht.}}, {hangup: {}}]}
      - webhook: {method: POST, url: "https://crm.example.nl/x", save_as: klant}
      - condition: {variable: klant, equals: openstaand, then: [{connect: {to: "301"}}]}
      - connect: {to: "203"}
"""
SILENT = [Reply(Answer("timeout"), float("inf"))]


@pytest.fixture
def company():
    return read(PLAN, APPS)[0]


def called(company, at="2026-01-13T12:00", **caller):
    return run(company, Caller(to="1003", at=datetime.fromisoformat(at).replace(tzinfo=company.zone), **caller))


@pytest.mark.parametrize(
    ("caller", "nl", "en"),
    [
        (
            {"replies": {"klant": SILENT}},
            "Naar Receptie, omdat de webhook ‘klant’ na 2,0 s niet antwoordde; "
            "met het antwoord ‘openstaand’ was het Finance geweest.",
            "To Receptie, because the webhook “klant” had not answered after 2.0 s; "
            "with the answer “openstaand” it would have been Finance.",
        ),
        (
            {"replies": {"klant": Answer("error", reason="status", status=503)}},
            "Naar Receptie, omdat de webhook ‘klant’ geen bruikbaar antwoord gaf (status 503); "
            "met het antwoord ‘openstaand’ was het Finance geweest.",
            "To Receptie, because the webhook “klant” gave no answer that counts (status 503); "
            "with the answer “openstaand” it would have been Finance.",
        ),
        (
            {"replies": {"klant": Answer("ok", "openstaand")}},
            "Naar Finance (Anna nam op), omdat de webhook ‘klant’ ‘openstaand’ antwoordde; "
            "zonder antwoord was het Receptie geweest.",
            "To Finance (Anna answered), because the webhook “klant” answered “openstaand”; "
            "without an answer it would have been Receptie.",
        ),
        (
            {"replies": {"klant": Answer("ok", "openstaand")}, "reactions": {"201": Reaction("busy")}},
            "Naar Receptie, omdat Finance in gesprek was.",
            "To Receptie, because Finance was busy.",
        ),
        (
            {"at": "2026-01-13T20:00"},
            "Opgehangen door het belplan, omdat het buiten ‘kantooruren’ was.",
            "Hung up by the dial plan, because it was outside “kantooruren”.",
        ),
        (
            {"state": {"diversions": {"lunch": True}}},
            "Naar Anna, omdat de omleiding ‘lunch’ aan stond.",
            "To Anna, because the diversion “lunch” was on.",
        ),
        (
            {"replies": {"klant": SILENT}, "hang_up_after": 3},
            "De beller hing op terwijl de telefoon bij Receptie overging, omdat de webhook ‘klant’ na 2,0 s niet "
            "antwoordde; met het antwoord ‘openstaand’ was het Finance geweest.",
            "The caller hung up while Receptie was ringing, because the webhook “klant” had not answered after 2.0 s; "
            "with the answer “openstaand” it would have been Finance.",
        ),
    ],
)
def test_a_call_is_explained(company, caller, nl, en):
    # What a webhook that was never asked had answered nobody knows: then nothing is said of it.
    assert why(company, called(company, **caller)) == {"nl": nl, "en": en}


def test_what_had_led_elsewhere_really_leads_there(company):
    call = called(company, replies={"klant": Answer("ok", "openstaand")})
    assert why(company, call)["en"].endswith("without an answer it would have been Receptie.")
    assert called(company, replies={"klant": SILENT}).connected_to == "203"


def test_a_key_is_told_with_its_label():
    company, _ = read(DEMO.read_text(), APPS, secrets=lambda name: True)
    call = run(company, Caller(to="0102380095", keys="2", replies={"klant": Answer("ok", "nieuw")}))
    assert why(company, call)["nl"] == (
        "Naar Helpdesk (Carla Smit nam op), omdat de beller toets 2 (Helpdesk) koos; "
        "met toets 1 (Finance) was het Finance geweest."
    )


def test_every_call_of_every_scenario_is_explained_without_its_caller():
    with Bench(_load) as bench:
        for path in find([TESTS / "scenarios"]):
            played = bench.file(path)
            for result in played.results:
                record = result.call.record
                in_answers = not record.caller_number or any(
                    record.caller_number in value for value in record.variables.values()
                )
                for said in why(played.company, record).values():
                    assert said.endswith(".")
                    assert "{" not in said
                    assert in_answers or record.caller_number not in said


def test_both_languages_have_the_same_words():
    assert WORDS["nl"].keys() == WORDS["en"].keys()


def test_the_commands_say_it(tmp_path, capsys):
    words = ["call", str(DEMO), "--to", "0102380095", "--reply", "klant=openstaand"]
    assert app(words, exit_on_error=False, result_action="return_value") == 0
    assert "Naar Finance (Anna de Boer nam op), omdat" in capsys.readouterr().out
    app([*words, "--json"], exit_on_error=False, result_action="return_value")
    document = capsys.readouterr().out
    assert json.loads(document)["why"]["en"].startswith("To Finance (Anna de Boer answered), because")
    (tmp_path / "calls.jsonl").write_text(document * 2)
    again = ["why", str(DEMO), str(tmp_path / "calls.jsonl"), "--json"]
    assert app(again, exit_on_error=False, result_action="return_value") == 0
    assert [call["why"] for call in json.loads(capsys.readouterr().out)["calls"]] == [json.loads(document)["why"]] * 2


def test_every_turning_that_was_not_taken_is_walked_and_says_where_it_leads(company):
    record = called(company, replies={"klant": [Reply(Answer("ok", "openstaand", status=200))]})
    assert [(one.what["nl"], one.to["nl"]) for one in turnings(company, record)] == [
        ("‘lunch’ staat aan", "Anna"),
        ("buiten ‘kantooruren’", "einde van het gesprek"),
        ("‘klant’ antwoordt niet", "Receptie"),
        ("Finance neemt niet op", "Receptie"),
    ]
    assert [(one.what["en"], one.to["en"]) for one in turnings(company, record)][-1] == (
        "Finance does not answer",
        "Receptie",
    )
    missed = called(company, replies={"klant": SILENT})
    assert ("“klant” answers “openstaand”", "Finance") in [
        (one.what["en"], one.to["en"]) for one in turnings(company, missed)
    ]
    last = '      - connect: {to: "203"}'
    second = "      - webhook: {method: GET, url: 'https://x.example.nl/', save_as: agent}\n"
    asks_twice = read(PLAN.replace(last, second + last), APPS)[0]
    record = called(asks_twice, replies={"klant": [Reply(Answer("ok", "openstaand", status=200))]})
    assert turnings(asks_twice, record)[-1].to["en"] == "Receptie, if “agent” answers nothing then"
    assert {*TURNING_WORDS["nl"]} == {*TURNING_WORDS["en"]}
