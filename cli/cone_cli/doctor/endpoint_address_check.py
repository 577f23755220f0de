"""Whether clients accept the URI of the credentials endpoint (sdk-contract §1.1 to §1.3)."""

import re
import shlex
from collections.abc import Mapping
from urllib.parse import unquote

from cone_cli.container_environment import FULL_URI, RELATIVE_URI
from cone_cli.doctor.endpoint_address import (
    RELATIVE_HOST,
    EndpointAddress,
    full_address,
    relative_address,
)
from cone_cli.doctor.finding import Finding, Level
from cone_sidecar.profile_slugs import FIT, may_be_made, slug

UNFIT = re.compile(r"[^A-Za-z0-9._~/-]")
SHARE = (
    'share the sidecar\'s network (network_mode: "service:<sidecar>", or the same pod) and use '
    f"http://127.0.0.1:9911, or give the sidecar {RELATIVE_HOST} and set {RELATIVE_URI} alone"
)
LOCAL = "use http://127.0.0.1:<port>, which every client takes"
ANY_PROFILE = "<profile>"


def env_command(address: EndpointAddress | None) -> str:
    """Return the command that sets all variables right, for the profile of the address."""
    segment = address.segment if address else ""
    # `~` at a word's beginning is the shell's, `-` the command's; a slug that was made is no name.
    plain = FIT.fullmatch(segment) and segment[0] not in "~-" and not may_be_made(segment)
    return f'eval "$(cone aws env {segment if plain else ANY_PROFILE})"'


def check_addresses(environment: Mapping[str, str], profile: str = "") -> list[Finding]:
    """Return what is to be said of the URIs that are set; ``profile`` is the one that is meant."""
    full, relative = environment.get(FULL_URI, ""), environment.get(RELATIVE_URI, "")
    findings: list[Finding] = []
    if full and relative:
        findings.append(_both(full_address(full)))
    if relative:
        findings += _relative(relative_address(relative), profile)
    if full:
        address = full_address(full)
        findings += _full(address, profile) if address else [_malformed()]
    return findings


def _both(full: EndpointAddress | None) -> Finding:
    there = full is not None and (full.host, full.port) == (RELATIVE_HOST, 80)
    return Finding(
        "both-uris",
        Level.FAIL,
        f"{RELATIVE_URI} and {FULL_URI} are both set: the former wins in every client but Go v1",
        f"unset {FULL_URI if there else RELATIVE_URI}",
    )


def _malformed() -> Finding:
    return Finding(
        "full-uri-syntax",
        Level.FAIL,
        f"{FULL_URI} is no http:// or https:// URL with a host",
        env_command(None),
    )


def _relative(address: EndpointAddress, profile: str) -> list[Finding]:
    if not address.path.startswith("/"):
        return [
            Finding(
                "relative-uri-path",
                Level.FAIL,
                f"{RELATIVE_URI} does not begin with a slash",
                f"export {RELATIVE_URI}=/credentials/<profile>",
            )
        ]
    good = Finding(
        "relative-uri-host", Level.OK, f"every client takes {RELATIVE_URI}: {address.origin}"
    )
    return [good, *_path(address, "relative-uri", RELATIVE_URI), *_profile(address, profile)]


def _full(address: EndpointAddress, profile: str) -> list[Finding]:
    findings = [_host(address)]
    if address.has_user:
        findings.append(
            Finding(
                "full-uri-user",
                Level.FAIL,
                f"{FULL_URI} holds user:password@: Go and MinIO send it instead of the token, C++ fails",
                f"take it out; the token belongs into a variable: {env_command(address)}",
            )
        )
    if address.scheme == "https":
        findings.append(_private_authority())
    return [*findings, *_path(address, "full-uri", FULL_URI), *_profile(address, profile)]


def _host(address: EndpointAddress) -> Finding:
    refused_by = address.refused_by
    if refused_by is None and address.scheme == "http":
        return Finding(
            "full-uri-host",
            Level.FAIL,
            f"{address.origin} is refused by the SDKs: over plain HTTP they ask loopback and "
            "link-local addresses only (object_store alone asks anybody)",
            SHARE,
        )
    if refused_by:
        fix = LOCAL if address.scheme == "http" else ""
        if address.host == RELATIVE_HOST and address.scheme == "http":
            fix = f"set {RELATIVE_URI} to the path and unset {FULL_URI}: every client takes that"
        return Finding(
            "full-uri-host",
            Level.WARN,
            f"{address.origin} is not taken by {', '.join(refused_by)}",
            fix or "for these clients use http://127.0.0.1:<port> in a shared network",
        )
    return Finding("full-uri-host", Level.OK, f"every client takes {address.origin}")


def _private_authority() -> Finding:
    return Finding(
        "full-uri-https",
        Level.WARN,
        "over https every client has to trust the certificate: boto3 and the AWS CLI read no variable "
        "for a private CA here, others each read their own",
        "use http://127.0.0.1:<port> in a shared network, or a certificate of a public CA",
    )


def _path(address: EndpointAddress, check: str, variable: str) -> list[Finding]:
    findings = []
    if unfit := set(UNFIT.findall(address.path)):
        findings.append(_unfit(address, check, variable, unfit))
    if address.query:
        carrier = not address.segment
        findings.append(
            Finding(
                f"{check}-query",
                Level.FAIL if carrier else Level.WARN,
                f"{variable} holds a query, which some Rust and .NET clients don't pass on"
                + (", and nothing else names the profile" if carrier else ""),
                f"name the profile in the path alone: {env_command(address)}",
            )
        )
    return findings


def _unfit(address: EndpointAddress, check: str, variable: str, unfit: set[str]) -> Finding:
    raw = [character for character in unfit if not "!" <= character <= "~"]
    if raw:
        who = "space, control or non-ASCII characters: Go, Rust, Ruby, C++ and awscrt fail"
    elif "%" in unfit:
        who = "percent-encoding, which C++ encodes once more"
    else:
        who = "characters that not every client sends as they are"
    return Finding(
        f"{check}-path",
        Level.FAIL if raw else Level.WARN,
        f"the path of {variable} holds {who}; A-Z a-z 0-9 . _ ~ - are safe",
        f"use the profile's slug, which this prints: {env_command(address)}",
    )


def _profile(address: EndpointAddress, profile: str) -> list[Finding]:
    named = unquote(address.segment)
    if not profile or not named or named in {profile, slug(profile)}:
        return []
    return [
        Finding(
            "endpoint-profile",
            Level.FAIL,
            "the endpoint's path names another profile than the one that is asked about",
            f'eval "$(cone aws env {shlex.quote(profile)})"',
        )
    ]
