"""Which conversations are recorded, and what the record of the call says of it."""

RECORDED = """
dial_plans: [{name: Hoofd, internal_number: "1003", route: [{record: {}}, {connect: {to: "201"}}]}]
"""


async def test_the_record_of_a_call_names_its_recording(walk):
    result = await walk(RECORDED)
    (name,) = result.record.recordings
    assert name == f"call-{result.record.company}-{result.record.uuid}-1"


async def test_after_a_transfer_the_next_conversation_is_recorded_too(walk):
    result = await walk(RECORDED, phones={"201": {"does": "answer", "talks": 5, "transfers": "202"}})
    assert result.connected_to == "202"
    assert [name[-2:] for name in result.record.recordings] == ["-1", "-2"]


async def test_nobody_answers_and_nothing_is_recorded(walk):
    result = await walk(RECORDED, phones={"201": "no_answer"})
    assert result.record.recordings == ()


async def test_one_that_is_switched_off_is_not_recorded(walk):
    plan = RECORDED.replace("record: {}", "record: {on: false}")
    assert (await walk(plan)).record.recordings == ()
