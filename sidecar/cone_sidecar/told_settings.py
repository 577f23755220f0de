"""Texts of flags, variables and the sidecar's file, read into values; a flag wins over its variable."""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import NoReturn, TypeVar

from cone_sidecar.errors import ConeError, UsageError
from cone_sidecar.problems import Problems
from cone_sidecar.truth import parse_truth

T = TypeVar("T")
PREFIX = "CONE_"
NOWHERE: Mapping[str, str] = MappingProxyType({})


class ToldSettings:
    """Read settings by their names, and keep what is wrong with them until all were read.

    ``places`` says for variables that a file speaks for where it does.
    """

    def __init__(
        self,
        flags: Mapping[str, str],
        environment: Mapping[str, str],
        places: Mapping[str, str] = NOWHERE,
    ) -> None:
        self._flags = flags
        self._environment = environment
        self._places = places
        self._wrong: set[str] = set()
        self.problems = Problems()

    def value(self, name: str, parse: Callable[[str], T], usual: T) -> T:
        """Return what is told under ``name``; ``usual`` where nothing is, or nothing that has a meaning.

        A variable that is empty says nothing; a flag that is empty has no meaning.
        """
        variable = PREFIX + name.upper()
        flag = self._flags.get(name)
        place = "" if flag is not None else self._places.get(variable, variable)
        told = self._environment.get(variable, "") if flag is None else flag
        if not told and flag is None:
            return usual
        try:
            return parse(told or _no_value(name))
        except ConeError as error:
            self.problems.note(error, "" if place in error.message else place)
            self._wrong.add(name)
            return usual

    def switch(self, name: str) -> bool:
        """Return whether the switch is on; it is off where nothing is told."""
        return self.value(name, partial(_truth, PREFIX + name.upper()), usual=False)

    def place(self, variable: str) -> str:
        """Return where a file speaks for ``variable``; empty where none does."""
        return self._places.get(variable, "")

    def refuse(self, error: ConeError, *names: str, when: bool) -> None:
        """Note that settings don't go together; one of ``names`` that is wrong itself was told of already."""
        if when and not self._wrong.intersection(names):
            self.problems.note(error)


def _no_value(name: str) -> NoReturn:
    # "$NETWORK" of a shell that has no such variable: what it was to restrict mustn't be open instead.
    flag = f"--{name.replace('_', '-')}"
    raise UsageError(f"{flag} has no value", hint=f"give it one, or leave {flag} out")


def _truth(variable: str, text: str) -> bool:
    truth = parse_truth(text)
    if truth is None:
        raise UsageError(
            f"{variable} is neither true nor false", hint=f"{variable}=true, or unset it"
        )
    return truth
