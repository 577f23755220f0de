"""The plan of a run: what the catalogue, the document and the options make of each other."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from cone_sidecar.aws_config.document import AwsConfigDocument, check_section
from cone_sidecar.aws_config.lines import SectionName
from cone_sidecar.aws_config.profile_section import (
    name_record,
    profile_section,
    profile_values,
    session_section,
    session_values,
    value_in,
)
from cone_sidecar.aws_config.section_edit import SectionEdit
from cone_sidecar.catalogue import new_profile
from cone_sidecar.domain.profile import (
    EntitlementRef,
    PermissionSet,
    SkippedEntitlement,
    SsoSession,
)
from cone_sidecar.errors import ConfigurationError
from cone_sidecar.profile_naming import NamedPermissionSet, is_name_for, name_hash
from cone_sidecar.profile_setup.gone import KeptProfile, gone_profiles, subjects_of_gone
from cone_sidecar.profile_setup.mending import Mending
from cone_sidecar.profile_setup.options import SetupOptions
from cone_sidecar.profile_setup.outdated import OutdatedProfile
from cone_sidecar.profile_setup.planned_name import PlannedName, give_names, planned_name
from cone_sidecar.profile_setup.present_profile import (
    Naming,
    PresentProfile,
    present_profiles,
    record_text,
)
from cone_sidecar.profile_setup.selection import Pattern

CatalogueRow = PermissionSet | SkippedEntitlement


@dataclass(frozen=True, slots=True)
class RenamedProfile:
    """A profile under its old and its new name, and why."""

    old: str
    new: str
    reason: str


@dataclass(frozen=True, slots=True)
class Clash:
    """Profiles that would share a name; ``with_foreign`` where it is a profile that isn't ours.

    ``fresh`` tells that this run gives one of their names.
    """

    name: str
    profiles: tuple[str, ...]
    with_foreign: bool
    fresh: bool


@dataclass(frozen=True, slots=True)
class DanglingSource:
    """A profile that isn't ours, and its ``source_profile``, which is renamed or removed."""

    name: str
    source: str


@dataclass(slots=True)
class SetupPlan:
    """What a run does, and what it has to tell.

    ``session`` is a section that is missing, ``partitions`` counts what the run is about.
    """

    created: dict[str, dict[str, str]] = field(default_factory=dict)
    existing: list[str] = field(default_factory=list)
    renamed: list[RenamedProfile] = field(default_factory=list)
    updated: list[OutdatedProfile] = field(default_factory=list)
    outdated: list[OutdatedProfile] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    kept: list[KeptProfile] = field(default_factory=list)
    skipped: list[SkippedEntitlement] = field(default_factory=list)
    clashes: list[Clash] = field(default_factory=list)
    other_template: list[str] = field(default_factory=list)
    by_hand: list[str] = field(default_factory=list)
    unmatched: list[Pattern] = field(default_factory=list)
    dangling: list[DanglingSource] = field(default_factory=list)
    partitions: Counter[str] = field(default_factory=Counter)
    session: SsoSession | None = None
    session_corrected: bool = False
    edits: dict[SectionName, SectionEdit] = field(default_factory=dict)

    @property
    def changes(self) -> bool:
        """Tell whether there is anything to write."""
        return bool(self.created or self.edits or self.session)


def plan_setup(
    catalogue: Iterable[CatalogueRow], document: AwsConfigDocument, options: SetupOptions
) -> SetupPlan:
    """Plan what brings ``document`` up to the catalogue; nothing is changed.

    A profile is known by its entitlement, whatever its name. Sections that aren't ours stay as they are,
    except that the section of the SSO session follows it.
    """
    planner = SetupPlanner(document, options)
    for row in catalogue:
        planner.hear(row)
    return planner.plan()


class SetupPlanner:
    """Plan as :func:`plan_setup` does, with each row's own part done while the next ones are on their way."""

    def __init__(self, document: AwsConfigDocument, options: SetupOptions) -> None:
        self._document = document
        self._options = options
        self._present = present_profiles(document)
        self._there: dict[EntitlementRef | None, list[PresentProfile]] = defaultdict(list)
        for each in self._present:
            self._there[each.entitlement].append(each)
        self._rows: list[CatalogueRow] = []
        self._names: dict[EntitlementRef, PlannedName] = {}
        self._drafts: dict[EntitlementRef, dict[str, str]] = {}

    def hear(self, row: CatalogueRow) -> None:
        """Take the catalogue's next row."""
        self._rows.append(row)
        if isinstance(row, SkippedEntitlement) or row.entitlement in self._names:
            return
        there = self._there.get(row.entitlement, ())
        name = self._names[row.entitlement] = planned_name(row, there, self._options)
        if name.meant and not name.present:
            # Nearly all get the name that the template gives; what can't be written is told by the plan.
            with suppress(ConfigurationError):
                self._drafts[row.entitlement] = _new_values(name.generated, name, self._options)

    def plan(self) -> SetupPlan:
        """Return the plan for what was heard."""
        document, options, present = self._document, self._options, self._present
        taken = {
            section.name.name for section in document.sections if section.name.kind == "profile"
        }
        names = list(self._names.values())
        give_names(names, present, taken, options)
        plan = SetupPlan(skipped=[row for row in self._rows if isinstance(row, SkippedEntitlement)])
        for name in names:
            if not name.meant:
                continue
            plan.partitions[name.permission_set.partition] += 1
            if name.present:
                _bring_up(plan, name, name.present, options)
            else:
                self._create(plan, name)
        plan.clashes = list(_clashes(names, taken))
        _put_session(plan, document, options.session)
        gone = gone_profiles(present, self._rows, options)
        if options.prune:
            _prune(plan, gone, present, options)
        if options.selection.patterns:
            plan.unmatched = options.selection.unmatched(
                [*(name.subjects() for name in names), *map(subjects_of_gone, gone)]
            )
        plan.dangling = list(_dangling(plan, document))
        return plan

    def _create(self, plan: SetupPlan, planned: PlannedName) -> None:
        found = planned.permission_set
        if not planned.name:
            reason = (
                f"profile {planned.generated} is missing cone_app_id or cone_entitlement_id; "
                "delete it from the AWS config file and run cone aws setup again"
            )
            plan.skipped.append(SkippedEntitlement(found.display_name, reason))
            return
        draft = self._drafts.get(found.entitlement) if planned.name == planned.generated else None
        try:
            plan.created[planned.name] = draft or _new_values(planned.name, planned, self._options)
        except ConfigurationError as error:
            plan.skipped.append(SkippedEntitlement(found.display_name, error.message))


