"""The calls, one after the other; what came of each; and then the exchange stays up to be tried by hand."""

import asyncio
import json
import os
import shutil
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

import aiohttp
from rich import box
from rich.console import Console
from rich.table import Table

from belplan.demo import stories
from belplan.demo.crm import FIELDS, Received
from belplan.demo.lanes import Lanes
from belplan.demo.phones import Fact, Seen
from belplan.demo.stage import GUEST, Stage, stage
from belplan.demo.stories import STORIES, Story
from belplan.demo.telling import Telling
from belplan.dialplan import numbers
from belplan.drivers.asterisk.program import Program
from belplan.engine.events import Event

SOON, LATER = 0.3, 1.5  # seconds that a phone rings: the one that is to answer, and any other
BY_HAND = 8.0  # the same, when somebody tries it
LISTENS = 0.8  # seconds to a menu, before a key is pressed
OVER = 10.0  # seconds for the exchange to end a call after its caller has


@dataclass(frozen=True, slots=True)
class Result:
    """A call that was placed. `wrong` says what should have been otherwise."""

    story: Story
    seen: Seen
    wrong: list[str]


@dataclass(slots=True)
class Show:
    """Listens to the three sides, draws what they say, and judges."""

    console: Console
    telling: Telling
    received: list[Received] = field(default_factory=list[Received])
    keys: str = ""
    _stage: Stage | None = None
    _ended: asyncio.Event = field(default_factory=asyncio.Event)
    _pressing: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    def on_exchange(self, event: Event) -> None:
        """A watcher of the exchange."""
        self.telling.exchange(event)
        if event.what == "heard" and event.facts["sound"].startswith("say: ") and self.keys:
            key, self.keys = self.keys[0], self.keys[1:]
            self._pressing.add(asyncio.ensure_future(self._press(key)))
        elif event.what == "ended":
            self._ended.set()

    def on_crm(self, received: Received) -> None:
        """The CRM's log."""
        self.received.append(received)
        self.telling.crm(received)

    def on_phone(self, fact: Fact) -> None:
        """What the phones report."""
        self.telling.phones(fact)

    async def play(self, on: Stage) -> list[Result]:
        """Place every call."""
        self._stage = on
        self.telling.company = on.company
        on.phones.tell = self.on_phone
        results = [await self._place(on, number, story) for number, story in enumerate(STORIES, 1)]
        # By hand: time to answer with a telephone of one's own, and never two of ours in the same instant.
        on.phones.patience = {account: BY_HAND + 0.5 * index for index, account in enumerate(on.passwords)}
        return results

    async def _place(self, on: Stage, number: int, story: Story) -> Result:
        self.received.clear()
        self._ended.clear()
        self.keys = story.keys
        on.phones.patience = {name: SOON if name == story.answers else LATER for name in on.passwords}
        caller = numbers.spoken_form(story.caller, on.company.settings.country)
        name = on.company.names.get(story.caller, "a caller nobody knows")
        self.telling.lanes.silent = "CRM" if story.crm == "silent" else None
        self.telling.titled = True
        self.telling.lanes.begin(f"{number}. {story.title}: {name}, {caller}")
        async with AsyncExitStack() as during:
            if story.crm == "silent":
                await during.enter_async_context(on.silent_crm())
            seen = await on.phones.call(on.number, story.caller)
            async with asyncio.timeout(OVER):
                await self._ended.wait()
        wrong = judge(story, seen, self.received)
        if story.noted and seen.answered:
            await self._note(on, story.caller, seen.answered)
        for what in wrong:
            self.console.print(f"         [red]✗ {what}[/]")
        if not wrong:
            self.console.print(f"         [green]✓ {story.expected}[/]")
        return Result(story, seen, wrong)

    async def _note(self, on: Stage, caller: str, account: str) -> None:
        """Do as the colleague's screen does after a conversation: tell the CRM."""
        self.telling.noted(account)
        told = {"number": caller, "colleague": on.company.accounts[account].number}
        async with aiohttp.ClientSession() as http, http.post(f"{on.crm.url}/spoken", data=json.dumps(told)) as answer:
            answer.raise_for_status()

    async def _press(self, key: str) -> None:
        if self._stage:
            await self._stage.phones.press(key, LISTENS)


def judge(story: Story, seen: Seen, received: list[Received]) -> list[str]:
    """What was not as it must be, from the phones' side and from the CRM's."""
    wrong: list[str] = []
    if set(seen.rang) != set(story.rings):
        wrong.append(f"rang: {', '.join(seen.rang) or 'no phone'}; must ring: {', '.join(story.rings)}")
    if seen.answered != story.answers:
        wrong.append(f"answered: {seen.answered or 'nobody'}; must answer: {story.answers}")
    if not seen.caller_rang:
        wrong.append("the caller heard no ringing")
    if not seen.sound_both_ways:
        wrong.append(f"the caller heard {seen.caller_hears or 'nothing'}, the phone {seen.phone_hears or 'nothing'}")
    asked = tuple(f"{one.method} {one.path.partition('?')[0]}" for one in received)
    if asked != story.asked:
        wrong.append(
            f"the CRM was asked: {', '.join(asked) or 'nothing'}; must be: {', '.join(story.asked) or 'nothing'}"
        )
    for one in received:
        if one.method == "POST" and (
            tuple(one.fields) != FIELDS or not all(isinstance(v, str) for v in one.fields.values())
        ):
            wrong.append("the CRM did not get the twelve fields, in order, as text")
        if one.method == "POST" and one.fields.get("caller_number") != story.caller:
            wrong.append("the CRM got another caller’s number")
        if one.method == "GET" and one.body:
            wrong.append("the CRM got a body with a GET")
    return wrong


