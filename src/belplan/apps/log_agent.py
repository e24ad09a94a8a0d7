"""An agent logs in or out from a phone, by dialling *100 for all their queues, or *100*401 for one."""

from typing import Annotated

from pydantic import Field

from belplan.dialplan.company import Company
from belplan.dialplan.fields import Prompt, Text
from belplan.engine.app import App
from belplan.engine.call import Call
from belplan.engine.listening import play_through
from belplan.engine.queueing.lines import Queues, queues_of

SAYS = {
    "nl": {
        "in": "U bent aangemeld bij {queues}.",
        "out": "U bent afgemeld bij {queues}.",
        "none": "U bent geen medewerker van een wachtrij.",
        "and": "en",
    },
    "en": {
        "in": "You are logged in to {queues}.",
        "out": "You are logged out of {queues}.",
        "none": "You are not an agent of a queue.",
        "and": "and",
    },
}


class LogAgent(App):
    """Log the caller out of their queues where they are in any, else in to all of them, and say so.

    Whoever was paused is logged out first, too.
    """

    app_name = "log_agent"
    exits = ("in", "out", "none")
    example = {"queue": "401"}

    queue: Annotated[Text, Field(description="Number of a queue; all of the caller's, when absent.")] = ""

    async def run(self, call: Call) -> str:
        company, queues = call.company, call.use(Queues)
        colleague = company.accounts.get(call.caller_number) or company.user(call.caller_number)
        mine = [queue for queue in (queues_of(company, colleague.number) if colleague else []) if self._means(queue)]
        if colleague is None or not mine:
            return await self._say(call, "none")
        if "out" not in call.kept:  # done again, it must not turn it back
            await call.keep(out=any(queues.standing(company, queue, colleague.number) != "out" for queue in mine))
        out: bool = call.kept["out"]
        queues.change(company, colleague.number, "log_out" if out else "log_in", mine)
        return await self._say(call, "out" if out else "in", _names(company, mine))

    def _means(self, queue: str) -> bool:
        return self.queue in ("", queue)

    async def _say(self, call: Call, what: str, names: tuple[str, ...] = ()) -> str:
        language = call.company.settings.language
        says = SAYS[language]
        listed = f" {says['and']} ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
        await call.caller.answer()
        await play_through(call, Prompt(say=says[what].format(queues=listed), language=language))
        await call.hang_up()
        return what


def _names(company: Company, numbers: list[str]) -> tuple[str, ...]:
    return tuple(company.internal[number].name for number in numbers)
