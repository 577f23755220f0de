"""What ``cone aws setup`` tells of its plan: the original's lines and further ones, JSON, or a diff."""

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from cone_cli import terminal
from cone_cli.output import put_json
from cone_sidecar.aws_config.document import AwsConfigDocument
from cone_sidecar.cone_config import AwsSettings
from cone_sidecar.profile_setup.application import apply_plan
from cone_sidecar.profile_setup.difference import unified_diff
from cone_sidecar.profile_setup.outdated import Difference, OutdatedProfile
from cone_sidecar.profile_setup.plan import Clash, SetupPlan
from cone_sidecar.profile_setup.present_profile import Naming

SHOWN_OUTDATED = 10
SHOWN_ODD = 3
# Profiles of other names are none to the AWS SDK for JavaScript (@smithy/shared-ini-file-loader).
JAVASCRIPT_NAME = re.compile(r"[\w@+.%:/-]+", re.ASCII)


class SetupReport:
    """Tell a person on stdout; beside JSON or a diff there, on stderr."""

    def __init__(self, output: str, path: Path, *, dry_run: bool) -> None:
        self._output = output
        self._path = path
        self._dry_run = dry_run
        self._json = output.startswith("json")

    def settings(self, settings: AwsSettings) -> None:
        """Tell by what settings profiles are made."""
        self._line(f"INFO  SSO URL:        {settings.sso_url}")
        self._line(f"INFO  SSO Region:     {settings.sso_region}")
        self._line(f"INFO  Default Region: {settings.region}")
        if settings.profile_template:
            self._line(f"INFO  Profile Template: {settings.profile_template}")

    def nothing_found(self) -> None:
        """Tell of an empty catalogue."""
        if self._json:
            put_json(self._output, self._object(SetupPlan()))
        else:
            self._line("INFO  No AWS permission set entitlements found.")

    def tell(
        self,
        plan: SetupPlan,
        session: str,
        document: AwsConfigDocument | None = None,
        notes: Iterable[str] = (),
    ) -> None:
        """Tell of a plan; ``document`` is given where it wasn't carried out, ``notes`` are further lines."""
        content = self._object(plan)
        if document is not None:
            before = document.render()
            apply_plan(plan, document)
            diff = unified_diff(self._path, before, document.render())
            content["diff"] = diff
            if diff and not self._json:
                sys.stdout.flush()
                terminal.put(diff.removesuffix("\n"))
        if self._json:
            put_json(self._output, content)
            for line in (*_warnings(plan), *notes):
                terminal.say(line)
            return
        for line in self._lines(plan, session, notes):
            self._line(line)

    def _lines(self, plan: SetupPlan, session: str, notes: Iterable[str]) -> Iterator[str]:
        if not self._dry_run:
            yield from (f"SUCCESS  Created profile: {name}" for name in plan.created)
            yield from _changes(plan)
        yield from (f"INFO  Kept profile: {each.name} ({each.reason})" for each in plan.kept)
        yield from (f"WARNING  Skipping {row.display_name}: {row.reason}" for row in plan.skipped)
        yield from _warnings(plan)
        yield from notes
        yield from _outdated(plan.outdated)
        if plan.other_template:
            yield (
                f"INFO  {_profiles(len(plan.other_template))} named by another template; "
                "rename them with: cone aws setup --update"
            )
        if plan.updated and plan.by_hand:
            yield f"INFO  {len(plan.by_hand)} profiles keep the names that they were given by hand."
        if plan.session_corrected and not self._dry_run:
            yield f"INFO  Updated the AWS SSO session {session}."
        if self._dry_run:
            yield (
                f"INFO  Nothing was saved. It would be: {len(plan.created)} created, "
                f"{len(plan.renamed)} renamed, {len(plan.updated)} updated, "
                f"{len(plan.removed)} removed."
            )
            return
        yield (
            f"INFO  \nDone: {len(plan.created)} profiles created, "
            f"{len(plan.existing) + len(plan.skipped)} skipped (already exist or missing data)."
        )

    def _line(self, text: str) -> None:
        if self._json:
            return
        if self._dry_run:
            terminal.say(text)
        else:
            terminal.put(terminal.printable(text))

    def _object(self, plan: SetupPlan) -> dict[str, object]:
        """Return the plan as JSON; every list is sorted."""
        return {
            "file": str(self._path),
            "dry_run": self._dry_run,
            "created": sorted(plan.created),
            "renamed": [
                {"from": each.old, "to": each.new, "reason": each.reason}
                for each in sorted(plan.renamed, key=lambda each: each.old)
            ],
            "updated": _outdated_objects(plan.updated),
            "outdated": _outdated_objects(plan.outdated),
            "removed": sorted(plan.removed),
            "kept": [
                {"name": each.name, "reason": each.reason}
                for each in sorted(plan.kept, key=lambda each: each.name)
            ],
            "skipped": [
                {"display_name": row.display_name, "reason": row.reason}
                for row in sorted(plan.skipped, key=lambda row: (row.display_name, row.reason))
            ],
            "clashes": [
                {"name": clash.name, "profiles": list(clash.profiles)}
                for clash in sorted(plan.clashes, key=lambda clash: clash.name)
            ],
            "dangling": [
                {"name": each.name, "source_profile": each.source}
                for each in sorted(plan.dangling, key=lambda each: each.name)
            ],
            "other_template": sorted(plan.other_template),
            "existing": sorted(plan.existing),
        }


