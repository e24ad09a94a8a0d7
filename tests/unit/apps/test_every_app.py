"""What holds for every app, the next one included."""

from inspect import getdoc, isabstract

import pytest

from belplan.apps import APPS, FEATURES
from belplan.dialplan.load import load
from belplan.dialplan.places import tops
from belplan.dialplan.route import AppSettings, Route, route_fields, route_mappings
from belplan.engine.app import App
from belplan.engine.position import locate

EVERY = pytest.mark.parametrize("app", [*APPS.values(), *FEATURES.values()], ids=lambda app: app.app_name)
IN_PLANS = pytest.mark.parametrize("app", APPS.values(), ids=lambda app: app.app_name)
NAMED = ("example", "app_name", "exits")


def company(app: type[AppSettings], settings: dict):
    route = [{app.app_name: settings}]
    return load({"company": {"name": "X"}, "dial_plans": [{"name": "Y", "route": route}]}, APPS)


@EVERY
def test_it_says_what_it_is(app):
    assert issubclass(app, App)
    assert not isabstract(app)
    assert all(name in vars(app) for name in NAMED)
    text = getdoc(app)
    assert text
    assert text != getdoc(App)
    assert __import__(app.__module__, fromlist=["_"]).__doc__


@EVERY
def test_each_setting_is_described(app):
    for name, field in app.model_fields.items():
        assert field.description, name
        assert field.description[0].isupper()
        assert field.description.endswith((".", ":")), name


@EVERY
def test_exits_are_words_and_unique(app):
    assert app.exits
    assert len(set(app.exits)) == len(app.exits)
    assert all(leave.isidentifier() and leave == leave.lower() for leave in app.exits)
    # Those that the walk itself gives to what breaks off.
    assert not {"abandoned", "limit"} & set(app.exits)


@EVERY
def test_each_branch_hangs_on_an_exit_and_is_a_route(app):
    routes = route_fields(app)
    assert set(app.branches) <= set(app.exits)
    assert set(app.branches.values()) == routes
    # Whoever has branches has a setting for each; an exit without one falls through, or ends the call.
    assert all(app.model_fields[_attribute(app, setting)].default == Route() for setting in app.branches.values())


@IN_PLANS
def test_the_example_loads(app):
    loaded = company(app, app.example)
    assert not loaded.problems, [str(problem) for problem in loaded.problems]
    item = loaded.company.dial_plans[0].route.items[0].app
    assert type(item) is app
    assert item.app_name == app.app_name == next(name for name, one in APPS.items() if one is app)
    assert set(app.example) <= {field.alias or name for name, field in app.model_fields.items()}


@IN_PLANS
def test_what_it_names_is_a_setting_of_its_own(app):
    item = company(app, app.example).company.dial_plans[0].route.items[0].app
    settings = {field.alias or name for name, field in app.model_fields.items()}
    named = [field for _, field in item.sets()]
    named += [reading.field for reading in item.reads()] + [reference.field for reference in item.refers()]
    assert {name.split(".")[0].split("[")[0] for name in named} <= settings


@IN_PLANS
def test_every_route_in_it_is_read_and_found_by_its_path(app):
    inner = [{"hangup": {"cause": 17}}]
    routes = dict.fromkeys(route_fields(app), inner) | {
        setting: {"een waarde": inner, "v1.2": inner} for setting in route_mappings(app)
    }
    found = company(app, {**app.example, **routes})
    assert not found.problems, [str(problem) for problem in found.problems]
    (top,) = tops(found.company)
    below = [spot for spot in top.everything if spot.path != f"dial_plans[0].route[0].{app.app_name}"]
    assert len(below) == len(route_fields(app)) + 2 * len(route_mappings(app))
    for spot in below:
        assert locate(found.company, spot.path)[-1].next_name() == "hangup"
        value = found.raw
        for key in spot.keys:
            value = value[key]
        assert value == {"cause": 17}


@IN_PLANS
def test_an_unknown_setting_is_refused(app):
    (problem,) = company(app, {**app.example, "nergens": 1}).problems
    assert (problem.code, problem.path) == ("unknown-field", f"dial_plans[0].route[0].{app.app_name}.nergens")


def _attribute(app: type[AppSettings], setting: str) -> str:
    return next(name for name, field in app.model_fields.items() if setting in (field.alias, name))
