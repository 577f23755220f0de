"""What a run of ``cone aws setup`` is told."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cone_sidecar.domain.profile import EntitlementRef, SsoSession
from cone_sidecar.profile_setup.selection import Selection
from cone_sidecar.profile_template import DEFAULT_TEMPLATE, ProfileTemplate


@dataclass(frozen=True, slots=True)
class SetupOptions:
    """What new profiles are like, and what may happen to those that are there.

    Args:
        session: The Identity Center that new profiles belong to.
        region: The default region of new profiles.
        tenant: The profile of the original's config file that the catalogue belongs to.
        command: The absolute path of ``cone``.
        template: What profiles are named by.
        selection: Which permission sets get or lose profiles.
        update: Mend what is out of date.
        prune: Remove what is gone from the catalogue.
        granted: What the person still has, whatever the catalogue lists.
        runs: Tells whether an absolute path is a program.
        start_url_of: Tells which Identity Center a profile of the original's config file has for itself;
            empty where it has none.
    """

    session: SsoSession
    region: str
    tenant: str
    command: str
    template: ProfileTemplate = DEFAULT_TEMPLATE
    selection: Selection = field(default_factory=Selection)
    update: bool = False
    prune: bool = False
    granted: frozenset[EntitlementRef] = frozenset()
    runs: Callable[[str], bool] = field(default_factory=lambda: CachedPrograms().there)
    start_url_of: Callable[[str], str] = lambda _: ""


class CachedPrograms:
    """Look for each program once: all profiles name the same one."""

    def __init__(self) -> None:
        self._found: dict[str, bool] = {}

    def there(self, path: str) -> bool:
        """Tell whether ``path`` is a program that may be run."""
        if path not in self._found:
            self._found[path] = Path(path).is_file() and os.access(path, os.X_OK)
        return self._found[path]
