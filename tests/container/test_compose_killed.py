"""The sidecar is killed in the middle of everything: one boto3 session goes on by itself."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.container

KILLED = Path(__file__).with_name("compose_killed")
ADMIN = "identity .*:assumed-role/AWSReservedSSO_Admin_"
DEPLOY = "identity .*:assumed-role/AWSReservedSSO_Deploy_"
CREATE, SIGN_IN = "TaskService.CreateGrantTask", "StartDeviceAuthorization"


@pytest.fixture(name="up")
def _up(recipes, monkeypatch):
    """Start a recipe with an app that runs on; returns it without waiting for the app."""
    monkeypatch.setenv("KILLED", str(KILLED))

    def up(name, *further):
        recipe = recipes(name, KILLED / "compose.yaml", *(KILLED / each for each in further))
        recipe("up", "--detach")
        return recipe

    return up


def kill_and_wait(recipe, expected):
    """Kill the sidecar; returns what the app then says, once it says what is ``expected``."""
    recipe.kill("cone")
    return recipe.wait_for_line("app", expected, since=recipe.state("cone")["StartedAt"])


def went_on(recipe):
    """Tell whether the app is still the same process."""
    return recipe.inspect("app")["RestartCount"] == 0 and recipe.state("app")["Running"]


def test_while_a_request_is_held(up):
    """Before the first answer: the next sidecar adopts the open request, and one request is all there is."""
    recipe = up("pod-network")
    recipe.wait_for_line("cone", "request looked at: machine step")
    kill_and_wait(recipe, ADMIN)
    assert went_on(recipe)
    assert recipe.statuses(CREATE).count(200) == 1
    assert recipe.statuses(SIGN_IN) == [200]


def test_while_an_approval_is_pending(up):
    """The same request is waited for; after the approval the app has its role."""
    recipe = up("pod-network", "approval.yaml")
    pending = "error .*awaits approval: task (1001) "
    recipe.wait_for_line("app", pending)
    kill_and_wait(recipe, pending)
    assert recipe.statuses(CREATE).count(200) == 1
    recipe.simulator("POST", "/tasks/1001/approve")
    recipe.wait_for_line("app", DEPLOY)
    assert went_on(recipe)
    assert recipe.statuses(CREATE).count(200) == 1


def test_while_it_serves(up):
    """Nothing is asked of a person again: the grant, the sign-in and the token are those of before."""
    recipe = up("credentials-network")
    recipe.wait_for_line("app", ADMIN)
    token = recipe.run_in("app", "cat", "/run/cone/token").stdout
    kill_and_wait(recipe, ADMIN)
    assert went_on(recipe)
    assert recipe.run_in("app", "cat", "/run/cone/token").stdout == token
    assert recipe.statuses(CREATE) == [200]
    assert recipe.statuses(SIGN_IN) == [200]
    # Another container in its place, as after a change of its settings.
    recipe("up", "--detach", "--no-deps", "--force-recreate", "cone")
    recipe.wait_for_line("app", ADMIN, since=recipe.state("cone")["StartedAt"])
    assert went_on(recipe)
    assert recipe.statuses(CREATE) == [200]
    assert recipe.statuses(SIGN_IN) == [200]


def test_where_the_app_lives_in_its_network(up):
    """As documented: a sidecar that comes back has another network; Compose takes the app along."""
    recipe = up("shared-network")
    recipe.wait_for_line("app", ADMIN)
    kill_and_wait(recipe, "error .*(?:Connection refused|Could not connect)")
    devices = recipe.run_in("app", "ls", "/sys/class/net").stdout
    assert devices.split() == ["lo"]
    recipe("restart", "--timeout", "2", "cone")
    recipe.wait_for_line("app", ADMIN, since=recipe.state("cone")["StartedAt"])
    assert recipe.statuses(CREATE) == [200]
