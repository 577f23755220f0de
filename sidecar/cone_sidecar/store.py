"""Where role credentials outlive a flight: nowhere but in memory, or in files shared by processes."""

import contextlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cone_sidecar.atomic_file import write_atomically
from cone_sidecar.clock import parse_timestamp, rfc3339
from cone_sidecar.domain.credentials import ADVISORY_WINDOW, CHECK_VALID_FOR, RoleCredentials
from cone_sidecar.domain.ports import GrantMemory, HeldCredentials
from cone_sidecar.domain.profile import Profile
from cone_sidecar.secret import Secret
from cone_sidecar.warm_file import WarmEntry


class MemoryStore:
    """Keep nothing beside what the flights hold: the sidecar's credentials die with it."""

    def load(self, profile: Profile) -> HeldCredentials | None:  # noqa: ARG002 -- the port's
        """Return nothing."""
        return None

    def save(self, profile: Profile, held: HeldCredentials) -> None:
        """Keep nothing."""

    def drop(self, profile: Profile) -> None:
        """Forget nothing."""

    def grant_memory(self, profile: Profile) -> GrantMemory:  # noqa: ARG002 -- the port's
        """Know nothing: the flight does."""
        return GrantMemory()

    def remember_grant(self, profile: Profile, memory: GrantMemory) -> None:
        """Remember nothing: the flight does."""


class FileStore:
    """Keep each profile's credentials in a 0600 file that the warm path prints."""

    def __init__(
        self, entry: Callable[[str], WarmEntry], *, check_valid_for: timedelta = CHECK_VALID_FOR
    ) -> None:
        """Serve what is kept for at most ``check_valid_for`` after its grant was looked at."""
        self._entry = entry
        self._check_valid_for = check_valid_for

    def load(self, profile: Profile) -> HeldCredentials | None:
        """Return what is kept, however old; a damaged file is none."""
        kept = self._entry(profile.name).kept()
        if kept is None:
            return None
        document, _, details = kept.partition("\n")
        try:
            return _held(json.loads(document), json.loads(details))
        except (ValueError, KeyError, TypeError, AttributeError):
            return None

    def save(self, profile: Profile, held: HeldCredentials) -> None:
        """Keep it; where it can't be written, each process gets its own."""
        entry = self._entry(profile.name)
        details = {
            "fetched": held.fetched_at.isoformat(),
            "checked": held.checked_at.isoformat(),
            "grantEnds": held.grant_ends.isoformat() if held.grant_ends else None,
            "unverified": held.unverified,
        }
        content = entry.content(
            serve_until(held, self._check_valid_for).timestamp(),
            credential_process_document(held),
            json.dumps(details),
        )
        _write(entry.credentials_path, content)

    def drop(self, profile: Profile) -> None:
        """Forget it."""
        # Where it can't be deleted, its time runs out all the same.
        with contextlib.suppress(OSError):
            Path(self._entry(profile.name).credentials_path).unlink(missing_ok=True)

    def grant_memory(self, profile: Profile) -> GrantMemory:
        """Return what a process of ours was told; a damaged file is nothing."""
        try:
            details = json.loads(self._entry(profile.name).grant_details())
            return GrantMemory(
                _moment(details["grantedAt"]), bool(details["refuted"]), _moment(details["ends"])
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            return GrantMemory()

    def remember_grant(self, profile: Profile, memory: GrantMemory) -> None:
        """Tell the next process: it neither requests what isn't listed yet, nor serves what is gone."""
        entry = self._entry(profile.name)
        details = {
            "grantedAt": memory.granted_at.isoformat() if memory.granted_at else None,
            "refuted": memory.refuted,
            "ends": memory.ends.isoformat() if memory.ends else None,
        }
        _write(entry.granted_path, entry.content(0.0, "", json.dumps(details)))


def _moment(text: str | None) -> datetime | None:
    return parse_timestamp(text) if text else None


def _write(path: str, content: str) -> None:
    """Write a file of the cache; where that can't be done, each process gets its own."""
    with contextlib.suppress(OSError):
        write_atomically(Path(path), content.encode("utf-8", "surrogateescape"), mode=0o600)


def serve_until(held: HeldCredentials, check_valid_for: timedelta = CHECK_VALID_FOR) -> datetime:
    """Return until when ``held`` is served without asking anyone."""
    ends = [held.credentials.expiration - ADVISORY_WINDOW, held.checked_at + check_valid_for]
    return min([*ends, held.grant_ends] if held.grant_ends else ends)


def credential_process_document(held: HeldCredentials) -> str:
    """Return the one line that ``credential_process`` prints (sdk-contract §7, rule 1)."""
    credentials = held.credentials
    return json.dumps(
        {
            "Version": 1,
            "AccessKeyId": credentials.access_key_id,
            "SecretAccessKey": credentials.secret_access_key.reveal(),
            "SessionToken": credentials.session_token.reveal(),
            "Expiration": rfc3339(credentials.expiration),
            "AccountId": credentials.account_id,
        },
        separators=(",", ":"),
    )


def _held(document: Mapping[str, Any], details: Mapping[str, Any]) -> HeldCredentials:
    return HeldCredentials(
        RoleCredentials(
            document["AccessKeyId"],
            Secret(document["SecretAccessKey"]),
            Secret(document["SessionToken"]),
            parse_timestamp(document["Expiration"]),
            document["AccountId"],
        ),
        grant_ends=_moment(details["grantEnds"]),
        fetched_at=parse_timestamp(details["fetched"]),
        checked_at=parse_timestamp(details["checked"]),
        unverified=bool(details["unverified"]),
    )
