"""What a developer sees of our Events: kubectl's own description of the pod."""

import asyncio
import os
import re
import shutil
import subprocess
from dataclasses import replace

import pytest

from cone_sidecar.domain.access import AccessState, Cause, Phase, Transition
from cone_sidecar.kubernetes.api_server import ApiServer
from cone_sidecar.kubernetes.event_writer import EventWriter
from cone_sidecar.kubernetes.notice import notice_of
from cone_sidecar.kubernetes.own_pod import Pod
from cone_sidecar.kubernetes.service_account import ServiceAccount
from fakes.access import PROFILE
from fakes.kubernetes_api import kubernetes_api, write_service_account

KUBECTL = shutil.which("kubectl")
TOKEN = "the.token"
POD = Pod("shop-1", "shops", "uid-1")
URL = "https://acme.conductor.one/task/1234"
LINK = "https://device.example/?user_code=AB-CD"

pytestmark = pytest.mark.skipif(not KUBECTL, reason="kubectl is not here")


async def test_describe_shows_what_is_to_be_done(tmp_path, clock):
    """Type, reason, how often and what, in the order of time; nothing of another pod that had this name."""
    asked = AccessState(Phase.AWAITING_APPROVAL, task_number="1234", task_url=URL)
    sign_in = AccessState(Phase.SIGN_IN_REQUIRED, sign_in_url=LINK, user_code="AB-CD")
    with kubernetes_api(tmp_path, TOKEN) as api:
        api.pod = a_pod()
        account = write_service_account(tmp_path / "account", TOKEN, api.authority)
        server = ApiServer(f"127.0.0.1:{api.port}", ServiceAccount(account), clock)
        for pod in (POD, replace(POD, uid="uid-of-another")):
            writer = EventWriter(pod, server, clock)
            for state in (sign_in, asked, asked, AccessState(Phase.READY)):
                event = Transition(PROFILE.name, state, Cause.LOOKED, clock.now())
                await writer.write(notice_of(PROFILE, event))
                clock.advance(60)
        described = await asyncio.to_thread(describe, api, tmp_path)
    told = [
        re.split(r" {2,}", line.strip())
        for line in described.partition("Events:")[2].splitlines()
        if line.startswith(("  Warning", "  Normal"))
    ]
    assert [(kind, reason, by, message) for kind, reason, _, by, message in told] == [
        (
            "Warning",
            "SignInRequired",
            "cone-sidecar",
            f"sign in to AWS at {LINK} and compare the code AB-CD; then retry",
        ),
        (
            "Warning",
            "ApprovalPending",
            "cone-sidecar",
            f'access to "production-admin" awaits approval: task 1234 {URL}; cone task get 1234',
        ),
        ("Normal", "AccessReady", "cone-sidecar", 'access to "production-admin" is ready'),
    ]
    assert ["(x2 over " in age for _, _, age, *_ in told] == [False, True, False]


def describe(api, folder):
    """Return what kubectl says of the pod."""
    done = subprocess.run(
        [
            *(KUBECTL, "--server", f"https://127.0.0.1:{api.port}", "--token", TOKEN),
            *("--certificate-authority", api.authority, "--cache-dir", folder / "cache"),
            *("--namespace", "shops", "describe", "pod", "shop-1"),
        ],
        env=os.environ | {"KUBECONFIG": os.devnull, "HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def a_pod():
    """Return a pod as the API server would."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "shop-1", "namespace": "shops", "uid": "uid-1"},
        "spec": {"containers": [{"name": "app", "image": "shop"}]},
        "status": {"phase": "Running"},
    }
