"""Engine and Asterisk are killed while callers speak; benchmarks.voicemail_kills does so five hundred times each."""

import random

from benchmarks import sweep
from benchmarks.voicemail_kills import Result, judge_mails, meet, serving
from tests.asterisk.phones import until
from tests.unit.mail.receiver import receiving


async def test_what_callers_said_outlives_the_engine_and_asterisk(program):
    chance, result = random.Random(20260113), Result()
    with receiving() as mails:
        async with serving(mails) as server:
            said = sweep.write_alaw(server.folder / "said.al", 10)
            for number, victim in enumerate(("engine", "asterisk"), 1):
                await meet(server, victim, result, said, number, 6, chance, longest=4)
            messages = server.messages()
            await until(lambda: len(mails.mails) >= len(messages), "the mails")
        judge_mails(messages, mails, result)
    assert result.faults == []
    assert result.messages > 5
