"""Whatever the exchange says or writes by itself, it says in each of its languages."""

import importlib
import pkgutil
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


def test_they_are_found():
    assert len(list(_shapes())) > 5
