"""The short ways of writing values in a scenario, each brought into its long form before it is read."""

from typing import Annotated, Any, cast

from pydantic import AfterValidator, BeforeValidator, Field

from belplan.dialplan.fields import Text, as_text, refuse

Seconds = Annotated[float, Field(ge=0, le=7 * 86400)]


def several(value: Any) -> Any:
    """One alone is a list of one."""
    return cast("list[Any]", value) if isinstance(value, list) else [value]


def short_for(name: str) -> BeforeValidator:
    """A word alone stands for a mapping in which only `name` is given."""

    def expand(value: Any) -> Any:
        return cast("Any", value) if isinstance(value, (dict, list)) else {name: value}

    return BeforeValidator(expand)


def _keys(text: str) -> str:
    if wrong := set(text) - set("0123456789*#"):
        raise refuse("invalid-value", f'"{min(wrong)}" is no key; there are 0 to 9, * and #')
    return text


def _sound(value: Any) -> Any:
    # `- say: Welkom` in a list is a mapping to YAML, and one text to its author.
    if isinstance(value, dict) and len(cast("dict[str, Any]", value)) == 1:
        ((word, text),) = cast("dict[str, Any]", value).items()
        return f"{word}: {as_text(text)}"
    return as_text(value)


def _step(value: Any) -> Any:
    if isinstance(value, dict) and len(cast("dict[str, Any]", value)) == 1:
        value = next(iter(cast("dict[str, Any]", value).items()))
    elif isinstance(value, str):
        value = (value, None)
    if not isinstance(value, (list, tuple)) or len(cast("list[Any]", value)) != 2:
        raise refuse("invalid-value", "write a step as webhook: ok or [webhook, ok]: an app or a path, and its exit")
    item, leave = cast("list[Any]", value)
    return as_text(item), as_text(leave)


Keys = Annotated[Text, AfterValidator(_keys)]
Sound = Annotated[str, BeforeValidator(_sound)]
Step = Annotated[tuple[str, str | None], BeforeValidator(_step)]
"""An app or a path, and the exit; None is any."""
