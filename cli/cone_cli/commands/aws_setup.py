"""``cone aws setup``: write an AWS profile for each permission set of the catalogue (reference §6.1)."""

import argparse
import gc
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cone_cli import terminal
from cone_cli.output import add_output_option
from cone_cli.start_url import is_region, is_start_url
from cone_sidecar.errors import ConfigurationError, UsageError

if TYPE_CHECKING:
    from cone_sidecar.aws_config.config_file import AwsConfigFile
    from cone_sidecar.aws_config.document import AwsConfigDocument
    from cone_sidecar.cone_config import AwsSettings
    from cone_sidecar.domain.profile import EntitlementRef, PermissionSet, SkippedEntitlement
    from cone_sidecar.profile_setup.options import SetupOptions
    from cone_sidecar.profile_setup.plan import SetupPlan, SetupPlanner

EXAMPLE = "example: cone aws setup --sso-url https://acme.awsapps.com/start --sso-region us-east-1"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--sso-url", metavar="URL", help="your AWS SSO start URL; required on first run"
    )
    parser.add_argument(
        "--sso-region",
        metavar="REGION",
        help="AWS region where IAM Identity Center is configured (default: us-east-1)",
    )
    parser.add_argument(
        "--region",
        metavar="REGION",
        help="default AWS region of the generated profiles (default: us-east-1)",
    )
    parser.add_argument(
        "--profile-template",
        metavar="TEMPLATE",
        help="how profiles are named (default: {account_name}-{role_name})",
    )
    parser.add_argument(
        "--update", action="store_true", help="mend profiles that are out of date, and their names"
    )
    parser.add_argument(
        "--prune", action="store_true", help="remove profiles that are gone from the catalogue"
    )
    parser.add_argument(
        "--only",
        metavar="PATTERN",
        action="append",
        default=[],
        help="only for permission sets that match, such as 'prod*' or '*/Admin'",
    )
    parser.add_argument(
        "--exclude",
        metavar="PATTERN",
        action="append",
        default=[],
        help="not for permission sets that match",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="print what would change as a diff; save nothing"
    )
    add_output_option(parser)


def run(args: argparse.Namespace) -> int:
    """Bring the AWS config file up to the catalogue; returns the exit code."""
    from cone_sidecar.certificate_authorities import load_ahead

    load_ahead(os.environ)
    # What is imported and planned stays to the end: looking for garbage in it takes a tenth of the time.
    gc.disable()
    try:
        return _set_up(args)
    finally:
        gc.enable()


def _set_up(args: argparse.Namespace) -> int:
    from cone_cli.composition import run_async
    from cone_cli.cone_path import cone_path
    from cone_cli.setup_report import SetupReport
    from cone_cli.sso_session import session_of, template_of, tenant_name
    from cone_sidecar.aws_config.config_file import AwsConfigFile
    from cone_sidecar.cone_config import ConeConfig
    from cone_sidecar.profile_setup.options import SetupOptions
    from cone_sidecar.profile_setup.plan import SetupPlanner, plan_setup
    from cone_sidecar.profile_setup.selection import Selection

    config = ConeConfig.load(os.environ)
    tenant = tenant_name(args, os.environ, config)
    saved = config.settings_for((args.sso_url or "").strip(), tenant)
    settings = chosen_settings(args, saved)
    template = template_of(settings, config)
    command = cone_path(os.environ)
    file = AwsConfigFile.of(os.environ)
    # Read before anything is saved or asked: a file that can't be used is told of at once.
    stamp = file.stamp()
    document = file.read()
    if not args.dry_run:
        config.save_aws_settings(settings, tenant)
    report = SetupReport(args.output, file.path, dry_run=args.dry_run)
    report.settings(settings)
    options = SetupOptions(
        session=session_of(settings, tenant if config.owns(settings, tenant) else ""),
        region=settings.region,
        tenant=tenant,
        command=command,
        template=template,
        selection=Selection.of(args.only, args.exclude),
        update=args.update,
        prune=args.prune,
        start_url_of=config.own_start_url,
    )
    planner = SetupPlanner(document, options)
    found = run_async(_permission_sets(args, planner))
    plan = planner.plan()
    if file.stamp() != stamp or args.prune:
        document = file.read()
        options = replace(options, granted=_still_granted(args, found, document, options))
        plan = plan_setup(found, document, options)
    if not found:
        report.nothing_found()
    elif args.dry_run:
        notes = _partition_notes(plan, options)
        report.tell(plan, options.session.name, document, notes)
    else:
        plan = _write(plan, found, document, file, options, args.output)
        notes = [*_partition_notes(plan, options), *_file_notes(file, plan)]
        report.tell(plan, options.session.name, notes=notes)
    if args.prune and not any(_is_permission_set(row) for row in found):
        raise ConfigurationError(
            "the catalogue lists no AWS permission set: no profile was removed",
            hint="see what ConductorOne lists for you: cone search",
        )
    return 0


