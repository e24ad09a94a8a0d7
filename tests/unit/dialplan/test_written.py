"""A plan that is written as text is read back as it was."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from belplan.dialplan import source, written

HERE = Path(__file__).parents[2]
FILES = [*(HERE / "plans").rglob("*.yaml"), *(HERE.parent / "examples").rglob("*.yaml")]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_plan_comes_back(path):
    try:
        plan = written.plain(source.read(path.read_text(encoding="utf-8-sig"))[0])
    except Exception:
        pytest.skip("it is no YAML, on purpose")
    assert written.plain(source.read(written.write(plan))[0]) == plan


words = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12) | st.sampled_from(
    ["NO", "on", "1e5", "007", "08:30", "~", "null", "<<", "true", "- a", "a: b", "#x", "0x1f", "=", "\n", "é\u2028"]
)
plans = st.recursive(
    words
    | st.integers(-5, 10**6)
    | st.booleans()
    | st.none()
    | st.floats(allow_nan=False, allow_infinity=False, width=16),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(words.filter(lambda key: key != "<<"), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from(["company", "users"]), plans))
def test_anything_comes_back(plan):
    assert written.plain(source.read(written.write(plan))[0]) == plan
