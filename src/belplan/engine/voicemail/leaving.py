"""Leaving a message: what a call does with a voicemail box while somebody speaks."""

import asyncio
import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from belplan.dialplan import numbers
from belplan.dialplan.company import VoicemailBox
from belplan.engine.call import Call
from belplan.engine.leg import Recorded, Recording
from belplan.engine.voicemail.boxes import MOST_TAKES, SHORTEST, BoxError, Boxes, Draft, Resumed, best_take


class Leaving:
    """One caller's message: its takes, of which the last that is long enough counts."""

    def __init__(self, call: Call, box: VoicemailBox, resumed: Resumed) -> None:
        self.draft = resumed.draft
        self.speaking = resumed.takes > 0  # the caller was, when the engine died
        self.sent = resumed.sent
        self._call = call
        self._box = box
        self._boxes = call.use(Boxes)
        self._number = max(0, resumed.takes - 1)  # the last take that was begun is taken up
        self._takes: list[Recording] = []
        self._done: list[Recorded] = []
        self._began: float | None = None  # the take that is under way, in seconds of the clock
        if self.sent:
            call.outcome = "voicemail"

    @property
    def enough(self) -> bool:
        """Whether no further take can be made."""
        return self._number >= MOST_TAKES

    @property
    def best(self) -> Recorded | None:
        """What would be kept now."""
        return best_take(self._done)

    async def take(self) -> Recorded:
        """Record what the caller says, until the key #, silence or the box's longest time."""
        box, clock = self._box, self._call.clock
        self._number += 1
        self.speaking = False
        name = self.draft.take_name(self._number)
        async with self._call.caller.recording(name, longest=box.max_length, silence=box.silence) as recording:
            self._takes.append(recording)
            self._began = clock.monotonic()
            recorded = await recording.finished()
        self._began = None
        self._done.append(recorded)
        return recorded

    async def send(self) -> None:
        """Keep it: it is safe when this returns."""
        self.sent = True
        self._tell()
        try:
            await asyncio.shield(self._boxes.settle(self.draft, self._takes))
        except BoxError:
            self._call.detail["reason"] = "disk"  # what was spoken is on disk; the rest is done when there is room

    def leave(self) -> None:
        """The caller is gone, or says no more: what was spoken is kept, behind the call's back."""
        if not self.sent:
            self._tell()
            self._boxes.settle(self.draft, self._takes)

    def cancel(self) -> None:
        """Forget it all."""
        self.sent = True
        self._boxes.discard(self.draft, self._takes)

    def _tell(self) -> None:
        spoken = [one.seconds for one in self._done]
        if self._began is not None:
            spoken.append(self._call.clock.monotonic() - self._began)
        if last := next((seconds for seconds in reversed(spoken) if seconds >= SHORTEST), None):
            self._call.outcome = "voicemail"
            self._call.detail["seconds"] = round(last, 1)


@asynccontextmanager
async def leaving(call: Call, box: VoicemailBox) -> AsyncGenerator[Leaving]:
    """A message to this box, for as long as the block runs. Whatever ends the block, what was spoken is kept.

    Raises BoxError where the box can take none.
    """
    boxes = call.use(Boxes)
    resumed = boxes.resumed(call.caller.id, box.number)
    if resumed is None:
        resumed = Resumed(_draft(call, box))
        await boxes.begin(resumed.draft)
    left = Leaving(call, box, resumed)
    try:
        yield left
    finally:
        left.leave()


def _draft(call: Call, box: VoicemailBox) -> Draft:
    company = call.company
    number = company.telephone(call.caller_number)
    colleague = company.user(number)
    return Draft(
        id=uuid.uuid4().hex,
        company=company.id,
        box=box.number,
        box_name=box.name,
        leg=call.caller.id,
        began=call.clock.now(),
        caller_number=number,
        caller=numbers.spoken_form(number, company.settings.country),
        # Who withholds the number withholds the name.
        caller_name=(colleague.name if colleague else call.phonebook_name or call.caller_name) if number else "",
        language=box.language or company.settings.language,
        timezone=company.settings.timezone,
        mail_to=box.email,
        keep_days=box.keep_days,
    )
