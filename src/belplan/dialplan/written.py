"""A plan as text: YAML that people read and `source` reads back to the same values."""

from typing import Any, cast

import yaml

from belplan.dialplan import source

_INLINE = 70  # characters of a small mapping or list on one line


def plain(value: Any) -> Any:
    """What `source` read, as JSON has it. A number that was written in a way of its own (`007`) becomes that text."""
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in cast("dict[Any, Any]", value).items()}
    if isinstance(value, list):
        return [plain(inner) for inner in cast("list[Any]", value)]
    if isinstance(value, source.Integer):
        return int(value) if str(int(value)) == value.source else value.source
    if isinstance(value, source.Float):
        return float(value) if repr(float(value)) == value.source else value.source
    return value


def write(plan: Any) -> str:
    """The text of a plan."""
    return yaml.dump(plan, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=120, default_flow_style=False)


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> Any:
        return super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    means_more = not isinstance(source.scalar(text), str)
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if means_more else None)


def _sequence(dumper: yaml.SafeDumper, value: list[Any]) -> yaml.SequenceNode:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=_small(value))


def _mapping(dumper: yaml.SafeDumper, value: dict[str, Any]) -> yaml.MappingNode:
    return dumper.represent_mapping("tag:yaml.org,2002:map", value, flow_style=_small(value))


def _small(value: Any) -> bool:
    """Whether it is easier to read on one line."""
    return not value or (_depth(value) <= 2 and len(str(value)) <= _INLINE and "\n" not in str(value))


def _depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_depth, cast("dict[str, Any]", value).values()), default=0)
    return 1 + max(map(_depth, cast("list[Any]", value)), default=0) if isinstance(value, list) else 0


_Dumper.add_representer(str, _text)
_Dumper.add_representer(list, _sequence)
_Dumper.add_representer(dict, _mapping)
