"""A plan that was changed elsewhere is still its author's file."""

import copy
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from belplan.dialplan import source, written
from belplan.dialplan.rewritten import rewritten

FILE = """\
# Kept with the invoices.
company:
  name: Bakker  # the name
  country: NL

# Who works here
users:
  # the boss
  - {name: Anna, number: "201"}   # room 1
  - name: Bram
    number: "202"  # room 2

  # new since May
  - {name: Carla, number: "203"}

dial_plans:  # one only
  - name: Hoofdnummer
    internal_number: "1003"
    # who answers
    route:
      - connect: {to: "201"}
# the end
"""


def plan():
    return written.plain(source.read(FILE)[0])


def test_what_was_not_changed_is_the_same_text():
    assert rewritten(FILE, plan()) == FILE
    assert rewritten(FILE, {**plan(), "company": {**plan()["company"], "id": "1" * 32}}).count("#") == FILE.count("#")


def test_one_that_was_changed_is_written_anew_below_its_comments():
    new = plan()
    new["users"][2]["number"] = "204"
    new["company"]["country"] = "BE"
    assert rewritten(FILE, new) == FILE.replace('"203"', '"204"').replace("NL", "BE")


def test_what_goes_takes_its_comments_along_and_what_comes_is_at_its_place():
    new = plan()
    del new["users"][1]
    new["users"].insert(0, {"name": "Zoë", "number": "299"})
    new["ring_groups"] = [{"name": "Allen", "number": "301", "members": ["201"]}]
    text = rewritten(FILE, new)
    assert written.plain(source.read(text)[0]) == new
    assert "room 2" not in text
    for kept in (
        "# Kept with",
        "# the name",
        "# Who works",
        "# the boss",
        "# room 1",
        "# new since May",
        "# who answers",
    ):
        assert kept in text


@pytest.mark.parametrize("path", sorted(Path("tests/plans/good").glob("*.yaml")), ids=lambda path: path.stem)
def test_a_plan_comes_back_whatever_was_taken_out(path):
    text = path.read_text(encoding="utf-8")
    old = written.plain(source.read(text)[0])
    for section in list(old):
        new = copy.deepcopy(old)
        if isinstance(new[section], list) and new[section]:
            new[section].pop(0)
        elif section != "company":
            del new[section]
        assert written.plain(source.read(rewritten(text, new))[0]) == new


values = st.recursive(
    st.text(max_size=8) | st.integers(-9, 9) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
mappings = st.dictionaries(st.sampled_from(["users", "company", "a", "b"]), values, max_size=4)


@settings(max_examples=50, deadline=None)
@given(mappings, mappings)
def test_any_mapping_becomes_any_other(old, new):
    text = written.write(old)
    if written.plain(source.read(text)[0]) == old and written.plain(source.read(written.write(new))[0]) == new:
        assert written.plain(source.read(rewritten(text, new))[0]) == new


def test_a_file_on_one_line_is_written_anew():
    new = plan()
    new["company"]["name"] = "Slager"
    assert yaml.safe_load(rewritten(str(plan()), new))["company"]["name"] == "Slager"
