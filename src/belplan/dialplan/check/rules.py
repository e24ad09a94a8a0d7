"""Rules about what is not there."""

from collections.abc import Sequence

from belplan.dialplan.check.findings import Findings
from belplan.dialplan.fields import CALL_DATA
from belplan.dialplan.numbers import is_outside
from belplan.dialplan.places import Top


def check_rules(findings: Findings, everything: Sequence[Top]) -> None:
    """Whatever a rule names has to be there: else it would hold, and say nothing."""
    company = findings.company
    variables = {name for top in everything for spot in top.everything for name, _ in spot.sets}
    for index, rule in enumerate(company.rules):
        keys = findings.entry("rules", index)
        target = rule.target
        if target and not target.endswith("*") and not findings.lost(target):
            outside = is_outside(company.canonical(target), company.settings.country)
            if company.destination(target) is None and not outside:
                message = f"nobody has the number {target}{findings.nearest(target, company.internal)}"
                findings.say((*keys, rule.form, "to"), "unknown-destination", message)
        for where, test in rule.when.tests if rule.when else ():
            place = (*keys, "when", *([where[:-1]] if where else []))
            known = (
                (test.time, company.times, "time condition"),
                (test.diversion, company.switches, "diversion"),
            )
            for name, there, what in known:
                if name is not None and name not in there and not findings.lost(name):
                    hint = findings.nearest(name, there)
                    findings.say(place, "unknown-destination", f'there is no {what} "{name}"{hint}')
            name = test.variable.partition(".")[0]
            alone = test.time is None and test.diversion is None
            if alone and name not in variables and test.variable not in CALL_DATA and not findings.lost(name):
                hint = findings.nearest(name, [*variables, *CALL_DATA])
                findings.say(place, "unknown-variable", f'no webhook sets "{name}"{hint}')