def _dangling(plan: SetupPlan, document: AwsConfigDocument) -> Iterator[DanglingSource]:
    lost = {*plan.removed, *(each.old for each in plan.renamed)}
    lost -= {*plan.created, *(each.new for each in plan.renamed)}
    for section in document.sections if lost else ():
        source = value_in(section.values, "source_profile")
        if source in lost:
            yield DanglingSource(section.name.name, source)


def _new_values(name: str, planned: PlannedName, options: SetupOptions) -> dict[str, str]:
    """Return what a new profile's section holds; raises ConfigurationError where it can't be written."""
    profile = new_profile(
        NamedPermissionSet(name, planned.permission_set, planned.generated),
        session=options.session,
        region=options.region,
        tenant=options.tenant,
    )
    record = name_record(name_hash(planned.generated), record_text(options.template))
    values = profile_values(profile, options.command, record)
    check_section(profile_section(name), values)
    return values


def _bring_up(
    plan: SetupPlan, planned: PlannedName, present: PresentProfile, options: SetupOptions
) -> None:
    """Plan what becomes of the profiles of an entitlement that has some."""
    plan.existing.append(planned.name)
    if planned.naming is Naming.BY_HAND:
        plan.by_hand.append(planned.name)
    elif planned.naming is Naming.OTHER_TEMPLATE and not options.update:
        plan.other_template.append(planned.name)
    for each in (present, *planned.copies):
        mending = Mending(planned, each, options)
        section = profile_section(each.name)
        try:
            edit = mending.edit()
            check_section(profile_section(edit.name or each.name), edit.values)
        except ConfigurationError as error:
            shown = planned.permission_set.display_name
            plan.skipped.append(SkippedEntitlement(shown, error.message))
            continue
        if edit.name:
            reason = str(planned.naming)
            plan.renamed.append(RenamedProfile(each.name, edit.name, reason))
        if mending.found:
            told = plan.updated if options.update else plan.outdated
            told.append(OutdatedProfile(edit.name or each.name, mending.found))
        if edit.name or edit.values or edit.removed:
            plan.edits[section] = edit


def _clashes(names: Sequence[PlannedName], taken: Collection[str]) -> Iterator[Clash]:
    sharing: dict[str, list[PlannedName]] = defaultdict(list)
    for each in names:
        sharing[each.generated].append(each)
    for generated, all_of_it in sharing.items():
        if len(all_of_it) == 1 and all_of_it[0].name in {"", generated}:
            continue
        ours = [
            each
            for each in all_of_it
            if each.name and is_name_for(each.name, generated, each.permission_set)
        ]
        foreign = len(ours) == 1 and generated in taken and ours[0].name != generated
        if len(ours) > 1 or foreign:
            profiles = tuple(sorted(each.name for each in ours))
            yield Clash(generated, profiles, foreign, any(each.fresh for each in ours))


def _put_session(plan: SetupPlan, document: AwsConfigDocument, session: SsoSession) -> None:
    """Plan the session's section, or what corrects an old one."""
    if not (plan.created or plan.existing):
        return
    name = session_section(session.name)
    there = document.values(name)
    if there is None:
        check_section(name, session_values(session))
        plan.session = session
        return
    wanted = {"sso_start_url": session.start_url, "sso_region": session.region}
    old = {key: value for key, value in wanted.items() if there.get(key) != value}
    if old:
        check_section(name, old)
        plan.edits[name] = SectionEdit(values=old)
        plan.session_corrected = True


def _prune(
    plan: SetupPlan,
    gone: Iterable[PresentProfile],
    present: Iterable[PresentProfile],
    options: SetupOptions,
) -> None:
    for each in gone:
        if each.entitlement in options.granted:
            reason = "you still have the access that it is for"
            plan.kept.append(KeptProfile(each.name, reason))
        elif each.name not in plan.created:
            plan.removed.append(each.name)
            plan.edits[profile_section(each.name)] = SectionEdit(gone=True)
    for each in present:
        if each.entitlement is None and options.selection.means(partial(subjects_of_gone, each)):
            reason = "it names no entitlement; delete it by hand"
            plan.kept.append(KeptProfile(each.name, reason))