async def show(program: Program, data: Path, console: Console, plan: Path, *, once: bool) -> int:
    """The whole demo. 0 only if every call reached the right phone. Without `once` it stays up until cancelled."""
    began = monotonic()
    loop = asyncio.get_running_loop()
    playing = Show(console, Telling(Lanes(console, loop.time)))
    starting = stage(
        program, data, console, plan=plan, steady=not once, watcher=playing.on_exchange, log=playing.on_crm
    )
    async with starting as on:
        ready = monotonic()
        results = await playing.play(on)
        placed = monotonic()
        _print_results(console, on, results)
        console.print(f"[dim]ready after {ready - began:.1f} s; {len(results)} calls in {placed - ready:.1f} s[/]")
        reached = not any(result.wrong for result in results)
        if not reached:
            wrong = ", ".join(str(number) for number, result in enumerate(results, 1) if result.wrong)
            console.print(f"[red]✗ not as it must be: call {wrong}[/]")
        if not once:
            playing.telling.lanes.silent = None
            _print_what_to_try(console, on)
            await _until_cancelled()
            console.print("\n[dim]stopping …[/]")
    return 0 if reached else 1


async def _until_cancelled() -> None:
    try:
        await asyncio.get_running_loop().create_future()
    except asyncio.CancelledError:
        if task := asyncio.current_task():
            task.uncancel()


def _print_results(console: Console, on: Stage, results: list[Result]) -> None:
    table = Table(box=box.SIMPLE_HEAD, header_style="dim", padding=(0, 1, 0, 0))
    for column in ("", "call", "must reach", "rang (its own word)", "answered", "sound", ""):
        table.add_column(column, no_wrap=True)
    for number, result in enumerate(results, 1):
        seen = result.seen
        table.add_row(
            str(number),
            result.story.name,
            result.story.expected,
            ", ".join(sorted(_name(on, account) for account in seen.rang)) or "nobody",
            _name(on, seen.answered) if seen.answered else "nobody",
            "both ways" if seen.sound_both_ways else "no",
            "[red]✗[/]" if result.wrong else "[green]✓[/]",
        )
    console.print()
    console.print(table)


def _name(on: Stage, account: str) -> str:
    user = on.company.accounts.get(account)
    return user.name.split()[0] if user else account


def _print_what_to_try(console: Console, on: Stage) -> None:
    number = numbers.spoken_form(on.number, on.company.settings.country).replace(" ", "")
    sip = on.options.sip_port
    # In a clone `make demo` runs it out of .venv, and nobody has that on their path.
    command = "belplan" if shutil.which("belplan") else os.path.relpath(Path(sys.executable).with_name("belplan"))
    call = f"{command} call {on.plan} --to {number} --from"
    console.print("\n[bold]It stays up. Try it by hand:[/]\n")
    email, password = on.visitor
    console.print(
        f"  the page                  [bold]{on.page}[/], sign in as [bold]{email}[/], password [bold]{password}[/]"
    )
    console.print("                            the calls above are there, with the plan that they walked")
    console.print(f"  a telephone of your own   account [bold]{GUEST}[/], password [bold]{on.passwords[GUEST]}[/],")
    console.print(f"                            registrar 127.0.0.1:{sip} (UDP or TCP)")
    console.print(f"  numbers to dial           {number} the company, 301 Finance, 302 help desk, 205 Eva")
    console.print(f"                            the phones answer after {BY_HAND:g} s; what happens is drawn here")
    console.print(f"  the CRM                   {on.crm.url}/ticket?number={stories.CUSTOMER}")
    console.print(f"  the plan                  {on.plan}")
    console.print("                            change it, and the next call walks the new one")
    console.print("\n  The same plan without telephones, asking the same CRM:\n")
    for caller, what in (
        (stories.DEBTOR, "unpaid invoices"),
        (stories.CUSTOMER, "ticket"),
        (stories.STRANGER, "called before"),
    ):
        console.print(f"  [cyan]{call} +{caller}[/]  [dim]{what}[/]", soft_wrap=True)
    console.print("\n  Accounts of the demo’s own phones, and their passwords:\n")
    for name, word in on.passwords.items():
        if name != GUEST:
            console.print(f"  {name:<8}{word}")
    console.print("\n[dim]Ctrl-C ends everything.[/]")
