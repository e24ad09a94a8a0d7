"""Sounds, the outbox of event webhooks, and answers that are given again: alike in both databases."""

import asyncio

from belplan.event_webhooks import happened
from belplan.store.answers import Answers, Kept
from belplan.store.companies import Companies
from belplan.store.event_webhooks import EventWebhooks
from belplan.store.prompts import CompanyPrompts
from belplan.store.vault import Vault
from tests.stores.test_stores import ONE, TWO, opened


async def test_sounds_are_kept_and_brought_to_the_folder(url, tmp_path):
    async with opened(url) as database:
        await Companies(database).add(ONE, "Eén BV", {}, "Anna")
        prompts = CompanyPrompts(database, tmp_path)
        await prompts.put(ONE, "a.wav", b"RIFF" + bytes(range(256)), 1.0, "Anna", replace=False)
        await prompts.put(ONE, "a.wav", b"RIFF2", 2.0, "Anna", replace=True)
        await prompts.rename(ONE, "a.wav", "b.wav")
        assert ((tmp_path / ONE / "b.wav").read_bytes(), await prompts.missing(ONE, {"a.wav"})) == (b"RIFF2", {"a.wav"})


async def test_an_event_is_one_delivery_taken_by_one_server_until_it_is_told(url, tmp_path):
    async with opened(url) as database:
        for company in (ONE, TWO):
            await Companies(database).add(company, "Eén BV", {}, "Anna")
        hooks = EventWebhooks(database, Vault.open(tmp_path / "key"))
        hook, secret = await hooks.add(ONE, "https://crm.example.nl/", ["call.ended"])
        await hooks.add(TWO, "https://crm.example.nl/", ["call.ended"])
        event = happened("call.ended", ONE, "c", {}, ("31612345678",))
        assert [len(await hooks.put([event])) for _ in range(2)] == [1, 0]
        taken = await asyncio.gather(hooks.take(9), hooks.take(9))
        (due,) = [one for some in taken for one in some]
        assert (due.secrets, due.company) == ((secret,), ONE)
        await hooks.tried(due.delivery, 500, "status")
        (waits,) = await hooks.deliveries(ONE, hook.id, limit=9)
        assert (waits.attempts, waits.delivered, waits.due > waits.tried) == (1, False, True)
        await hooks.again(ONE, hook.id, waits.id)
        (due,) = await hooks.take(9)
        await hooks.tried(due.delivery, 200, "")
        assert await hooks.take(9) == []
        await hooks.sweep()
        assert [await hooks.forget(ONE, number) for number in ("3161234567", "31612345678")] == [0, 1]


async def test_an_answer_is_kept_for_its_key(url, tmp_path):
    async with opened(url) as database:
        answers = Answers(database, Vault.open(tmp_path / "key"))
        begun = await asyncio.gather(answers.begin("a"), answers.begin("a"))
        assert sorted(one is None for one in begun) == [False, True]
        await answers.keep("a", Kept("digest", 201, {"etag": "1"}, "é"))
        assert await answers.begin("a") == Kept("digest", 201, {"etag": "1"}, "é")
        await answers.forget("a")
        assert await answers.begin("a") is None
        await answers.sweep()
