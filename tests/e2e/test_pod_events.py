"""A sidecar in a pod writes what has to be done onto the pod, and serves whatever becomes of that."""

import subprocess
import sys
from pathlib import Path

import pytest

from cone_sidecar.clock import SystemClock
from cone_sidecar.simulator.exports import client_environment
from fakes.asked_endpoint import AskedEndpoint
from fakes.issued_secrets import IssuedSecrets
from fakes.kubernetes_api import HANG, kubernetes_api, write_service_account
from fakes.running_simulator import running_simulator
from fakes.simulated_stage import START_URL, SimulatedStage

SCENARIO = """\
tenant: acme
users: [{email: ada@example.com}, {email: grace@example.com}]
accounts: [{id: "100000000001", name: P}]
permission_sets:
  - {account: P, name: Granted, granted_to: [ada@example.com]}
  - {account: P, name: Approval, policy: approval}
  - {account: P, name: Deny, policy: deny}
"""
TOKEN, NEXT_TOKEN = "the.first-token", "the.second-token"


@pytest.fixture(name="secrets")
def _secrets():
    return IssuedSecrets()


@pytest.fixture(name="api")
def _api(tmp_path):
    with kubernetes_api(tmp_path, TOKEN) as api:
        yield api


@pytest.fixture(name="stage")
def _stage(request, tmp_path, api, secrets):
    """Give the home of a pod; the simulator runs in this process, where its secrets are seen."""
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text(SCENARIO)
    with (
        running_simulator(
            scenario, around=secrets.around, auto_confirm=getattr(request, "param", False)
        ) as (url, simulator),
        SimulatedStage() as stage,
    ):
        stage.url = url
        account = write_service_account(tmp_path / "account", TOKEN, api.authority)
        stage.environment |= client_environment(simulator.world, url) | {
            "KUBERNETES_SERVICE_HOST": "127.0.0.1",
            "KUBERNETES_SERVICE_PORT": str(api.port),
            "CONE_SERVICE_ACCOUNT_DIR": str(account),
            "POD_NAME": "shop-1",
            "POD_UID": "uid-1",
        }
        done = stage.cone("aws", "setup", "--sso-url", START_URL)
        assert done.returncode == 0, done.stderr
        yield stage


def confirm(stage, message):
    """Confirm the sign-in whose link and code a message tells."""
    code = message.partition("compare the code ")[2].partition(";")[0]
    assert f"user_code={code}" in message
    stage.control("POST", f"/device/{code}/confirm")


def test_the_story_is_told_on_the_pod(stage, api, secrets):
    """Sign-in, approval and denial with what to do, then that it is ready, though the token was replaced."""
    stage.environment["CONE_POD_EVENTS"] = "true"
    endpoint = AskedEndpoint(stage)
    assert endpoint.ask("p-granted").code == "SignInRequired"
    confirm(stage, api.until("SignInRequired")["message"])
    api.until("AccessReady", "p-granted")
    api.tokens = {NEXT_TOKEN}
    Path(stage.environment["CONE_SERVICE_ACCOUNT_DIR"], "token").write_text(NEXT_TOKEN)
    assert endpoint.ask("p-approval").code == "ApprovalPending"
    pending = api.until("ApprovalPending")
    assert f"task 1001 {stage.url}/task/1001" in pending["message"]
    assert pending["involvedObject"] == {
        "apiVersion": "v1",
        "kind": "Pod",
        "name": "shop-1",
        "namespace": "shops",
        "uid": "uid-1",
    }
    stage.control("POST", "/tasks/1001/approve")
    assert api.until("AccessReady", "p-approval")["type"] == "Normal"
    assert endpoint.ask("p-deny").code == "AccessDenied"
    assert "was denied" in api.until("AccessDenied")["message"]
    assert set(api.bearers) == {f"Bearer {TOKEN}", f"Bearer {NEXT_TOKEN}"}
    secrets.add("authorization token", endpoint.token)
    for token in (TOKEN, NEXT_TOKEN):
        secrets.add("service account", token)
    assert "secretAccessKey" in secrets.by_kind
    assert secrets.within(str(api.events)) == []
    assert secrets.within("\n".join(endpoint.log)) == []


@pytest.mark.parametrize("failure", [403, 500, HANG, None])
@pytest.mark.parametrize("stage", [True], indirect=True, ids=["signed-in"])
def test_credentials_are_served_whatever_becomes_of_events(stage, api, failure):
    """A server that forbids it, fails, is silent or isn't there costs nobody a second; one line says so."""
    if failure is None:
        stage.environment["KUBERNETES_SERVICE_PORT"] = "1"
    else:
        api.always = (failure, {})
    endpoint = AskedEndpoint(stage, "--pod-events")
    assert endpoint.ask("p-approval").code == "ApprovalPending"
    if failure is not None:
        api.until_asked(1)
    if failure != HANG:
        line = endpoint.line("pod events are not written for now")
        assert (failure == 403) == ("create and patch events" in line)
    clock = SystemClock()
    began = clock.monotonic()
    endpoint.served()
    assert clock.monotonic() - began < 8
    # The end doesn't wait for it either.
    assert stage.end(stage.children[-1]) == 0
    assert not any("Traceback" in line for line in endpoint.log)


def test_a_pod_that_lacks_something(stage):
    """The sidecar doesn't start without what it was told to do, and says what the pod needs."""
    del stage.environment["POD_UID"]
    done = stage.cone("serve", "--listen", "127.0.0.1:0", "--pod-events")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-2:] == [
        "cone: error: pod events need POD_UID",
        "cone: hint: env of the sidecar: "
        "{name: POD_UID, valueFrom: {fieldRef: {fieldPath: metadata.uid}}}",
    ]


def test_nothing_is_loaded_where_it_is_off():
    """A sidecar outside of Kubernetes has none of it in memory."""
    script = "import sys, cone_cli.serving; print([n for n in sys.modules if 'kubernetes' in n])"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
