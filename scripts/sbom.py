"""What the package takes along: dist/sbom.cdx.json (CycloneDX 1.5) and dist/licences.md. `python scripts/sbom.py`."""

import json
import re
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]

PROGRAMS = (  # processes of their own: neither linked nor shipped
    (
        "Asterisk",
        "GPL-2.0-only",
        "carries the calls; Debian's package, unpacked by `belplan pbx install` or the system's own",
    ),
    ("eSpeak NG", "GPL-3.0-or-later", "speaks prompts; the same"),
)


def taken(name: str = "belplan") -> list[Distribution]:
    """The package and everything that it needs at run time, each once, by name."""
    found: dict[str, Distribution] = {}

    def add(name: str, extras: frozenset[str]) -> None:
        key = re.sub(r"[-_.]+", "-", name).lower()
        if key in found:
            return
        found[key] = one = distribution(name)
        for text in one.requires or ():
            needs = Requirement(text)
            if needs.marker is None or any(needs.marker.evaluate({"extra": extra}) for extra in (*extras, "")):
                add(needs.name, frozenset(needs.extras))

    add(name, frozenset())
    return [found[key] for key in sorted(found)]


def licence(one: Distribution) -> str:
    """Its licence as it says itself: the expression, else the classifiers, else the first line of the field."""
    about = one.metadata
    if expression := about.get("License-Expression"):
        return expression
    kinds = [line.rpartition(" :: ")[2] for line in about.get_all("Classifier") or () if line.startswith("License")]
    return (
        ", ".join(kind for kind in kinds if kind != "OSI Approved")
        or (about.get("License") or "not said").split("\n")[0]
    )


def sbom() -> dict[str, Any]:
    """The list as CycloneDX."""
    own, *others = sorted(taken(), key=lambda one: one.name != "belplan")
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": _component(own, "application")},
        "components": [_component(one, "library") for one in others],
        "dependencies": [{"ref": _purl(one), "dependsOn": sorted(_needs(one, others))} for one in (own, *others)],
    }


def licences() -> str:
    """The list for people."""
    lines = ["# Licences", "", "Belplan is Apache-2.0. Its wheel takes these packages along:", ""]
    lines += ["| Package | Version | Licence |", "|---|---|---|"]
    lines += [f"| {one.name} | {one.version} | {licence(one)} |" for one in taken() if one.name != "belplan"]
    lines += ["", "Programs that run as processes of their own, neither linked nor shipped:", ""]
    lines += ["| Program | Licence | |", "|---|---|---|"]
    lines += [f"| {name} | {terms} | {use} |" for name, terms, use in PROGRAMS]
    return "\n".join(lines) + "\n"


def _component(one: Distribution, kind: str) -> dict[str, Any]:
    terms = licence(one)
    said = {"expression": terms} if one.metadata.get("License-Expression") else {"license": {"name": terms}}
    return {
        "type": kind,
        "bom-ref": _purl(one),
        "name": one.name,
        "version": one.version,
        "purl": _purl(one),
        "licenses": [said],
    }


def _needs(one: Distribution, others: list[Distribution]) -> Iterator[str]:
    wanted = {re.sub(r"[-_.]+", "-", Requirement(text).name).lower() for text in one.requires or ()}
    return (_purl(other) for other in others if re.sub(r"[-_.]+", "-", other.name).lower() in wanted)


def _purl(one: Distribution) -> str:
    return f"pkg:pypi/{re.sub(r'[-_.]+', '-', one.name).lower()}@{one.version}"


if __name__ == "__main__":
    folder = ROOT / "dist"
    folder.mkdir(exist_ok=True)
    (folder / "sbom.cdx.json").write_text(json.dumps(sbom(), indent=1) + "\n", encoding="utf-8")
    (folder / "licences.md").write_text(licences(), encoding="utf-8")
    print(f"dist/sbom.cdx.json: {len(taken()) - 1} packages; dist/licences.md")
