"""Bars in SVG, for docs/performance.md."""

from collections.abc import Sequence
from html import escape
from math import isfinite
from typing import Any

COLOURS = {"belplan": "#1c7ed6", "curl": "#adb5bd", "agi": "#868e96", "ari": "#74c0fc"}
NAMES = {"belplan": "Belplan", "curl": "CURL()", "agi": "FastAGI", "ari": "bare ARI"}
WIDTH, BAR, LABEL = 640, 18, 170  # pixels


def delay(runs: Sequence[dict[str, Any]]) -> str:
    """p99 over the webhook's own time, webhooks of 0 ms, at every rate."""
    own = sorted((run for run in runs if run["webhook_ms"] == 0), key=lambda run: run["rate"])
    bars = [(f"{run['rate']:.0f}/s {NAMES[run['system']]}", run["over_p99"], COLOURS[run["system"]]) for run in own]
    return chart("p99 from INVITE to the final response, ms (webhook of 0 ms)", bars)


def cpu(runs: Sequence[dict[str, Any]]) -> str:
    """CPU a call at 200 calls a second."""
    bars: list[tuple[str, float, str]] = []
    for run in runs:
        if run["rate"] == 200 and run["webhook_ms"] == 0:
            name = NAMES[run["system"]]
            bars += [
                (f"{name}: Asterisk", run["asterisk_cpu"], "#dee2e6"),
                (f"{name}: engine", run["engine_cpu"], COLOURS[run["system"]]),
            ]
    return chart("CPU a call at 200/s, ms", bars)


def chart(title: str, bars: Sequence[tuple[str, float, str]]) -> str:
    """Horizontal bars, each with its label, its value and a colour. One that is not finite goes to the edge."""
    longest = max((value for _, value, _ in bars if isfinite(value)), default=1) or 1
    height = 40 + len(bars) * (BAR + 4)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" font-family="sans-serif"'
        ' font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="8" y="20" font-size="14">{escape(title)}</text>',
    ]
    for n, (label, value, colour) in enumerate(bars):
        top = 34 + n * (BAR + 4)
        wide = (WIDTH - LABEL - 70) * (min(1.0, max(0.0, value) / longest) if isfinite(value) else 1.0)
        said = f"{value:.1f}" if value >= 10 else f"{value:.2f}"
        lines += [
            f'<text x="{LABEL - 6}" y="{top + 13}" text-anchor="end">{escape(label)}</text>',
            f'<rect x="{LABEL}" y="{top}" width="{wide:.1f}" height="{BAR}" fill="{colour}"/>',
            f'<text x="{LABEL + wide + 5:.1f}" y="{top + 13}">{said if isfinite(value) else "not all answered"}</text>',
        ]
    return "\n".join([*lines, "</svg>"]) + "\n"
