"""A person of ConductorOne as the original's rows."""

from collections.abc import Mapping
from typing import Any

from cone_cli.output import put_object
from cone_sidecar.clock import rfc3339
from cone_sidecar.conductorone.wire import timestamp

TEXTS = {
    "Email": "email",
    "Status": "status",
    "Job Title": "jobTitle",
    "Department": "department",
    "Employment Status": "employmentStatus",
    "Employment Type": "employmentType",
}


def put_user(output: str, user: Mapping[str, Any]) -> None:
    """Print the person; JSON is what the API says."""
    created = timestamp(user.get("createdAt"))
    rows = [
        *((name, user.get(key)) for name, key in TEXTS.items()),
        # To the second, as the original prints times.
        ("Created At", rfc3339(created) if created else user.get("createdAt")),
    ]
    put_object(output, user, rows, [("Id", user.get("id")), *rows])
