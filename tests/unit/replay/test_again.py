"""A call of the past, walked again: exactly as it was on its own version, and honestly on another."""

from datetime import datetime
from pathlib import Path

import pytest

from belplan.apps import APPS
from belplan.cli.scenarios import _load
from belplan.dialplan.check import read
from belplan.drivers.simulator import Reaction
from belplan.replay import again
from belplan.scenarios.run import Bench, find
from belplan.simulation import Caller, run
from belplan.webhook.exchange import Answer

TESTS = Path(__file__).parents[2]
DEMO = (TESTS.parent / "src/belplan/demo/company.yaml").read_text()


def company(*changes, text=DEMO):
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    found, problems = read(text, APPS, secrets=lambda name: True)
    assert found, problems
    return found


def called(**caller):
    demo = company()
    return run(demo, Caller(to="0102380095", at=datetime(2026, 1, 13, 12, tzinfo=demo.zone), **caller))


@pytest.mark.parametrize("path", find([TESTS / "scenarios"]), ids=lambda path: path.name)
def test_every_scenario_comes_out_exactly_as_it_was(path):
    with Bench(_load) as bench:
        played = bench.file(path)
    for result in played.results:
        was = result.call.record
        came = again(played.company, was)
        assert came.exact, (result.written.scenario.name, came.unknown)
        for what in ("outcome", "cause", "connected_to", "answered_by", "variables"):
            assert getattr(came.record, what) == getattr(was, what)


OPEN = {"replies": {"klant": Answer("ok", "openstaand")}}
OTHER = {"replies": {"klant": Answer("ok", "nieuw")}}


def test_an_item_that_was_put_in_between_leaves_the_rest_as_it_was():
    draft = company(("      - menu: {name: keuze}", "      - announce: {say: Moment.}\n      - menu: {name: keuze}"))
    came = again(draft, called(**OTHER, keys="2"))
    assert came.unknown is None
    assert came.record.connected_to == "302"


def test_a_phone_that_did_not_ring_is_not_guessed():
    came = again(company(("equals: openstaand", "equals: anders")), called(**OPEN, keys="1"))
    assert str(came.unknown) == "the call was not in the menu keuze (nl) then"
    draft = company(
        ('equals: openstaand, then: [{connect: {to: "301"', 'equals: openstaand, then: [{connect: {to: "205"')
    )
    came = again(draft, called(**OPEN))
    assert (came.ringing, str(came.unknown)) == ("205", "205 did not ring then")


def test_a_webhook_that_did_not_exist_is_not_guessed():
    draft = company(
        ("save_as: klant}", "save_as: klant}\n      - webhook: {method: GET, url: 'http://x.example/', save_as: nieuw}")
    )
    came = again(draft, called(**OPEN))
    assert came.unknown.subject == "webhook"
    assert str(came.unknown) == "the webhook nieuw was not asked then"


def test_a_webhook_that_moved_to_another_address_keeps_its_answers():
    assert again(company((":8090/belplan", ":9999/anders")), called(**OPEN)).record.connected_to == "301"


def test_a_shorter_timeout_is_reckoned_with_and_a_longer_one_is_not_guessed():
    from belplan.drivers.simulator import Reply

    slow = called(replies={"klant": [Reply(Answer("ok", "openstaand"), 0.9)]})
    longer = company(("timeout: 1, save_as: klant", "timeout: 3, save_as: klant"))
    assert again(longer, slow).record.connected_to == "301"
    late = called(replies={"klant": [Reply(Answer("timeout"), float("inf"))]})
    assert str(again(longer, late).unknown) == "the webhook klant was given up before it now would be"
    was = run(longer, Caller(to="0102380095", replies={"klant": [Reply(Answer("ok", "openstaand"), 2.5)]}))
    assert was.connected_to == "301"
    assert again(company(), was).record.trace[0].exit == "timeout"


def test_who_left_the_group_does_not_answer_its_calls():
    draft = company(('members: ["201", "202"]', 'members: ["202", "203"]'))
    came = again(draft, called(**OPEN, reactions={"202": Reaction("no_answer")}))
    assert str(came.unknown) == "201 answered then, and does not ring now"


def test_a_caller_who_hung_up_hangs_up_at_that_moment():
    was = called(**OTHER, hang_up_after=3)
    assert was.outcome == "abandoned"
    assert again(company(), was).exact
    quick = company(
        (
            'say: "Welkom bij Voorbeeld. Toets 1 voor Finance, toets 2 voor de helpdesk, of blijf aan de lijn."',
            "say: Kies.",
        )
    )
    came = again(quick, was)
    assert came.unknown or came.record.outcome == "abandoned"


def test_times_are_asked_anew_at_the_moments_of_then():
    hours = "\ntime_conditions:\n  - {name: open, weekdays: [{days: [tue], from: '08:00', to: '%s'}]}"

    def draft(until):
        return company(
            ("\ntime_conditions:", hours % until),
            (
                "      - webhook: {method: POST",
                "      - time: {when: open, invert: true, then: [{hangup: {}}]}\n      - webhook: {method: POST",
            ),
        )

    assert again(draft("17:00"), called(**OPEN)).record.connected_to == "301"
    assert again(draft("11:00"), called(**OPEN)).record.outcome == "ended"
