"""Which profile each permission set of the catalogue has, or is to get, and under what name."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cone_sidecar.domain.profile import PermissionSet
from cone_sidecar.profile_naming import name_profiles
from cone_sidecar.profile_setup.options import SetupOptions
from cone_sidecar.profile_setup.present_profile import Naming, PresentProfile
from cone_sidecar.profile_setup.selection import subjects_of


@dataclass(slots=True)
class PlannedName:
    """A permission set and its profile.

    Args:
        permission_set: What the profile stands for.
        generated: The name that the template gives.
        name: The name that the profile is going to have; empty where there can't be one.
        present: The profile that is there, None where it is to be made.
        copies: Further profiles of the same entitlement, which a person made.
        naming: How the present name came about; of a new profile, that it is current.
        meant: Whether the run is about it.
    """

    permission_set: PermissionSet
    generated: str
    name: str
    present: PresentProfile | None
    copies: tuple[PresentProfile, ...]
    naming: Naming
    meant: bool

    @property
    def renamed(self) -> bool:
        """Tell whether the profile that is there gets another name."""
        return self.present is not None and self.present.name != self.name

    @property
    def fresh(self) -> bool:
        """Tell whether this run gives the name."""
        return self.meant and (self.present is None or self.renamed)

    def subjects(self) -> set[str]:
        """Return what patterns may call it."""
        names = {self.generated, f"{self.generated}-{self.permission_set.account_id}"}
        there = (*self.copies, *([self.present] if self.present else []))
        return subjects_of(self.permission_set, names | {each.name for each in there})


def give_names(
    rows: Sequence[PlannedName],
    present: Iterable[PresentProfile],
    taken: Iterable[str],
    options: SetupOptions,
) -> None:
    """Give each of ``rows`` its name.

    Names are given over the whole catalogue, whatever the run is about: nobody's depends on patterns.

    Args:
        rows: The catalogue in its order, each entitlement once.
        present: Profiles of ours.
        taken: The names of all profiles of the file.
        options: What the run is told.
    """
    nameless = {each.name for each in present if each.entitlement is None}
    moving = {id(row) for row in rows if _moves(row, options)}
    kept = {
        row.permission_set.entitlement: row.name
        for row in rows
        if row.present and id(row) not in moving
    }
    freed = {row.name for row in rows if id(row) in moving}
    named = name_profiles(
        [row.permission_set for row in rows if row.present or row.generated not in nameless],
        options.template,
        tenant=options.tenant,
        kept=kept,
        # Whoever is called so is everybody's profile.
        taken=({*taken} - freed) | {"default"},
    )
    names = {each.permission_set.entitlement: each.name for each in named}
    for row in rows:
        row.name = names.get(row.permission_set.entitlement, "")


def planned_name(
    permission_set: PermissionSet, there: Sequence[PresentProfile], options: SetupOptions
) -> PlannedName:
    """Find the profile of a permission set among ``there``, its own; the name that it gets is still open."""
    generated = options.template.name(permission_set, options.tenant)
    present, naming = (there[0], Naming.BY_HAND) if there else (None, Naming.CURRENT)
    for each in there:
        found = each.naming(permission_set, options.template, options.tenant, generated)
        if found is not Naming.BY_HAND:
            present, naming = each, found
            break
    row = PlannedName(
        permission_set,
        generated,
        name=present.name if present else "",
        present=present,
        copies=tuple(each for each in there if each is not present),
        naming=naming,
        meant=True,
    )
    row.meant = options.selection.means(row.subjects) and not _is_another_s(present, options)
    return row


def _is_another_s(present: PresentProfile | None, options: SetupOptions) -> bool:
    """Tell whether another tenant's name, with an Identity Center of its own, set the profile up.

    One login may reach several instances, each under its own name. Whoever says ``--only`` takes it over.
    """
    if (
        present is None
        or options.selection.only
        or present.tenant.lower() == options.tenant.lower()
    ):
        return False
    theirs = options.start_url_of(present.tenant)
    return bool(theirs) and present.is_at(theirs) and not present.is_at(options.session.start_url)


def _moves(row: PlannedName, options: SetupOptions) -> bool:
    """Tell whether a profile that is there gets another name."""
    return row.meant and (
        row.naming is Naming.RENAMED or (row.naming is Naming.OTHER_TEMPLATE and options.update)
    )
