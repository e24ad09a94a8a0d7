"""A plan of 5,000 items is checked while its author still looks at the screen: text to result in under a second."""

import time

import pytest

from belplan.apps import APPS
from belplan.dialplan.check import read

HEAD = "company: {name: x}\nusers: [{name: Anna, number: '201'}]\n"
PLAN = "dial_plans:\n  - name: H\n    internal_number: '1003'\n    route:\n"


def wide(*, broken: bool = False) -> str:
    asked, rung = ("w", "999") if broken else ("v", "201")
    return HEAD + PLAN + "".join(
        f"""      - webhook: {{method: POST, url: "https://crm.example.nl/{n}", timeout: 2, save_as: v{n}}}
      - condition: {{variable: {asked}{n}, equals: openstaand, then: [{{connect: {{to: "{rung}"}}}}]}}
      - announce: {{say: "Dag {{v{n}}}"}}
      - prefix:
          text: VKP
"""
        for n in range(1_000)
    )  # fmt: skip


def deep() -> str:
    nested = "{announce: {say: x}}"
    for level in range(30):
        nested = f"{{condition: {{variable: v{level}, equals: x, then: [{nested}]}}}}"
    hooks = "".join(
        f'      - webhook: {{method: GET, url: "https://x.nl/", save_as: v{level}}}\n' for level in range(30)
    )
    return HEAD + PLAN + hooks + f"      - {nested}\n" * 160


def many_plans() -> str:
    return HEAD + "dial_plans:\n" + "".join(
        f"  - {{name: P{n}, internal_number: '{10_000 + n}', route: [{{goto: {{dial_plan: P{(n + 1) % 5_000}}}}}]}}\n"
        for n in range(5_000)
    )  # fmt: skip


def many_menus() -> str:
    menus = "".join(
        f"""  - name: m{n}
    start: c
    contexts:
      c:
        start:
          - webhook: {{method: GET, url: "https://x.nl/", save_as: v{n}}}
          - menu: {{name: m{n - 1}}}
          - announce: {{say: "{{v{n}}}"}}
"""
        for n in range(1, 400)
    )
    return (
        HEAD
        + "ivr_menus:\n  - {name: m0, start: c, contexts: {c: {}}}\n"
        + menus
        + PLAN
        + "      - menu: {name: m399}\n"
    )


def mistakes_alone() -> str:
    return (
        HEAD + PLAN + "".join(f"      - anounce{n}: {{say: x}}\n      - connect: {{too: x{n}}}\n" for n in range(2_500))
    )


def seconds(text: str) -> float:
    """Processor time, the best of three: the machine may be busy."""
    taken: list[float] = []
    for _ in range(3):
        began = time.process_time()
        read(text, APPS, secrets=lambda _: True)
        taken.append(time.process_time() - began)
    return min(taken)


@pytest.mark.parametrize("text", [wide(), wide(broken=True)], ids=["right", "all wrong"])
def test_five_thousand_items_take_under_a_second(text: str):
    assert seconds(text) < 1.0


@pytest.mark.parametrize(
    "text",
    [deep(), many_plans(), many_menus(), mistakes_alone()],
    ids=["deep", "plans in a circle", "menus in menus", "nothing loads"],
)
def test_no_shape_of_plan_takes_out_of_proportion(text: str):
    assert seconds(text) < 3.0
