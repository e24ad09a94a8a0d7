"""Whatever the exchange says or writes by itself, it says in each of its languages."""

import ast
import importlib
import pkgutil
from pathlib import Path
from typing import get_args

import pytest

import belplan
from belplan.dialplan.company import Language

LANGUAGES = set(get_args(Language))


def _shapes():
    """Every mapping with texts by language, in any module: its name, and the texts."""
    for module in pkgutil.walk_packages(belplan.__path__, "belplan."):
        if module.name.endswith("__main__"):
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            if name.isupper() and isinstance(value, dict) and LANGUAGES & {str(key) for key in value}:
                yield pytest.param(value, id=f"{module.name}.{name}")


def _keys(texts):
    """The names of what can be said, with whatever is to be filled in."""
    if isinstance(texts, dict):
        return {key: _keys(value) for key, value in texts.items()}
    if isinstance(texts, str):
        return sorted(part.split("}")[0] for part in texts.split("{")[1:])
    return len(texts)


@pytest.mark.parametrize("texts", list(_shapes()))
def test_each_language_has_the_same_texts(texts):
    assert set(texts) == LANGUAGES
    first, *others = map(_keys, texts.values())
    assert all(other == first for other in others)


def test_nothing_is_said_that_is_not_among_them():
    """A text in the middle of the code has no translation."""
    source = Path(belplan.__file__).parent
    for path in (*source.glob("apps/*.py"), *source.glob("engine/**/*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Prompt":
                said = [word.value for word in node.keywords if word.arg == "say"]
                assert not any(isinstance(text, (ast.Constant, ast.JoinedStr)) for text in said), path


def test_they_are_found():
    assert len(list(_shapes())) > 5
