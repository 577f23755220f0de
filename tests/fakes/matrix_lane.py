"""A lane of the matrix: a home and a simulator, in which cases run one after the other."""

import collections
import json
import re
import subprocess
import urllib.request

import yaml

from cone_cli.stage import cone_command
from cone_sidecar.aws_config.profiles import read_profiles
from cone_sidecar.clock import SystemClock
from fakes.matrix_boto3 import ask_with_boto3
from fakes.matrix_case import ACCOUNT_NAME, BOTO3, Seen, profile_of
from fakes.simulated_stage import LIMIT_S, SimulatedStage

ACCOUNT = {"id": "100000000001", "name": ACCOUNT_NAME}
# A permission set on which nobody decides, whose task stands for what a later API may answer.
TEMPLATE = "template"
LINK = re.compile(r"/device\?user_code=([A-Z-]+)")
# The sidecar checks again after a minute what it serves: no case is to see that of another one.
SIDECAR_LIFE_S = 40.0
SHORT_NAMES = {
    "OAuth.Token": "token",
    "Auth.Introspect": "me",
    "AppEntitlementUserBindingService.ListAppUsersForIdentityWithGrant": "grants",
    "RequestSchemaService.FindBindingForAppEntitlement": "form",
    "AppEntitlements.Get": "entitlement",
    "TaskService.CreateGrantTask": "request",
    "TaskSearchService.Search": "search",
    "TaskService.Get": "look",
    "UserService.Get": "person",
    "GetRoleCredentials": "credentials",
    "CreateToken": "refresh",
    "RegisterClient": "register",
    "StartDeviceAuthorization": "device",
}
SIGN_IN = 3
# Answered 200 by a fault, and not carried out.
PRETENDED = frozenset({"html", "200"})
# What the asking client does with what it got is no call of ours.
OF_THE_CLIENT = "GetCallerIdentity"


