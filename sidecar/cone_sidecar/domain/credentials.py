"""Role credentials, and how fresh is fresh enough."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cone_sidecar.secret import Secret

# botocore asks again on every call below 15 minutes, and fails below 10 (sdk-contract §3).
ADVISORY_WINDOW = timedelta(minutes=15)
# A grant that nobody has looked at for so long is looked at before its credentials are served.
CHECK_VALID_FOR = timedelta(minutes=15)
# What has less than a minute left is never handed out (sdk-contract §6, rule 16).
MINIMUM_LIFE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class RoleCredentials:
    """Temporary AWS credentials of one role."""

    access_key_id: str
    secret_access_key: Secret = field(repr=False)
    session_token: Secret = field(repr=False)
    expiration: datetime
    account_id: str

    def usable(self, now: datetime) -> bool:
        """Tell whether they may still be handed out."""
        return self.expiration - now >= MINIMUM_LIFE
