"""A profile of ours as the AWS config file has it, and who gave it its name."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from cone_sidecar.aws_config.document import AwsConfigDocument
from cone_sidecar.aws_config.profile_section import entitlement_in, value_in
from cone_sidecar.aws_config.profiles import our_sections
from cone_sidecar.domain.profile import DEFAULT_TENANT, EntitlementRef, PermissionSet
from cone_sidecar.profile_naming import is_name_by_hash, is_name_for
from cone_sidecar.profile_setup.process_line import ProcessLine
from cone_sidecar.profile_template import DEFAULT_TEMPLATE, ProfileTemplate


class Naming(StrEnum):
    """How a profile's name came about, and whether it is still right."""

    CURRENT = "current"
    RENAMED = "renamed in ConductorOne"
    OTHER_TEMPLATE = "named by another template"
    BY_HAND = "named by hand"


@dataclass(frozen=True, slots=True)
class PresentProfile:
    """A section of ours; ``entitlement`` is None where it names none."""

    name: str
    values: Mapping[str, str]
    entitlement: EntitlementRef | None

    @property
    def tenant(self) -> str:
        """Return the tenant that it belongs to."""
        return value_in(self.values, "cone_tenant") or DEFAULT_TENANT

    def is_at(self, start_url: str) -> bool:
        """Tell whether it belongs to the Identity Center of ``start_url``."""
        own = value_in(self.values, "cone_sso_start_url")
        return own.rstrip("#/") == start_url.rstrip("#/")

    def naming(
        self, permission_set: PermissionSet, template: ProfileTemplate, tenant: str, generated: str
    ) -> Naming:
        """Tell how the name stands to ``generated``, which ``template`` gives now.

        Without a record, only a name that the default template gives is surely none that a person chose.
        """
        if is_name_for(self.name, generated, permission_set):
            return Naming.CURRENT
        if recorded := value_in(self.values, "cone_name_hash"):
            ours = is_name_by_hash(self.name, recorded, permission_set)
        else:
            default = DEFAULT_TEMPLATE.name(permission_set, tenant)
            ours = is_name_for(self.name, default, permission_set)
        if not ours or not self._follows_its_name():
            return Naming.BY_HAND
        by = value_in(self.values, "cone_name_template")
        return Naming.RENAMED if by == record_text(template) else Naming.OTHER_TEMPLATE

    def _follows_its_name(self) -> bool:
        """Tell whether ``credential_process`` can be renamed with the section: others wrap ours."""
        process = self.values.get("credential_process")
        return process is None or ProcessLine.read(process) is not None


def record_text(template: ProfileTemplate) -> str:
    """Return what a section remembers of a template: nothing of the default one."""
    return "" if template.default else template.text


def present_profiles(document: AwsConfigDocument) -> list[PresentProfile]:
    """Return the profiles of ours in ``document``, in its order."""
    return [
        PresentProfile(name, values, entitlement_in(values))
        for name, values in our_sections(document).items()
    ]
