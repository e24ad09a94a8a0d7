"""A receiver's report: every check and its grade; for people, for programs, and for build servers."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from inspect import getdoc
from time import perf_counter
from typing import Any
from urllib.parse import urljoin
from xml.etree import ElementTree

from rich.console import Console
from rich.text import Text

from belplan.rehearsal.checks import CHECKS, Finding, said
from belplan.rehearsal.exchange import Exchange, Target
from belplan.rehearsal.tape import Recorded, bytes_of
from belplan.webhook import Policy, Request, Webhooks

NOT_TRIED = "not tried: an ordinary call gets no answer that counts"
_MARKS = {"pass": ("✓", "green"), "warn": ("!", "yellow"), "fail": ("✗", "red"), "skip": ("·", "dim")}


@dataclass(frozen=True, slots=True)
class Graded:
    """One check of a receiver. `seconds` is how long it took."""

    name: str
    title: str
    finding: Finding
    seconds: float


async def grade(target: Target, only: Collection[str] = ()) -> list[Graded]:
    """Play the exchange to a receiver: all checks, or some of them.

    Where an ordinary call gets no answer, the others are skipped.
    """
    graded: list[Graded] = []
    async with Webhooks(Policy(allow_loopback=True), tls=target.tls) as webhooks:
        exchange = Exchange(target, webhooks)
        for name, check in CHECKS.items():
            if only and name not in only:
                continue
            began = perf_counter()
            if graded and graded[0].name == "answers" and graded[0].finding.grade == "fail":
                finding = Finding("skip", NOT_TRIED)
            else:
                finding = await check(exchange.within(name))
            graded.append(Graded(name, getdoc(check) or name, finding, perf_counter() - began))
    return graded


async def compare(target: Target, tape: Sequence[Recorded]) -> list[Graded]:
    """Send what was recorded, signed anew, and compare each answer with the one of then."""
    graded: list[Graded] = []
    async with Webhooks(Policy(allow_loopback=True), tls=target.tls) as webhooks:
        for number, one in enumerate(tape, 1):
            began = perf_counter()
            post = one.method == "POST"
            answer = await webhooks.send(
                Request(
                    company=str(number),
                    method="POST" if post else "GET",
                    url=target.url if post else urljoin(target.url, one.target),
                    timeout=target.timeout,
                    body=bytes_of(one.body) if post else None,
                    secrets=target.secrets,
                )
            )
            same = answer.text == one.answer.strip() if 200 <= one.status < 300 else answer.status == one.status
            finding = Finding(
                "pass" if same else "fail",
                said(answer),
                "" if same else f"The recording has: {one.status} “{one.answer}”",
            )
            graded.append(Graded(f"{number}", f"{one.method} {one.caller}", finding, perf_counter() - began))
    return graded


def passed(graded: Sequence[Graded]) -> bool:
    """Whether no check failed."""
    return all(one.finding.grade != "fail" for one in graded)


def show(console: Console, graded: Sequence[Graded]) -> None:
    """For people: a line for each check, and the advice where there is any."""
    width = max((len(one.name) for one in graded), default=0)
    for one in graded:
        if one.finding.seen == NOT_TRIED:
            continue
        mark, style = _MARKS[one.finding.grade]
        text = Text.assemble((f"{mark} ", style), (f"{one.name:<{width}}  ", "bold"), one.title)
        console.print(text)
        if one.finding.grade != "pass":
            console.print(Text(f"  {'':<{width}}  {one.finding.seen}", style=style))
            if one.finding.advice:
                console.print(Text(f"  {'':<{width}}  → {one.finding.advice}"))
    counts = {grade: sum(one.finding.grade == grade for one in graded) for grade in _MARKS}
    words = {"pass": "passed", "warn": "with a warning", "fail": "failed", "skip": "skipped"}
    if graded and graded[-1].finding.seen == NOT_TRIED:
        console.print(Text(f"· the others are {NOT_TRIED}", style="dim"))
    console.print(", ".join(f"{count} {words[grade]}" for grade, count in counts.items() if count))


def as_json(graded: Sequence[Graded]) -> dict[str, Any]:
    """For programs."""
    return {
        "passed": passed(graded),
        "checks": [
            {
                "name": one.name,
                "title": one.title,
                "grade": one.finding.grade,
                "seen": one.finding.seen,
                "advice": one.finding.advice,
                "seconds": round(one.seconds, 3),
            }
            for one in graded
        ],
    }


def junit(graded: Sequence[Graded], url: str) -> str:
    """For build servers: a case for each check. A warning is no failure, and stands in the output."""
    count = {grade: str(sum(one.finding.grade == grade for one in graded)) for grade in _MARKS}
    suite = ElementTree.Element(
        "testsuite",
        name=f"belplan webhook send {url}",
        tests=str(len(graded)),
        failures=count["fail"],
        errors="0",
        skipped=count["skip"],
        time=f"{sum(one.seconds for one in graded):.3f}",
    )
    for one in graded:
        case = ElementTree.SubElement(suite, "testcase", classname="receiver", name=one.name, time=f"{one.seconds:.3f}")
        text = _printable(f"{one.title} {one.finding.seen}\n{one.finding.advice}".strip())
        if one.finding.grade == "fail":
            ElementTree.SubElement(case, "failure", message=_printable(one.finding.seen)).text = text
        elif one.finding.grade == "skip":
            ElementTree.SubElement(case, "skipped", message=_printable(one.finding.seen))
        elif one.finding.grade == "warn":
            ElementTree.SubElement(case, "system-out").text = text
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _printable(text: str) -> str:
    """XML 1.0 has no control characters but these."""
    return "".join(letter if letter >= " " or letter in "\t\n" else "\ufffd" for letter in text)
