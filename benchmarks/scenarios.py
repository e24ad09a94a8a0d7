"""How long `belplan test` takes over scenarios by the thousand, on one core: `python -m benchmarks.scenarios [COUNT]`.

The scenarios of the demo company, again and again, each time for another caller, in 50 files beside its plan.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

DEMO = Path(__file__).parents[1] / "src/belplan/demo"
FILES = 50


def write(folder: Path, count: int) -> None:
    """Write so many scenarios into files in a folder, with the plan."""
    (folder / "plan.yaml").write_text((DEMO / "company.yaml").read_text())
    shared, _, text = (DEMO / "company.scenario.yaml").read_text().partition("scenarios:\n")
    ours = re.split(r"^(?=  - )", text, flags=re.MULTILINE)[1:]
    for file in range(FILES):
        numbers = range(file * count // FILES, (file + 1) * count // FILES)
        scenarios = [ours[at % len(ours)].replace("- name: ", f"- name: {at} ", 1) for at in numbers]
        caller = shared.replace("06 1234 5678", f"06 1234 {5000 + file}")
        (folder / f"{file:02}.scenario.yaml").write_text(f"{caller}scenarios:\n{''.join(scenarios)}")


def main() -> None:
    """Write them, and run them as a user would."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as name:
        write(Path(name), count)
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
        began = time.perf_counter()
        belplan = Path(sys.executable).with_name("belplan")
        done = subprocess.run([belplan, "test", name], capture_output=True, text=True, check=False)
        print(done.stdout.splitlines()[-1] if done.stdout else done.stderr)
        print(f"{count} scenarios in {FILES} files, exit {done.returncode}: {time.perf_counter() - began:.2f} s")


if __name__ == "__main__":
    main()
