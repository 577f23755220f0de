"""A plan, carried out on the document."""

from cone_sidecar.aws_config.document import AwsConfigDocument
from cone_sidecar.aws_config.profile_section import (
    profile_section,
    session_section,
    session_values,
)
from cone_sidecar.profile_setup.plan import SetupPlan


def apply_plan(plan: SetupPlan, document: AwsConfigDocument) -> None:
    """Change ``document`` as planned; the session's section follows the first new profile.

    Raises:
        ConfigurationError: Something can't be written: the plan was made for another document.
    """
    if plan.edits:
        document.edit_sections(plan.edits)
    append_new(plan, document)


def append_new(plan: SetupPlan, document: AwsConfigDocument) -> None:
    """Add only the sections that are new."""
    session = plan.session
    for name, values in plan.created.items():
        document.append_section(profile_section(name), values)
        if session:
            document.append_section(session_section(session.name), session_values(session))
            session = None
    if session:
        document.append_section(session_section(session.name), session_values(session))


def text_to_paste(plan: SetupPlan) -> str:
    """Return the sections that are new, as a person may add them to a file that cone can't write."""
    document = AwsConfigDocument()
    append_new(plan, document)
    return document.render().decode()
