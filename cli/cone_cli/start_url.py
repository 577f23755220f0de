"""Where Identity Center is, as people write it: whether a start URL and a region can be right."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from cone_sidecar.errors import ConfigurationError
from cone_sidecar.problems import Problems

REGION = re.compile(r"[a-z]{2,}(?:-[a-z]+)+-[0-9]+")
EXAMPLE = "https://<your organization>.awsapps.com/start"


def is_start_url(text: str) -> bool:
    """Tell whether ``text`` is a URL that can stand in an AWS config file."""
    # Imported here: a call that finds its answer in the cache needs no AWS config document.
    from cone_sidecar.aws_config.document import safe_value

    try:
        parts = urlsplit(text)
        return (
            parts.scheme in {"https", "http"}
            and bool(parts.hostname)
            and not any(character.isspace() for character in text)
            and safe_value(text)
        )
    except ValueError:
        return False


def is_region(text: str) -> bool:
    """Tell whether ``text`` looks like the name of an AWS region."""
    return bool(REGION.fullmatch(text))


def check_instance(
    environment: Mapping[str, str], places: Mapping[str, str], problems: Problems
) -> None:
    """Note a ConfigurationError for each of the variables of Identity Center that can't be right."""
    url = environment.get("CONE_SSO_URL", "")
    if url and not is_start_url(url):
        error = ConfigurationError("CONE_SSO_URL is not a URL", hint=f"CONE_SSO_URL={EXAMPLE}")
        problems.note(error, places.get("CONE_SSO_URL", ""))
    for variable in ("CONE_SSO_REGION", "CONE_REGION"):
        region = environment.get(variable, "")
        if region and not is_region(region):
            error = ConfigurationError(
                f"{variable} is not an AWS region", hint=f"{variable}=us-east-1"
            )
            problems.note(error, places.get(variable, ""))
