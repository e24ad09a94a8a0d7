"""Ring groups: whose phones ring, together or one after the other."""

import pytest

GROUP = """
ring_groups: [{name: Finance, number: "301", members: ["201", "202", "203"], strategy: STRATEGY, timeout: 8}]
dial_plans:
  - name: Hoofd
    internal_number: "1003"
    route:
      - connect: {to: "301"}
      - hangup: {cause: 19}
"""
ORDER = ("in_order", "round_robin", "longest_idle")
NOBODY = {"201": "no_answer", "202": "no_answer", "203": "no_answer"}


def group(strategy: str, connect: str = "") -> str:
    return GROUP.replace("STRATEGY", strategy).replace('to: "301"', f'to: "301"{connect}')


async def test_all_ring_at_once_and_the_first_wins(walk):
    result = await walk(group("all"), phones={"202": {"after": 1}})
    assert result.rang == ["201", "202", "203"]
    assert [phone.after for phone in result.call.rang] == [0, 0, 0]
    assert (result.connected_to, result.answered_by, result.answered_after) == ("301", "202", 1)


async def test_two_at_the_same_instant_give_one(walk):
    for _ in range(5):
        assert (await walk(group("all"))).answered_by == "201"


async def test_all_ring_as_long_as_the_group_says(walk):
    result = await walk(group("all"), phones=NOBODY)
    assert result.trace == [("connect", "no_answer"), ("hangup", "ended")]
    assert result.step("connect").duration_ms == 8000


async def test_a_shorter_connect_cuts_the_group_short(walk):
    result = await walk(group("all", ", timeout: 5"), phones=NOBODY)
    assert result.step("connect").duration_ms == 5000


async def test_some_busy_and_the_rest_silent_is_no_answer(walk):
    result = await walk(group("all"), phones={"201": "busy", "202": "no_answer", "203": "failed"})
    assert result.trace[0] == ("connect", "no_answer")


async def test_some_busy_and_the_rest_away_is_busy(walk):
    result = await walk(group("all"), phones={"201": "failed", "202": "reject", "203": "failed"})
    assert result.trace[0] == ("connect", "busy")
    assert result.lasted == 2


async def test_all_away_is_failed_at_once(walk):
    result = await walk(group("all"), phones=dict.fromkeys(NOBODY, "failed"))
    assert result.trace[0] == ("connect", "failed")
    assert result.lasted == 0


@pytest.mark.parametrize("strategy", ORDER)
async def test_one_after_the_other(walk, strategy):
    result = await walk(group(strategy), phones={"201": "no_answer", "202": "busy"})
    assert [(phone.number, phone.after) for phone in result.call.rang] == [("201", 0), ("202", 8), ("203", 8)]
    assert (result.connected_to, result.answered_by) == ("301", "203")


@pytest.mark.parametrize("strategy", ORDER)
async def test_nobody_in_turn_is_no_answer(walk, strategy):
    result = await walk(group(strategy), phones=NOBODY)
    assert result.trace[0] == ("connect", "no_answer")
    assert result.step("connect").duration_ms == 24_000
    assert result.silence == 0


@pytest.mark.parametrize("strategy", ORDER)
async def test_the_timeout_of_connect_bounds_the_whole_turn(walk, strategy):
    result = await walk(group(strategy, ", timeout: 10"), phones=NOBODY)
    assert result.rang == ["201", "202"]
    assert result.step("connect").duration_ms == 10_000


@pytest.mark.parametrize("strategy", ORDER)
async def test_a_member_who_is_busy_does_not_shorten_the_others(walk, strategy):
    result = await walk(group(strategy, ", timeout: 10"), phones={**NOBODY, "201": "busy"})
    assert result.step("connect").duration_ms == 10_000


async def test_round_robin_goes_on_after_the_last_one(walk):
    for last, first in (("201", "202"), ("202", "203"), ("203", "201")):
        result = await walk(group("round_robin"), state={"last_answered": {"301": last}})
        assert result.answered_by == first


async def test_longest_idle_rings_who_talked_longest_ago(walk):
    result = await walk(group("longest_idle"), phones=NOBODY, state={"last_answered": {"301": ["203", "201", "202"]}})
    assert result.rang == ["203", "201", "202"]
    result = await walk(group("longest_idle"), state={"last_answered": {"301": ["201", "203"]}})
    assert result.rang == ["202"]


async def test_in_order_always_begins_at_the_top(walk):
    assert (await walk(group("in_order"), state={"last_answered": {"301": "201"}})).rang == ["201"]


async def test_a_member_without_a_phone_is_passed_over(walk):
    plan = GROUP.replace("STRATEGY", "in_order").replace('"202", "203"', '"204", "203"')
    plan = (
        """
company: {name: Voorbeeld BV}
users:
  - {name: Anna, number: "201", phones: [{username: anna, password: x}, {username: anna-mobiel, password: x}]}
  - {name: Cees, number: "203", phones: [{username: cees, password: x}]}
  - {name: Zonder, number: "204"}
"""
        + plan
    )
    result = await walk(plan, phones={"201": "no_answer"})
    assert result.rang == ["201", "201", "203"]
    assert result.answered_by == "203"


async def test_a_user_with_two_phones_takes_it_on_either(walk):
    plan = """
company: {name: Voorbeeld BV}
users: [{name: Anna, number: "201", phones: [{username: vast, password: x}, {username: mobiel, password: x}]}]
dial_plans: [{name: Hoofd, internal_number: "1003", route: [{connect: {to: "201"}}]}]
"""
    result = await walk(plan, phones={"vast": "busy", "mobiel": {"after": 6}})
    assert (result.answered_by, result.answered_after) == ("201", 6)


async def test_who_hangs_up_stops_the_turn(walk):
    result = await walk(group("in_order"), phones=NOBODY, hang_up_after=9)
    assert result.rang == ["201", "202"]
    assert result.outcome == "abandoned"


async def test_a_group_is_called_directly(walk):
    result = await walk(group("all"), to="301")
    assert (result.connected_to, result.paths) == ("301", ["ring_groups[0]"])
