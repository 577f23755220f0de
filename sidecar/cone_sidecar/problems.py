"""What is wrong with a configuration, all of it told at once: not one problem for each restart."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from cone_sidecar.errors import ConeError


class Problems:
    """Take note of errors, and raise them together."""

    def __init__(self) -> None:
        self.errors: list[ConeError] = []

    @contextmanager
    def noted(self, place: str = "") -> Iterator[None]:
        """Take note of what the block raises; ``place`` says where it was told, if it doesn't say so."""
        try:
            yield
        except ConeError as error:
            self.note(error, place)
        except ExceptionGroup as group:
            found = refusals(group)
            if not found:
                raise
            for each in found:
                self.note(each, place)

    def note(self, error: ConeError, place: str = "") -> None:
        """Take note of an error."""
        if place:
            error.message = f"{error.message} ({place})"
        self.errors.append(error)

    def raise_all(self) -> None:
        """Raise what was noted.

        Raises:
            ConeError: There was one.
            ExceptionGroup: There were several, all of them ConeErrors.
        """
        if len(self.errors) == 1:
            raise self.errors[0]
        if self.errors:
            raise ExceptionGroup("several settings can't be used", self.errors)


def refusals(group: ExceptionGroup[Exception]) -> list[ConeError]:
    """Return the errors in ``group``; none where another fault is among them."""
    ours, others = group.split(ConeError)
    return list(_leaves(ours.exceptions)) if ours and not others else []


def _leaves(errors: Iterable[ConeError | ExceptionGroup[ConeError]]) -> Iterator[ConeError]:
    for error in errors:
        if isinstance(error, ConeError):
            yield error
        else:
            yield from _leaves(error.exceptions)
