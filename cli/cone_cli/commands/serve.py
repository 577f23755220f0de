"""``cone serve``: run the sidecar."""

import argparse
import logging
import os
from dataclasses import dataclass

EXAMPLE = "example: cone serve --token-file ./token"


@dataclass(frozen=True, slots=True)
class Option:
    """An option of the sidecar; its variable has the same name. ``metavar`` is empty for a switch."""

    name: str
    metavar: str
    help: str
    repeated: bool = False


ENDPOINT = (
    Option(
        "listen",
        "HOST:PORT",
        "where SDKs ask for credentials: 127.0.0.1:9911; auto is 169.254.170.2:80 where this machine "
        "has that address",
        repeated=True,
    ),
    Option("management-listen", "HOST:PORT", "where people and probes ask: 127.0.0.1:9912"),
    Option("default-profile", "PROFILE", "what /creds gives out"),
    Option("token-file", "F", "file of the token that opens every profile; made if it isn't there"),
    Option(
        "profile-token-file",
        "PROFILE=F",
        "keep the token that opens this profile alone in F",
        repeated=True,
    ),
    Option("token-file-mode", "MODE", "mode of the token files named here: 0600"),
    Option("token-file-group", "GROUP", "group of the token files named here"),
    Option("token-grace", "DURATION", "after the token was replaced, take the old one for: 1h"),
    Option("no-token", "", "ask for no token; only where every listener is 169.254.170.2"),
    Option("allow-client", "NETWORK", "answer clients of this network alone", repeated=True),
    Option("allow-host", "NAME", "be called by this Host too", repeated=True),
    Option("tls-cert", "F", "certificate of the credentials listeners, with its chain"),
    Option("tls-key", "F", "its key"),
    Option("imds-listen", "HOST:PORT", "speak IMDSv2 there as well, for one profile"),
    Option("imds-profile", "PROFILE", "that profile"),
    Option("audit", "F", "write a line for each answer to file F, stdout or off: off"),
)
ACCESS = (
    Option(
        "prefetch",
        "PROFILE",
        "begin this profile's story at once, and keep it fresh",
        repeated=True,
    ),
    Option("strict", "", "serve nothing that ConductorOne hasn't confirmed lately"),
    Option("max-wait", "DURATION", "keep no client waiting for longer: 30s"),
    Option("request-cooldown", "DURATION", "after a refusal, ask for access again no sooner: 5m"),
    Option("idle-after", "DURATION", "let profiles rest that nobody asked for as long: 1h"),
    Option("pod-events", "", "write what has to be done as Kubernetes Events on this pod"),
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.set_defaults(settles_itself=True)
    parser.add_argument(
        "--config",
        metavar="F",
        help="file that says what no flag and no variable does: /etc/cone/sidecar.yaml, "
        "if it is there (CONE_SIDECAR_CONFIG)",
    )
    for title, options in (("who is answered, and where", ENDPOINT), ("access", ACCESS)):
        group = parser.add_argument_group(title)
        for option in options:
            _add(group, option)


def _add(group: "argparse._ArgumentGroup", option: Option) -> None:
    flag, again = f"--{option.name}", "; may be repeated" if option.repeated else ""
    text = f"{option.help}{again} ({variable(option)})"
    if not option.metavar:
        group.add_argument(flag, action="store_const", const="true", help=text)
    else:
        action = "append" if option.repeated else "store"
        group.add_argument(flag, metavar=option.metavar, action=action, help=text)


def variable(option: Option) -> str:
    """Return the name of an option's variable."""
    return f"CONE_{option.name.replace('-', '_').upper()}"


def run(args: argparse.Namespace) -> int:
    """Serve until SIGTERM; returns the exit code."""
    from cone_cli.background_log import BackgroundLog
    from cone_cli.configuration import ConfigurationReader
    from cone_cli.early_signals import early_signals
    from cone_cli.log_output import log_nowhere
    from cone_cli.serving import serve

    # As main does before anything is imported, where no option stands before the command.
    early_signals.listen()
    # httpx tells of each request at INFO, its URL included; uvicorn of each listener and each malformed
    # request, both in its own words.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("uvicorn").setLevel(logging.ERROR)
    log_nowhere()
    with BackgroundLog():
        return serve(args, ConfigurationReader(args, _told(args), os.environ))


def _told(args: argparse.Namespace) -> dict[str, str]:
    """Return what flags say, as texts; those that weren't given say nothing."""
    told = {}
    for option in (*ENDPOINT, *ACCESS):
        name = option.name.replace("-", "_")
        value = getattr(args, name)
        if value is not None:
            told[name] = ",".join(value) if isinstance(value, list) else value
    return told
