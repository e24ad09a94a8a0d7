"""What came of scenarios, for people, for build servers and for programs."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from rich.console import Console
from rich.text import Text

from belplan import ladder
from belplan.dialplan.company import Company
from belplan.scenarios.coverage import Coverage, cover
from belplan.scenarios.run import FileResult, Result

MEANT = "                 ┄ "


def print_file(console: Console, file: FileResult) -> None:
    """One line for the file, and a ladder for each scenario in it that failed."""
    mark = Text("✗ " if file.failed else "✓ ", style="red" if file.failed else "green")
    passed = len(file.results) - len(file.failed)
    counted = f"{passed} of {len(file.results)} passed" if file.failed else _count(passed, "scenario")
    console.print(mark.append(f"{file.path}", style="default").append(f"  {counted}", style="dim"))
    for result in file.failed:
        if file.company:
            print_failure(console, file.path, file.company, result)


def print_failure(console: Console, path: Path, company: Company, result: Result) -> None:
    """The call as it was walked, and what was expected at the first step that differed."""
    console.print()
    for line in failure(path, company, result):
        console.print(line)


def failure(path: Path, company: Company, result: Result) -> list[Text]:
    """The lines of a failed scenario."""
    written = result.written
    title = Text(f"  ✗ {written.scenario.name}", style="bold red").append(f"  {path}:{written.line}", style="dim")
    return [title, *ladder_of(company, result)]


def ladder_of(company: Company, result: Result) -> list[Text]:
    """The call of a failed scenario as it went, with what was expected at the first step that differed."""
    record = result.call.record
    first = next((difference for difference in result.differences if difference.step is not None), None)
    who, called = (ladder.who(company, number) for number in (record.caller_number, record.callee_number))
    lines = [Text(f"    {who} calls {called}")]
    for index, step in enumerate(record.trace):
        text = Text("  ").append(ladder.line(company, step))
        lines.append(text)
        if first and first.step == index:
            text.append("  ✗", style="bold red")
            lines.append(Text(f"{MEANT}expected here: {first.expected}", style="red"))
    if first and first.step is not None and first.step >= len(record.trace):
        lines.append(Text(f"{MEANT}expected here: {first.expected}", style="red"))
    lines.append(Text(f"    · {ladder.ending(company, record)}, after {result.call.lasted:.1f} s"))
    lines += [Text(f"    {difference}", style="red") for difference in result.differences]
    return lines


def covered(files: Sequence[FileResult]) -> list[Coverage]:
    """For each company whose scenarios were run, how much of it they walk."""
    companies = {id(file.company): file.company for file in files if file.company}
    return [
        cover(company, (one.call.record for file in files if file.company is company for one in file.results))
        for company in companies.values()
    ]


def print_coverage(console: Console, files: Sequence[FileResult]) -> None:
    """A line for each company, and one for each item that no scenario comes to, or never leaves by a way out."""
    for one in covered(files):
        walked = one.items - len(one.unwalked) - len(one.unreachable)
        counted = f"{walked} of {one.items} items walked"
        if not one.unfinished:
            whole = one.exits - sum(path in one.unwalked for path, _ in one.untaken)
            counted += f", {whole - len(one.untaken)} of {one.exits} ways out of them taken"
        console.print(Text(f"{one.company.settings.name}: {counted}", style="dim" if one.whole else "yellow"))
        for path in one.unwalked:
            console.print(Text(f"  never: {path}", style="yellow"))
        for path, leave in one.untaken:
            console.print(Text(f"  never: {path} → {leave}", style="yellow"))
        for path in one.unreachable:
            console.print(Text(f"  no call can come to {path}", style="dim"))
        if one.unfinished:
            console.print(Text(f"  the ways out were not counted: {one.unfinished}", style="yellow"))


def coverage_json(files: Sequence[FileResult]) -> list[dict[str, Any]]:
    """The same for programs."""
    return [one.as_json() for one in covered(files)]


def summary(files: Sequence[FileResult], seconds: float) -> Text:
    """The last line."""
    results = [result for file in files for result in file.results]
    failed = sum(not result.passed for result in results)
    unread = sum(bool(file.problems) for file in files)
    parts = [f"{len(results) - failed} passed"]
    if failed:
        parts.append(f"{failed} failed")
    if unread:
        parts.append(f"{_count(unread, 'file')} could not be used")
    rate = f", {len(results) / seconds:,.0f} a second" if len(results) >= 100 and seconds else ""
    text = Text(", ".join(parts), style="bold red" if failed or unread else "bold green")
    return text.append(f"  in {seconds:.2f} s{rate}", style="dim")


def as_json(files: Iterable[FileResult]) -> dict[str, Any]:
    """One document about everything: counts, problems, and each scenario with its differences and its call."""
    files = list(files)
    scenarios = [_scenario(file, result) for file in files for result in file.results]
    failed = sum(not scenario["passed"] for scenario in scenarios)
    problems = [
        {
            "file": str(file.faulty or file.path),
            "path": problem.path,
            "code": problem.code,
            "severity": problem.severity,
            "message": problem.message,
            "line": problem.line,
            "column": problem.column,
        }
        for file in files
        for problem in file.problems
    ]
    return {"passed": len(scenarios) - failed, "failed": failed, "scenarios": scenarios, "problems": problems}


def _scenario(file: FileResult, result: Result) -> dict[str, Any]:
    return {
        "file": str(file.path),
        "line": result.written.line,
        "name": result.written.scenario.name,
        "passed": result.passed,
        "differences": [
            {"what": one.what, "expected": one.expected, "got": one.got, "step": one.step} for one in result.differences
        ],
        "record": result.call.record.as_json(),
    }


def junit(files: Sequence[FileResult]) -> str:
    """The same in the XML that build servers read: a suite for each file, a case for each scenario."""
    root = ElementTree.Element("testsuites", name="belplan")
    for file in files:
        count, failed = len(file.results), len(file.failed)
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=str(file.path),
            tests=str(count + bool(file.problems)),
            failures=str(failed),
            errors=str(int(bool(file.problems))),
            time=f"{file.seconds:.4f}",
        )
        if file.problems:
            case = ElementTree.SubElement(suite, "testcase", classname=str(file.path), name="reads", time="0")
            said = "\n".join(f"{file.faulty or file.path}:{problem}" for problem in file.problems)
            ElementTree.SubElement(case, "error", message=file.problems[0].message).text = _printable(said)
        for result in file.results:
            case = ElementTree.SubElement(
                suite,
                "testcase",
                classname=str(file.path),
                name=_printable(result.written.scenario.name),
                file=str(file.path),
                line=str(result.written.line),
                time=f"{result.seconds:.4f}",
            )
            if file.company and not result.passed:
                element = ElementTree.SubElement(case, "failure", message=_printable(str(result.differences[0])))
                lines = failure(file.path, file.company, result)
                element.text = _printable("\n".join(line.plain for line in lines))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _printable(text: str) -> str:
    """XML 1.0 has no control characters but these."""
    return "".join(letter if letter >= " " or letter in "\t\n" else "\ufffd" for letter in text)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")
