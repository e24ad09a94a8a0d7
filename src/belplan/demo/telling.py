"""What happens to a call, from three sides, told as one ladder: the exchange, the CRM, and the phones themselves."""

from typing import Any

from belplan import ladder
from belplan.demo.crm import FIELDS, Received
from belplan.demo.lanes import Lanes
from belplan.demo.phones import CALLER, Fact
from belplan.dialplan import numbers
from belplan.dialplan.company import Company
from belplan.engine.cdr import Step
from belplan.engine.events import Event

_GOOD, _BAD, _QUIET = "green", "red", "yellow"


class Telling:
    """Draws the ladder. It is told by the three sides, each in its own words."""

    def __init__(self, lanes: Lanes) -> None:
        self.lanes = lanes
        self.company: Company | None = None
        self.whole = True  # show the next request to the CRM byte for byte
        self.titled = False  # the next call has its ladder begun
        self._said = ""  # by the CRM, last
        self._heard: dict[str, str] = {}

    def exchange(self, event: Event) -> None:
        """A watcher of the exchange's calls."""
        facts = event.facts
        match event.what:
            case "arrived":
                self._said = ""
                if not self.titled:
                    self.lanes.begin(f"{self._who(facts['caller_number'])} calls {self._who(facts['callee_number'])}")
                self.titled = False
                place = facts["dial_plan"] or self._who(facts["callee_number"])
                self.lanes.point("Belplan", f"walks the dial plan {place}" if facts["dial_plan"] else f"rings {place}")
            case "step" if facts["app"] == "webhook":
                self.lanes.arrow("Belplan", "CRM", self._webhook(event.path))
            case "left" if facts["app"] == "webhook":
                self._webhook_ended(facts)
            case "left" if facts["app"] == "condition":
                held = facts["exit"] == "true"
                mark, style = ("◆", _GOOD) if held else ("◇", _QUIET)
                self.lanes.point("Belplan", f"{self._sentence(event)} {'yes' if held else 'no'}", style, mark)
            case "left" if facts["app"] == "menu" and facts["exit"] != "entered":
                key = facts["exit"]
                self.lanes.point("Belplan", "the menu got no key" if key == "no_input" else f"the menu took key {key}")
            case "left" if facts["exit"] in ("failed", "busy", "no_answer"):
                self.lanes.point("Belplan", f"{facts['app']}: {facts['exit']}; the call goes on", _QUIET)
            case "heard" if (sound := facts["sound"]).startswith(("say: ", "file: ")):
                self.lanes.arrow("Belplan", "caller", f"♪ “{sound.partition(': ')[2]}”")
            case "dialled":
                self.lanes.arrow("Belplan", "phones", f"INVITE {self._who(facts['number'])}")
            case _:
                pass

    def crm(self, received: Received) -> None:
        """The CRM's own log."""
        self._said = received.answer
        if received.path == "/spoken":
            return
        if received.fields:
            count = "the twelve fields" if tuple(received.fields) == FIELDS else f"{len(received.fields)} fields"
            self.lanes.point("CRM", f"got {count}: caller_number {received.fields['caller_number']}")
            if self.whole:
                self.whole = False
                self.lanes.aside(received.body.decode(errors="replace"))
        else:
            self.lanes.point("CRM", f"was asked {received.path}" + (", no body" if not received.body else ""))

    def phones(self, fact: Fact) -> None:
        """What the caller and the phones report."""
        if fact.who == CALLER:
            self._caller(fact)
            return
        name = self._name(fact.who)
        match fact.what:
            case "rings":
                self.lanes.arrow("phones", "Belplan", f"180 {name}’s phone rings: {fact.text}", _GOOD)
            case "answers":
                self.lanes.arrow("phones", "Belplan", f"200 {name} answers", _GOOD)
            case "hears":
                self._hears(fact)
            case "stops":
                self.lanes.arrow("Belplan", "phones", f"CANCEL: {name}’s phone stops")
            case "ends":
                self.lanes.arrow("Belplan", "phones", f"BYE to {name}")
            case _:
                pass

    def noted(self, account: str) -> None:
        """A colleague's screen tells the CRM of the conversation."""
        self.lanes.arrow("phones", "CRM", f"{self._name(account)}’s screen notes who called: POST /spoken")

    def _caller(self, fact: Fact) -> None:
        match fact.what:
            case "calls":
                self._heard.clear()
                self.lanes.arrow("caller", "Belplan", f"INVITE {self._who(fact.text)}")
            case "presses":
                self.lanes.arrow("caller", "Belplan", f"key {fact.text}")
            case "rings":
                self.lanes.arrow("Belplan", "caller", "180 the caller hears ringing")
            case "answers":
                self.lanes.arrow("Belplan", "caller", "200 the caller is answered", _GOOD)
            case "hears":
                self._hears(fact)
            case "stops" | "ends":
                self.lanes.arrow("caller", "Belplan", "BYE" if fact.what == "ends" else "CANCEL")

    def _hears(self, fact: Fact) -> None:
        self._heard[fact.who] = fact.text
        if len(self._heard) < 2:
            return
        (one, heard_by_one), (other, heard_by_other) = self._heard.items()
        if (heard_by_one, heard_by_other) == (other, one):
            names = " and ".join(self._name(name) for name in (one, other))
            self.lanes.both_ways("caller", "phones", f"♪ sound both ways: {names}", _GOOD)
        else:
            for name, heard in self._heard.items():
                what = f"hears {self._name(heard)}" if heard else "hears nothing"
                self.lanes.point("caller" if name == CALLER else "phones", f"{self._name(name)} {what}", _BAD, "✗")

    def _webhook_ended(self, facts: dict[str, Any]) -> None:
        detail = facts["detail"]
        took = detail.get("phases", {}).get("total", facts["duration_ms"])
        variable = detail.get("variable", "")
        if facts["exit"] == "ok":
            self.lanes.arrow("CRM", "Belplan", f"{detail['status']} “{self._said}” is {variable}, after {took:.1f} ms")
        else:
            why = "no answer" if facts["exit"] == "timeout" else detail.get("reason", facts["exit"])
            self.lanes.point("Belplan", f"{why}: goes on after {took:.0f} ms without {variable}", _BAD, "✗")

    def _webhook(self, path: str) -> str:
        app = ladder.settings_at(self.company, path) if self.company else None
        url = getattr(app, "url", "").partition("://")[2].partition("/")[2].partition("?")[0]
        return f"{getattr(app, 'method', '')} /{url}, for at most {getattr(app, 'timeout', 0):g} s"

    def _sentence(self, event: Event) -> str:
        facts = event.facts
        step = Step(event.path, facts["app"], facts["exit"], 0.0, facts["duration_ms"], facts["detail"])
        return ladder.sentence(self.company, step) if self.company else ""

    def _who(self, number: str) -> str:
        return ladder.who(self.company, number) if self.company else number

    def _name(self, account: str) -> str:
        if account == CALLER:
            return "caller"
        user = self.company.accounts.get(account) if self.company else None
        return user.name.split()[0] if user else numbers.spoken_form(account, "NL")
