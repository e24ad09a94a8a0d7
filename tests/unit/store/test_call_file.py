"""A call has one record, whenever its engine dies."""

from belplan.engine.events import Event
from belplan.store.call_file import CallFile

FACTS = {
    "caller_number": "31612345678",
    "callee_number": "31102380095",
    "dial_plan": "Hoofdnummer",
    "company": "x",
    "version": 1,
    "began": 5.0,
    "at": 1768302000.0,
    "steps": 0,
}


def test_a_call_whose_arrival_was_not_written_has_a_record_all_the_same(tmp_path):
    with CallFile(tmp_path) as second:  # the first engine died before it wrote a line
        second(Event("resumed", "this-one", 6.0, facts=FACTS))
    with CallFile(tmp_path) as third:
        (record,) = third.close(but=())
    assert (record.uuid, record.caller_number, record.outcome) == ("this-one", "31612345678", "abandoned")
    with CallFile(tmp_path) as fourth:
        assert fourth.close(but=()) == []


def test_a_call_that_is_taken_up_keeps_what_was_written_of_it(tmp_path):
    with CallFile(tmp_path) as first:
        first(Event("arrived", "this-one", 5.0, facts=FACTS))
        first(Event("heard", "this-one", 5.0, facts={"sound": "ringing"}))
    with CallFile(tmp_path) as second:
        assert second.past("this-one").heard == ["ringing"]
        second(Event("resumed", "this-one", 6.0, facts=FACTS))
    with CallFile(tmp_path) as third:
        (record,) = third.close(but=())
    assert record.heard == ("ringing",)
