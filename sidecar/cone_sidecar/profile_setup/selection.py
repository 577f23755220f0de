"""Which permission sets a run is about: ``--only`` and ``--exclude``."""

import fnmatch
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from cone_sidecar.domain.profile import PermissionSet


@dataclass(frozen=True, slots=True)
class Pattern:
    """A shell pattern under the option that it came with; upper and lower case are alike."""

    option: str
    text: str
    _matches: re.Pattern[str] = field(repr=False, compare=False)

    @classmethod
    def of(cls, option: str, text: str) -> "Pattern":
        """Read a shell pattern: ``*``, ``?`` and ``[…]``."""
        return cls(option, text, re.compile(fnmatch.translate(text.lower())))

    def means(self, subjects: Iterable[str]) -> bool:
        """Tell whether one of the subjects matches."""
        return any(self._matches.match(subject.lower()) for subject in subjects)


@dataclass(frozen=True, slots=True)
class Selection:
    """What a run is about; without patterns, everything."""

    only: tuple[Pattern, ...] = ()
    exclude: tuple[Pattern, ...] = ()

    @classmethod
    def of(cls, only: Iterable[str], exclude: Iterable[str]) -> "Selection":
        """Read the patterns of both options."""
        return cls(
            tuple(Pattern.of("--only", text) for text in only),
            tuple(Pattern.of("--exclude", text) for text in exclude),
        )

    @property
    def patterns(self) -> tuple[Pattern, ...]:
        """Return the patterns of both options."""
        return (*self.only, *self.exclude)

    def means(self, subjects_of_it: Callable[[], Collection[str]]) -> bool:
        """Tell whether a permission set is meant, by what it can be called."""
        if not self.patterns:
            return True
        subjects = subjects_of_it()
        if self.only and not any(pattern.means(subjects) for pattern in self.only):
            return False
        return not any(pattern.means(subjects) for pattern in self.exclude)

    def unmatched(self, subjects: Collection[Collection[str]]) -> list[Pattern]:
        """Return the patterns that match nothing."""
        return [
            pattern
            for pattern in self.patterns
            if not any(pattern.means(each) for each in subjects)
        ]


def subjects_of(permission_set: PermissionSet, names: Iterable[str]) -> set[str]:
    """Return what a permission set can be called: its profile's names, its account, role and partition."""
    account_id, account_name = permission_set.account_id, permission_set.account_name
    role = permission_set.role_name
    return {
        *names,
        account_id,
        account_name,
        role,
        permission_set.partition,
        f"{account_id}/{role}",
        f"{account_name}/{role}",
    }
