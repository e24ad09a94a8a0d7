"""What a company wants to be true of every call: the section `rules` of a plan file.

A rule says one thing, `when` it says of which calls, and `name` what it is called where it is broken.
They are proven or refuted over every way through the plan (belplan.proof); no call is changed by them.
"""

from typing import Annotated, Any, Literal, Self, cast

from pydantic import Field, model_validator

from belplan.dialplan.comparison import Comparison
from belplan.dialplan.fields import Name, Settings, Text, refuse

Reach = Literal["person", "voicemail", "person_or_voicemail"]
FORMS = ("only", "never", "always", "within", "silence_at_most")


class Circumstance(Comparison):
    """One test of a variable, as in a condition; or that a named time held, or that a diversion was on."""

    time: Annotated[Text | None, Field(description="Within these named times.")] = None
    diversion: Annotated[Text | None, Field(description="While this diversion is on.")] = None

    def check_operators(self) -> None:
        named = [name for name in ("time", "diversion") if getattr(self, name) is not None]
        if not named:
            super().check_operators()
        elif len(named) > 1 or self.operators() or "variable" in self.model_fields_set:
            raise refuse("invalid-value", "give one test: a variable with an operator, a time, or a diversion")


class When(Circumstance):
    """Which calls a rule speaks of: one test, or all or any of several."""

    all_of: Annotated[tuple[Circumstance, ...], Field(alias="all", description="Each of these holds.")] = ()
    any_of: Annotated[tuple[Circumstance, ...], Field(alias="any", description="At least one of these holds.")] = ()

    def check_operators(self) -> None:
        if not self.all_of and not self.any_of:
            super().check_operators()
            return
        alone = {"time", "diversion", "variable", *self.operators()} & self.model_fields_set
        if alone or self.invert or (self.all_of and self.any_of):
            raise refuse("invalid-value", "give one test, or all: with tests, or any: with tests")

    @property
    def tests(self) -> tuple[tuple[str, Circumstance], ...]:
        """The tests, each with where it stands among the settings."""
        if self.all_of or self.any_of:
            word = "all" if self.all_of else "any"
            return tuple((f"{word}[{index}].", test) for index, test in enumerate(self.all_of or self.any_of))
        return (("", self),)


class Rung(Settings):
    """A number that rings: of a user, a group, or outside. `+49*` is every number that begins so."""

    to: Annotated[Text, Field(description="Number of a user or group, an outside number, or its beginning and *.")]


class Happens(Settings):
    """What every call comes to. Exactly one of them."""

    to: Annotated[Text | None, Field(description="This number rings.")] = None
    reach: Annotated[Reach | None, Field(description="A phone rings, or a voicemail box takes a message.")] = None
    hear: Annotated[
        Literal["speech"] | None, Field(description="The caller hears a word: announced, or a person's.")
    ] = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise refuse("missing-field", "give one of to, reach and hear")
        return self


class Rule(Settings):
    """Something that holds for every call through the plan."""

    name: Annotated[Name | None, Field(description="What it is called; made from the rule, when absent.")] = None
    message: Annotated[Text | None, Field(description="What is said where it is broken.", max_length=500)] = None
    only: Annotated[Rung | None, Field(description="This number rings only when …")] = None
    never: Annotated[Rung | None, Field(description="This number never rings.")] = None
    always: Annotated[Happens | None, Field(description="Every call comes to this, unless its caller hangs up.")] = None
    within: Annotated[
        float | None, Field(description="Within so many seconds from its arrival a call reaches somebody.", gt=0)
    ] = None
    reach: Annotated[Reach | None, Field(description="Whom: person_or_voicemail, when absent. Goes with within.")] = (
        None
    )
    silence_at_most: Annotated[
        float | None, Field(description="So many seconds without a sound, and no more.", ge=0)
    ] = None
    when: Annotated[When | None, Field(description="Of which calls this is said; of all, when absent.")] = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        given = [name for name in FORMS if getattr(self, name) is not None]
        if len(given) != 1:
            raise refuse("missing-field", f"a rule says one thing: one of {', '.join(FORMS)}")
        if self.reach and self.within is None:
            raise refuse("missing-field", "reach goes with within: {within: 60, reach: person}")
        if self.only and self.when is None:
            raise refuse("missing-field", 'only needs when: {only: {to: "301"}, when: {variable: klant, equals: vip}}')
        return self

    @property
    def title(self) -> str:
        """Its name, or what it says."""
        if self.name:
            return self.name
        said = {self.form: getattr(self, self.form), "reach": self.reach, "when": self.when}
        return ", ".join(f"{word}: {_written(value)}" for word, value in said.items() if value is not None)

    @property
    def form(self) -> str:
        """Which of the forms it is."""
        return next(name for name in FORMS if getattr(self, name) is not None)

    @property
    def target(self) -> str | None:
        """The number it speaks of."""
        said = self.only or self.never or self.always
        return said.to if said else None


def _written(value: Any) -> str:
    if not isinstance(value, Settings):
        return f"{value:g}" if isinstance(value, float) else str(value)
    said = value.model_dump(exclude_defaults=True, by_alias=True, mode="json")
    return " ".join(f"{word} {_listed(one)}" for word, one in said.items())


def _listed(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_listed(one) for one in cast("list[Any]", value))
    if isinstance(value, dict):
        return " ".join(f"{word} {_listed(one)}" for word, one in cast("dict[str, Any]", value).items())
    return str(value)
