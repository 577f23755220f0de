"""Sign-in to the AWS console with role credentials.

IAM User Guide, "Enable custom identity broker access to the AWS console". The credentials go in the body
of a POST, as AWS's own toolkits send them: a query is in too many logs. No SessionDuration is sent: AWS
refuses it for chained roles, and a console that outlives its credentials would outlive the grant.
"""

import ipaddress
import json
import re
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

import httpx

from cone_sidecar.clock import Clock
from cone_sidecar.domain.credentials import RoleCredentials
from cone_sidecar.errors import ConfigurationError, Unreachable, UpstreamRejected, UsageError
from cone_sidecar.identity_center.partitions import PARTITIONS, Partition
from cone_sidecar.identity_center.wire_call import body, call
from cone_sidecar.secret import Secret

SERVICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")
PATH = re.compile(r"[A-Za-z0-9][A-Za-z0-9/_.-]*")
HOME = "console/home"
OVERRIDES = ("AWS_ENDPOINT_URL_SIGNIN", "AWS_ENDPOINT_URL")


class ConsoleFederation:
    """One partition's console, and the service that signs people in to it.

    Raises:
        ConfigurationError: The partition has no console that we know, or an override can't be used.
    """

    def __init__(self, partition: str, region: str, environment: Mapping[str, str]) -> None:
        self._partition = _partition(partition)
        self._region = region
        override = _override(environment)
        self._endpoint = override or self._partition.sign_in.format(region=region)

    def destination(self, service: str) -> str:
        """Return the console's page for ``service``: a name, a path, or a URL of this console.

        Raises:
            UsageError: It is none of these.
        """
        if "://" in service:
            return self._own_page(service)
        if service and not PATH.fullmatch(service):
            raise UsageError(
                "--service takes a service's name, a path of the console, or its URL",
                hint="--service s3",
            )
        path = f"{service}/home" if SERVICE.fullmatch(service) else service or HOME
        return f"https://{self._partition.console}/{path}?{urlencode({'region': self._region})}"

    def _own_page(self, url: str) -> str:
        host = self._partition.console
        try:
            parts = urlsplit(url)
            mine = parts.scheme == "https" and (
                parts.netloc == host or parts.netloc.endswith(f".{host}")
            )
        except ValueError:
            mine = False
        # Whatever a browser or AWS would read in another way than we do isn't passed on.
        if not mine or not url.isascii() or not url.isprintable() or set(url) & set('\\@ "<>'):
            raise UsageError(
                "--service takes no URL but one of this partition's console",
                hint=f"--service https://{host}/…",
            )
        return url

    async def login_url(
        self,
        client: httpx.AsyncClient,
        credentials: RoleCredentials,
        *,
        destination: str,
        issuer: str,
        clock: Clock,
    ) -> Secret:
        """Return a URL that signs whoever opens it in, for 15 minutes.

        ``issuer`` is where the console sends people once their session has ended.

        Raises:
            UpstreamRejected: AWS refuses the credentials.
            Unreachable: There is no usable answer.
        """
        session = {
            "sessionId": credentials.access_key_id,
            "sessionKey": credentials.secret_access_key.reveal(),
            "sessionToken": credentials.session_token.reveal(),
        }
        form = {"Action": "getSigninToken", "SessionType": "json", "Session": json.dumps(session)}
        answer = await call(
            lambda: client.post(f"{self._endpoint}/federation", data=form),
            clock,
            what="sign in to the console",
            service="AWS",
            hint="check the network and proxies",
        )
        if answer.status_code != httpx.codes.OK:
            raise UpstreamRejected(
                f"AWS refuses to sign in to the console (HTTP {answer.status_code})",
                status=answer.status_code,
                hint="get new credentials: cone aws forget <profile>, and check AWS_ENDPOINT_URL_SIGNIN",
            )
        token = body(answer).get("SigninToken")
        if not isinstance(token, str) or not token:
            raise Unreachable("AWS answers without a sign-in token", hint="retry shortly")
        query = {
            "Action": "login",
            "Issuer": issuer,
            "Destination": destination,
            "SigninToken": token,
        }
        return Secret(f"{self._endpoint}/federation?{urlencode(query)}")


def _partition(name: str) -> Partition:
    if found := PARTITIONS.get(name):
        return found
    raise ConfigurationError(
        f"the console of the partition {name} isn't known here",
        hint=f"known are {', '.join(PARTITIONS)}: sign in through the access portal",
    )


def _override(environment: Mapping[str, str]) -> str:
    """Return the URL that stands for the sign-in service, empty where none is set."""
    if environment.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true":
        return ""
    name = next((each for each in OVERRIDES if environment.get(each)), "")
    if not name:
        return ""
    url = environment[name].rstrip("/")
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        parts, host = urlsplit(""), ""
    insecure = environment.get("CONE_INSECURE_HOSTS", "").split()
    if parts.scheme == "https" and host:
        return url
    if parts.scheme == "http" and (
        _is_loopback(host) or host in insecure or parts.netloc in insecure
    ):
        return url
    raise ConfigurationError(
        f"{name} is no URL that credentials may be sent to",
        hint=f"unset {name}, or: CONE_INSECURE_HOSTS=<host>, for a simulator",
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
