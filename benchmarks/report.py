"""Everything side by side in one run, written down: `make bench`, alone on the machine, some ten minutes.

    .venv/bin/python -m benchmarks.report [--seconds 4] [--only rivals|most|engine] [--check]

The figures go to benchmarks/results.json, the tables and pictures to docs/performance.md. With `--check` nothing is
written: it fails where a ratio to the bare ARI client or to Asterisk is more than 15 % worse than in results.json.
A ratio of two that ran on the same machine in the same minutes says something on another machine, too.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import pictures
from benchmarks.engine.__main__ import measure
from benchmarks.rivals.__main__ import SYSTEMS, compare, most

RESULTS = Path("benchmarks/results.json")
PAGE = Path("docs/performance.md")
BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"
WORSE = 1.15  # times a ratio of before

RATES, WEBHOOKS = (50, 200, 400), (0, 50, 500)
WAITING = (1, 10, 100, 1000, 5000)
WAIT_MS = 8000  # so long that 5,000 are waiting at 600 a second
PLANS = (1, 100, 10_000)

Figures = dict[str, Any]


async def rivals(seconds: float) -> list[Figures]:
    return [asdict(run) for run in await compare(SYSTEMS, RATES, WEBHOOKS, seconds)]


async def most_of_all(seconds: float) -> list[Figures]:
    return [asdict(run) for run in await most(SYSTEMS, (0,), seconds)]


async def engine() -> Figures:
    """The engine on a tape: beside the bare client, with many waiting, with many plans."""
    found: Figures = {"cpu": {}, "waiting": [], "plans": {}}
    for name in ("belplan", "ari"):
        found["cpu"][name] = (await measure(name, 200, 3000)).cpu
    for calls in WAITING:
        cost = await measure("belplan", 600, calls, webhook_ms=WAIT_MS)
        late = cost.percentile(0.99) - WAIT_MS
        found["waiting"].append({"calls": calls, "late_p99": late, "kilobytes": cost.memory / 1000 / calls})
    for plans in PLANS:
        found["plans"][str(plans)] = (await measure("belplan", 200, 2000, plans=plans)).cpu
    return found


def ratios(figures: Figures) -> dict[str, float]:
    """What may not get worse, each the lower the better."""
    found: dict[str, float] = {}
    if cpu := figures.get("engine", {}).get("cpu"):
        found["engine CPU a call, to the bare client's, on a tape"] = cpu["belplan"] / cpu["ari"]
    if plans := figures.get("engine", {}).get("plans"):
        found["CPU a call with 10,000 plans, to 1"] = plans["10000"] / plans["1"]
    runs = {(run["system"], run["rate"], run["webhook_ms"]): run for run in figures.get("rivals", [])}
    for (system, rate, webhook), run in runs.items():
        bare = runs.get(("ari", rate, webhook))
        if system == "belplan" and webhook == 0 and bare and rate >= 200:  # below, a millisecond is noise
            found[f"p50 at {rate:.0f}/s, to the bare client's"] = run["over_p50"] / bare["over_p50"]
            found[f"engine CPU to Asterisk's at {rate:.0f}/s"] = run["engine_cpu"] / run["asterisk_cpu"]
    return found


def worse(now: dict[str, float], before: dict[str, float]) -> list[str]:
    """The ratios that are more than 15 % worse than before."""
    return [f"{name}: {now[name]:.2f}, was {old:.2f}" for name, old in before.items() if now.get(name, 0) > old * WORSE]


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows]) + "\n"


NAMES = {"belplan": "Belplan", "curl": "dialplan `CURL()`", "agi": "FastAGI (Python)", "ari": "bare ARI client"}


def text(figures: Figures) -> str:
    """The section of the page."""
    parts = ["## Beside the others\n\n" + __doc__.splitlines()[0].replace(": `make bench`", " (`make bench`)")]
    if runs := figures.get("rivals"):
        parts.append("Milliseconds from INVITE to the final response, over the webhook's own time: p50 / p99.\n")
        heads = [f"{rate}/s, webhook {webhook} ms" for webhook in WEBHOOKS for rate in RATES]
        rows: list[list[object]] = []
        for system, name in NAMES.items():
            own = {(run["rate"], run["webhook_ms"]): run for run in runs if run["system"] == system}
            cells = [own.get((rate, webhook)) for webhook in WEBHOOKS for rate in RATES]
            rows.append([name, *(f"{c['over_p50']:.1f} / {c['over_p99']:.1f}" if c else "" for c in cells)])
        parts.append(table(["", *heads], rows))
        at = [run for run in runs if run["rate"] == 200 and run["webhook_ms"] == 0]
        cpu = [[NAMES[r["system"]], f"{r['asterisk_cpu']:.2f}", f"{r['engine_cpu']:.2f}"] for r in at]
        parts.append("CPU a call at 200 calls a second, in ms:\n\n" + table(["", "Asterisk", "engine"], cpu))
        parts.append("![Delay at the 99th percentile](performance/delay.svg)\n\n![CPU a call](performance/cpu.svg)\n")
    if best := figures.get("most"):
        cells = [[NAMES[run["system"]], f"{run['rate']:.0f}"] for run in best]
        parts.append("Most calls a second with p99 within 50 ms:\n\n" + table(["", "calls/s"], cells))
    if one := figures.get("engine"):
        cpu = one["cpu"]
        parts.append(
            "The engine alone, on a tape of what Asterisk said in real calls: "
            f"{cpu['belplan']:.2f} ms of CPU a call; the bare client {cpu['ari']:.2f} ms.\n"
        )
        rows = [[w["calls"], f"{w['late_p99']:.0f}", f"{w['kilobytes']:.1f}"] for w in one["waiting"]]
        parts.append(table([f"waiting in webhooks of {WAIT_MS / 1000:.0f} s", "late at p99, ms", "kB a call"], rows))
        parts.append(table(["dial plans", "CPU a call, ms"], [[n, f"{ms:.2f}"] for n, ms in one["plans"].items()]))
    return "\n".join(parts)


def publish(figures: Figures) -> None:
    """Write results, section and pictures."""
    RESULTS.write_text(json.dumps(figures, indent=1) + "\n")
    page = PAGE.read_text()
    section = f"{BEGIN}\n{text(figures)}\n{END}"
    if BEGIN in page:
        before, _, rest = page.partition(BEGIN)
        page = before + section + rest.partition(END)[2]
    else:
        page = page.rstrip() + "\n\n" + section + "\n"
    PAGE.write_text(page)
    if runs := figures.get("rivals"):
        folder = PAGE.parent / "performance"
        folder.mkdir(exist_ok=True)
        (folder / "delay.svg").write_text(pictures.delay(runs))
        (folder / "cpu.svg").write_text(pictures.cpu(runs))


async def run(only: str | None, seconds: float) -> Figures:
    figures: Figures = {}
    if only in (None, "engine"):
        figures["engine"] = await engine()
    if only in (None, "rivals"):
        figures["rivals"] = await rivals(seconds)
    if only in (None, "most"):
        figures["most"] = await most_of_all(seconds)
    return figures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--only", choices=("rivals", "most", "engine"))
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    before: Figures = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    if arguments.check and not before:
        print("there are no results to compare with: make bench", file=sys.stderr)
        return 2
    figures = asyncio.run(run(arguments.only, arguments.seconds))
    for name, ratio in ratios(figures).items():
        print(f"{ratio:6.2f}  {name}")
    if arguments.check:
        wrong = worse(ratios(figures), ratios(before))
        print("\n".join(wrong) or "no ratio is more than 15 % worse")
        return 1 if wrong else 0
    publish(before | figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
