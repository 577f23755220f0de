"""A recipe in which people have to act: nothing is blocked, the links are shown, the app tries again."""

import json
import re
import urllib.error
import urllib.request

import pytest

pytestmark = pytest.mark.container

PROFILE = "production-deploy"
LINK = r"http://acme\.localhost:9920"
LIMIT_S = 10


@pytest.fixture(scope="module", name="recipe")
def _recipe(recipes):
    """Give the recipe, after its own command has ended: nobody has approved yet."""
    recipe = recipes("with-a-person")
    recipe.up()
    return recipe


def published(recipe, service, port):
    """Return the address at which this machine reaches a port of a service."""
    address = recipe("port", service, str(port)).stdout.strip()
    assert address.startswith("127.0.0.1:")
    return f"http://{address}"


def state_of_profile(recipe):
    """Return the profile's state, as the documented command gets /status."""
    header = recipe.run_in(
        "cone", "sed", "s/^/Authorization: /", ".cache/cone-sidecar/management-token"
    ).stdout
    headers = dict([header.strip().split(": ")])
    # Published under another number, as it may be.
    request = urllib.request.Request(f"{published(recipe, 'cone', 9912)}/status", headers=headers)
    with urllib.request.urlopen(request, timeout=LIMIT_S) as answer:
        return json.load(answer)["profiles"][PROFILE]


def test_two_people_act_and_the_app_has_its_identity(recipe):
    """From the first link to the app's success: health, log, status and errors say who is waited for."""
    waiting = recipe.wait_for_line("app", rf"awaits approval: task (\d+) ({LINK}/task/\d+)")
    assert recipe.inspect("cone")["State"]["Health"]["Status"] == "healthy"
    assert recipe.wait_for_line("cone", rf"awaiting approval, task \d+ ({LINK}/task/\d+)")
    assert recipe.wait_for_line("cone", "management listens at every address of this machine")
    assert state_of_profile(recipe)["state"] == "awaiting approval"
    assert "awaiting approval" in recipe.run_in("cone", "cone", "aws", "status").stdout

    simulator = published(recipe, "simulator", 9920)
    # The links are for a browser on this machine, which takes acme.localhost for itself.
    path = waiting[2].partition(":9920")[2]
    with urllib.request.urlopen(simulator + path, timeout=LIMIT_S) as page:
        assert "Approve" in page.read().decode()
    recipe.simulator("POST", f"/tasks/{waiting[1]}/approve")

    signing = recipe.wait_for_line(
        "app", rf"sign in to AWS at ({LINK}/\S+) and compare the code (\S+);"
    )
    assert recipe.wait_for_line("cone", re.escape(signing[1]))
    assert state_of_profile(recipe)["state"] == "sign-in required"
    assert state_of_profile(recipe)["user_code"] == signing[2]
    recipe.simulator("POST", f"/device/{signing[2]}/confirm")

    assert recipe.wait_for_line("app", "AWS CLI: .*:assumed-role/AWSReservedSSO_Deploy_")
    assert recipe.statuses("TaskService.CreateGrantTask") == [200]
    assert recipe.statuses("StartDeviceAuthorization") == [200]


def test_the_published_port_tells_nothing_without_the_secret(recipe):
    """Who reaches it learns that the sidecar lives; names, links and states need the secret."""
    url = published(recipe, "cone", 9912)
    with urllib.request.urlopen(f"{url}/livez", timeout=LIMIT_S) as answer:
        assert answer.status == 200
    request = urllib.request.Request(f"{url}/status", headers={"Host": "127.0.0.1:9912"})
    with (
        pytest.raises(urllib.error.HTTPError) as refused,
        urllib.request.urlopen(request, timeout=LIMIT_S),
    ):
        pass
    with refused.value as answer:
        assert answer.code == 401
