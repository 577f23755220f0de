"""How a profile's state is shown as JSON: to people, scripts and ``cone aws status``. Never a secret."""

from datetime import datetime

from cone_sidecar.clock import rfc3339
from cone_sidecar.domain.access import SERVED, AccessState, Phase
from cone_sidecar.domain.ports import HeldCredentials
from cone_sidecar.domain.profile import Profile
from cone_sidecar.errors import ConeError
from cone_sidecar.profile_slugs import slug
from cone_sidecar.web.credentials_path import PREFIX


def profile_view(profile: Profile, state: AccessState) -> dict[str, object]:
    """Return what is told of a profile; what there is nothing to tell of is left out."""
    view: dict[str, object] = {
        "account_id": profile.account_id,
        "role_name": profile.role_name,
        "path": PREFIX + slug(profile.name),
        "state": str(state.phase),
    }
    optional = {
        "detail": state.detail,
        "task": state.task_number,
        "task_url": state.task_url,
        "since": time_view(state.since),
        "approvers": list(state.approvers),
        "sign_in_url": state.sign_in_url,
        "user_code": state.user_code,
        "expires": time_view(state.expires),
        "grant_ends": time_view(state.grant_ends),
        "error": error_view(state.error) if state.error else None,
    }
    view |= {key: value for key, value in optional.items() if value}
    if state.phase in SERVED:
        view["served"] = True
    return view


def kept_state(held: HeldCredentials) -> AccessState:
    """Return the state of a profile whose credentials are kept."""
    return AccessState(
        Phase.UNVERIFIED if held.unverified else Phase.READY,
        expires=held.credentials.expiration,
        grant_ends=held.grant_ends,
    )


def error_view(error: ConeError) -> dict[str, str]:
    """Return an error as JSON."""
    return {"code": error.code, "message": error.message, "hint": error.hint}


def time_view(moment: datetime | None) -> str | None:
    """Return a time as RFC 3339."""
    return rfc3339(moment) if moment else None