def chosen_settings(args: argparse.Namespace, saved: "AwsSettings") -> "AwsSettings":
    """Return what the flags say, else what is saved, else the defaults.

    Raises:
        UsageError: There is no start URL, or one of them can't be right.
    """
    from cone_sidecar.cone_config import AwsSettings
    from cone_sidecar.profile_template import parse_template

    sso_url = (args.sso_url or saved.sso_url).strip()
    if not sso_url:
        raise UsageError(
            "--sso-url is required on first run",
            hint="cone aws setup --sso-url https://<your organization>.awsapps.com/start",
        )
    if not is_start_url(sso_url):
        raise UsageError(
            "--sso-url is not a URL",
            hint="cone aws setup --sso-url https://<your organization>.awsapps.com/start",
        )
    regions = {
        "--sso-region": (args.sso_region or saved.sso_region).strip(),
        "--region": (args.region or saved.region).strip(),
    }
    for flag, region in regions.items():
        if not is_region(region):
            raise UsageError(
                f"{flag} is not an AWS region", hint=f"cone aws setup {flag} us-east-1"
            )
    template = saved.profile_template
    if args.profile_template is not None:
        template = parse_template(args.profile_template).text
    return AwsSettings(sso_url, regions["--sso-region"], regions["--region"], template)


async def _permission_sets(
    args: argparse.Namespace, planner: "SetupPlanner"
) -> list["PermissionSet | SkippedEntitlement"]:
    from cone_cli.composition import open_tenant
    from cone_cli.progress import progress

    async with open_tenant(args) as tenant:
        with progress("permission sets read", output=args.output) as advance:
            # httpx leaves garbage, some 100 KiB with each page.
            gc.enable()

            def heard(row: "PermissionSet | SkippedEntitlement") -> None:
                advance()
                planner.hear(row)

            try:
                return await tenant.permission_sets(heard)
            finally:
                gc.disable()


def _partition_notes(plan: "SetupPlan", options: "SetupOptions") -> list[str]:
    from cone_cli.composition import run_async
    from cone_cli.partition_notes import partition_notes
    from cone_sidecar.warm_file import state_directory

    if plan.partitions.keys() <= {"aws"}:
        # Asking botocore takes a third of a second, and nearly all sets are of this one.
        return []
    kept_in = Path(state_directory(os.environ))
    region, tenant = options.session.region, options.tenant
    return run_async(partition_notes(plan.partitions, region, tenant, kept_in, os.environ))


def _file_notes(file: "AwsConfigFile", plan: "SetupPlan") -> list[str]:
    """Tell of the backup, and of new profiles that another file stands before."""
    from cone_sidecar.aws_config.shadowing import credentials_path, shadowed_profiles

    notes = []
    if file.new_backup is not None:
        notes.append(f"INFO  The file as it was before is kept in {file.new_backup}.")
    try:
        shadowed = shadowed_profiles(os.environ, plan.created)
    except ConfigurationError as error:
        # The profiles are written; what is in another file is for cone aws doctor.
        return [*notes, f"WARNING  {error.message}"]
    path = credentials_path(os.environ)
    return notes + [
        f"WARNING  Keys of {name} in {path} win over this profile; delete them there."
        for name in shadowed
    ]


def _still_granted(
    args: argparse.Namespace,
    found: list["PermissionSet | SkippedEntitlement"],
    document: "AwsConfigDocument",
    options: "SetupOptions",
) -> "frozenset[EntitlementRef]":
    """Ask what the person still has, where a profile is to be removed."""
    from cone_cli.composition import run_async
    from cone_sidecar.profile_setup.gone import gone_profiles
    from cone_sidecar.profile_setup.present_profile import present_profiles

    if not (args.prune and gone_profiles(present_profiles(document), found, options)):
        return frozenset()
    return run_async(_granted(args))


async def _granted(args: argparse.Namespace) -> "frozenset[EntitlementRef]":
    from cone_cli.composition import open_tenant
    from cone_sidecar.clock import SystemClock
    from cone_sidecar.conductorone.grant_search import search_grants

    async with open_tenant(args) as tenant:
        grants = await search_grants(tenant.api, await tenant.user_id())
    now = SystemClock().now()
    return frozenset(ref for ref, grant in grants.items() if grant.active(now))


def _write(
    plan: "SetupPlan",
    found: list["PermissionSet | SkippedEntitlement"],
    seen: "AwsConfigDocument",
    file: "AwsConfigFile",
    options: "SetupOptions",
    output: str,
) -> "SetupPlan":
    """Carry out the plan where it changes anything; what can't be written is printed, to be pasted.

    Raises:
        ConfigurationError: The file can't be read or written. It is as it was.
    """
    from cone_sidecar.profile_setup.application import apply_plan, text_to_paste
    from cone_sidecar.profile_setup.plan import plan_setup

    if not plan.changes:
        return plan
    try:
        with file.change() as document:
            if document.render() != seen.render():
                plan = plan_setup(found, document, options)
            apply_plan(plan, document)
    except ConfigurationError as error:
        # The error goes to stderr, as all errors do; what a person may add by hand is data.
        if isinstance(error.__cause__, OSError) and not output.startswith("json"):
            terminal.put(text_to_paste(plan))
        raise
    return plan


def _is_permission_set(row: object) -> bool:
    from cone_sidecar.domain.profile import PermissionSet

    return isinstance(row, PermissionSet)