def _changes(plan: SetupPlan) -> Iterator[str]:
    for each in plan.renamed:
        reason = each.reason if each.reason == Naming.RENAMED else "by the template"
        yield f"INFO  Renamed profile: {each.old} -> {each.new} ({reason})"
    for outdated in plan.updated:
        yield f"INFO  Updated profile: {outdated.name} ({_differences(outdated)})"
    for name in plan.removed:
        yield f"INFO  Removed profile: {name} (gone from the catalogue)"


def _outdated(outdated: list[OutdatedProfile]) -> Iterator[str]:
    for each in outdated[:SHOWN_OUTDATED]:
        yield f"INFO  Out of date: {each.name} ({_differences(each)})"
    if outdated:
        yield (
            f"INFO  {_profiles(len(outdated))} out of date; "
            "update them with: cone aws setup --update"
        )


def _warnings(plan: SetupPlan) -> Iterator[str]:
    for clash in plan.clashes:
        if clash.fresh:
            yield _clash(clash)
    yield from _odd_names([*plan.created, *(each.new for each in plan.renamed)])
    for each in plan.dangling:
        yield (
            f"WARNING  Profile {each.name} has source_profile = {each.source}, which goes by that name "
            "no more: change it by hand."
        )
    for pattern in plan.unmatched:
        yield f"WARNING  {pattern.option} {pattern.text} matches no permission set."


def _odd_names(names: Iterable[str]) -> Iterator[str]:
    """Warn of names that one of the SDKs doesn't see; all others do."""
    if odd := [name for name in names if not JAVASCRIPT_NAME.fullmatch(name)]:
        further = f" and {len(odd) - SHOWN_ODD} more" if len(odd) > SHOWN_ODD else ""
        yield (
            f"WARNING  The SDK for JavaScript sees no profile named {', '.join(odd[:SHOWN_ODD])}{further}; "
            "for other names: cone aws setup --update --profile-template '{account_id}-{role_name}'"
        )


def _clash(clash: Clash) -> str:
    if clash.with_foreign:
        return (
            f"WARNING  Another profile is named {clash.name}: "
            f"the permission set's is {clash.profiles[0]}."
        )
    names = f"{', '.join(clash.profiles[:-1])} and {clash.profiles[-1]}"
    return (
        f"WARNING  {len(clash.profiles)} permission sets would be named {clash.name}: "
        f"they are {names}."
    )


def _profiles(count: int) -> str:
    return "1 profile is" if count == 1 else f"{count} profiles are"


def _differences(outdated: OutdatedProfile) -> str:
    return ", ".join(map(_difference, outdated.differences))


def _difference(difference: Difference) -> str:
    if not difference.wanted:
        return f"{difference.key} removed" if difference.found else difference.key
    return f"{difference.key} {difference.found or 'missing'} -> {difference.wanted}"


def _outdated_objects(outdated: list[OutdatedProfile]) -> list[dict[str, object]]:
    return [
        {
            "name": each.name,
            "reasons": [
                {"key": told.key, "from": told.found, "to": told.wanted}
                for told in each.differences
            ],
        }
        for each in sorted(outdated, key=lambda each: each.name)
    ]