class Lane:
    """Run cases in one face; nobody else uses its simulator."""

    def __init__(self, face, cases):
        self.stage = SimulatedStage()
        self._face = face
        self._cases = cases
        self._clock = SystemClock()
        self._profiles = {}
        self.template_task = None
        self._environment = {}
        self._sidecar_started = None

    def __enter__(self):
        self.stage.__enter__()
        self.stage.start(scenario(self._cases))
        self._profiles = read_profiles(self.stage.environment)
        self.sign_in()
        assert self.stage.cone("whoami").returncode == 0
        task_id = self.request(profile_of(TEMPLATE))
        self.template_task = self.tenant_answer("GET", f"/api/v1/tasks/{task_id}")
        return self

    def __exit__(self, *exception):
        self.stage.__exit__(*exception)

    def run(self, case):
        """Run one case, and leave the lane as it was before."""
        profile = case.profile
        self._make_ready()
        self.stage.forget_requests()
        for arrange in case.arrangements:
            arrange(self, profile)
        made = self._made()
        if case.cold:
            self._make_cold()
        self.stage.forget_requests()
        code, words = self.ask(profile)
        calls = self._calls(profile)
        self.stage.control("DELETE", "/faults")
        again = None
        if case.again:
            # Whoever asks next knows nothing of what this one remembers.
            self._end_sidecar()
            self._make_ready()
            again, _ = self.ask(profile)
        made += self._made()
        if case.session_ends or words == "SignInRequired" or code == SIGN_IN:
            self.sign_in()
        if code not in {0, 200}:
            self._end_sidecar()
        return Seen(code, words, calls, made, again)

    def ask(self, profile):
        """Ask for credentials; returns exit code and stderr, or HTTP status and error code."""
        if self._face == BOTO3:
            return ask_with_boto3(self._environment, profile, self._profiles[profile].role_name)
        done = self.stage.cone("aws", "credentials", profile)
        assert bool(done.stdout) == (done.returncode == 0), done.stdout
        return done.returncode, done.stderr

    def ids(self, profile):
        """Return what a path of the tenant's API is made of."""
        entitlement = self._profiles[profile].entitlement
        return {
            "app": entitlement.app_id,
            "entitlement": entitlement.entitlement_id,
            "user": self._access_token()["userId"],
        }

    def tenant_answer(self, method, path, body=None):
        """Call the tenant as the person who asks, beside the program."""
        bearer = {"Authorization": f"Bearer {self._access_token()['accessToken']}"}
        return self._answer(method, path, bearer, body)

    def portal_answer(self, profile):
        """Ask AWS for the role's credentials as the person who asks, beside the program."""
        [token] = [
            kept["accessToken"]
            for path in (self.stage.home / ".aws" / "sso" / "cache").glob("*.json")
            if "accessToken" in (kept := json.loads(path.read_text()))
        ]
        known = self._profiles[profile]
        query = f"role_name={known.role_name}&account_id={known.account_id}"
        return self._answer(
            "GET", f"/federation/credentials?{query}", {"x-amz-sso_bearer_token": token}
        )

    def request(self, profile):
        """Ask for access beside the program; returns the task's id."""
        ids = self.ids(profile)
        answer = self.tenant_answer(
            "POST",
            "/api/v1/task/grant",
            {
                "appId": ids["app"],
                "appEntitlementId": ids["entitlement"],
                "identityUserId": ids["user"],
            },
        )
        return answer["taskView"]["task"]["id"]

    def sign_in(self):
        """Sign in to AWS as a person does."""
        with subprocess.Popen(
            [*cone_command(), "aws", "login"],
            env=self.stage.environment,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as child:
            said = ""
            for line in child.stderr:
                said += line
                if found := LINK.search(line):
                    self.stage.control("POST", f"/device/{found[1]}/confirm")
        assert child.returncode == 0, said

    def _make_ready(self):
        """Have an access token at hand, and a sidecar that knows of no other case."""
        if not self._access_token().get("userId"):
            self._end_sidecar()
            assert self.stage.cone("whoami").returncode == 0
        if self._face == BOTO3:
            self._start_sidecar()

    def _make_cold(self):
        """Have no access token at hand."""
        self._end_sidecar()
        for path in self._access_token_files():
            path.unlink()
        if self._face == BOTO3:
            self._start_sidecar()

    def _start_sidecar(self):
        started = self._sidecar_started
        if started is not None and self._clock.monotonic() - started > SIDECAR_LIFE_S:
            self._end_sidecar()
        if self._sidecar_started is None:
            sidecar = self.stage.start_sidecar()
            self._sidecar_started = self._clock.monotonic()
            environment = self.stage.sidecar_environment(profile_of(TEMPLATE))
            # One lane asks for many profiles: with the token that opens them all.
            environment.pop("AWS_CONTAINER_AUTHORIZATION_TOKEN")
            environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = sidecar.token_file
            self._environment = environment

    def _end_sidecar(self):
        if self._sidecar_started is not None:
            self.stage.end(self.stage.children[-1])
            self._sidecar_started = None

    def _access_token(self):
        kept = [json.loads(path.read_text()) for path in self._access_token_files()]
        return kept[0] if kept else {}

    def _access_token_files(self):
        return list((self.stage.home / ".cache" / "cone-sidecar").glob("access-token-*.json"))

    def _answer(self, method, path, headers, body=None):
        request = urllib.request.Request(
            self.stage.url + path,
            method=method,
            headers={"content-type": "application/json", **headers},
            data=json.dumps(body).encode() if body is not None else None,
        )
        with urllib.request.urlopen(request, timeout=LIMIT_S) as answer:
            return json.load(answer)

    def _made(self):
        return sum(
            entry["operation"] == "TaskService.CreateGrantTask"
            and entry["status"] == 200
            and entry["fault"] not in PRETENDED
            for entry in self.stage.control("GET", "/requests")
        )

    def _calls(self, profile):
        """Count what was called for ``profile``, by the operations' short names."""
        known = self._profiles[profile]
        counted = collections.Counter()
        for entry in self.stage.control("GET", "/requests"):
            role = entry["query"].get("role_name", known.role_name)
            elsewhere = "/entitlements/" in entry["path"] and (
                f"/entitlements/{known.entitlement.entitlement_id}" not in entry["path"]
            )
            if role == known.role_name and not elsewhere and entry["operation"] != OF_THE_CLIENT:
                counted[SHORT_NAMES.get(entry["operation"], entry["operation"])] += 1
        return dict(counted)


def scenario(cases):
    """Return the scenario in which each case has a permission set of its own."""
    sets = [{"name": TEMPLATE, "policy": "approval"}]
    sets += [{"name": case.name, **case.terms} for case in cases]
    return yaml.safe_dump(
        {
            "users": [{"email": "ada@example.com"}, {"email": "grace@example.com"}],
            "accounts": [ACCOUNT],
            "permission_sets": [{"account": ACCOUNT_NAME, **each} for each in sets],
        }
    )
