"""What mends one profile: its name, and the keys that are out of date."""

from cone_sidecar.aws_config.profile_section import (
    credential_process,
    name_record,
    role_values,
)
from cone_sidecar.aws_config.section_edit import SectionEdit
from cone_sidecar.catalogue import new_profile
from cone_sidecar.profile_naming import NamedPermissionSet, name_hash
from cone_sidecar.profile_setup.options import SetupOptions
from cone_sidecar.profile_setup.outdated import Difference, differences
from cone_sidecar.profile_setup.planned_name import PlannedName
from cone_sidecar.profile_setup.present_profile import Naming, PresentProfile, record_text
from cone_sidecar.profile_setup.process_line import ProcessLine


class Mending:
    """Compare a profile that is there with what it should be; ``found`` is what differs."""

    def __init__(
        self, planned: PlannedName, present: PresentProfile, options: SetupOptions
    ) -> None:
        self._planned = planned
        self._present = present
        self._options = options
        self._first = present is planned.present
        self._name = planned.name if self._first else present.name
        self.found = tuple(self._differences())

    def edit(self) -> SectionEdit:
        """Return what becomes of the section: a new name at any time, all else with ``--update``.

        Raises:
            ConfigurationError: The new line for ``credential_process`` can't be written.
        """
        told = self.found if self._options.update else ()
        wanted = {each.key: each.wanted for each in told}
        name = self._name if self._name != self._present.name else ""
        if name:
            wanted |= self._record()
        if "credential_process" in wanted:
            wanted["credential_process"] = credential_process(self._options.command, self._name)
        elif name and (line := ProcessLine.read(self._text("credential_process"))):
            wanted["credential_process"] = line.for_profile(name)
        return SectionEdit(
            name,
            values={key: text for key, text in wanted.items() if text},
            removed=frozenset(key for key, text in wanted.items() if not text),
        )

    def _differences(self) -> list[Difference]:
        options = self._options
        profile = new_profile(
            NamedPermissionSet(self._name, self._planned.permission_set, self._planned.generated),
            session=options.session,
            region=options.region,
            tenant=options.tenant,
        )
        wanted = role_values(profile)
        if self._first:
            # Who copies a profile does so for another region.
            wanted["region"] = options.region
        found = list(differences(self._present, wanted, options.command, options.runs))
        if options.update and self._first and self._planned.naming is Naming.CURRENT:
            found += [
                Difference(key, self._text(key), text)
                for key, text in self._record().items()
                if self._text(key) != text
            ]
        return found

    def _record(self) -> dict[str, str]:
        """Return the record of the name as it is to be; an empty value takes a key out."""
        record = name_record(
            name_hash(self._planned.generated), record_text(self._options.template)
        )
        if self._text("cone_name_template") and "cone_name_template" not in record:
            record["cone_name_template"] = ""
        return record

    def _text(self, key: str) -> str:
        return self._present.values.get(key, "")
