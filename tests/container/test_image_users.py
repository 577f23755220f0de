"""The image under other users than its own, and without a shell."""

import json
import uuid

import pytest

from fakes.simulated_containers import LOCKED_DOWN

CLOSED = (*LOCKED_DOWN, "--network", "none", "--health-interval", "1s")
SOMEBODY = 1000
# As OpenShift chooses it: any user, in group 0, and volumes that belong to another group.
ARBITRARY = 1000810000
PLACES = ("/var/lib/cone", "/run/cone")
GIVEN = "import os, sys; os.chown('/v', 0, int(sys.argv[1])); os.chmod('/v', 0o2770)"
NO_SHELL = """\
FROM {image}
USER 0
RUN ["python", "-c", "import glob, os; [os.remove(p) for p in glob.glob('/usr/bin/*sh')]"]
USER 65532:65532
"""
LOOKED_FOR = "import shutil; print([n for n in ('sh', 'bash', 'dash') if shutil.which(n)])"

pytestmark = pytest.mark.container


@pytest.fixture(name="start")
def _start(docker, image):
    """Give a function that starts a closed sidecar and waits until it is healthy."""
    containers = []

    def start(*options, of=image):
        container = docker.value("run", "--detach", *CLOSED, *options, of)
        containers.append(container)
        docker.wait_until_healthy(container)
        return container

    yield start
    for container in containers:
        docker("rm", "--force", "--volumes", container, ok=False)


def test_it_runs_as_the_app_s_user(docker, start):
    """With both places made for that user, it may be anybody: its token is that user's then."""
    tmpfs = [f"--tmpfs={place}:uid={SOMEBODY},gid={SOMEBODY},mode=0700" for place in PLACES]
    container = start(f"--user={SOMEBODY}:{SOMEBODY}", *tmpfs)
    seen = (
        "import json, os; s = os.stat('/run/cone/token'); print(json.dumps([s.st_uid, s.st_mode]))"
    )
    found = json.loads(docker.value("exec", container, "python", "-c", seen))
    assert found == [SOMEBODY, 0o100600]


def test_it_keeps_its_tokens_in_a_tmpfs(start):
    """A tmpfs for the tokens has to be its user's, and nothing else."""
    assert start("--tmpfs=/run/cone:uid=65532,gid=65532,mode=0755")


def test_it_runs_as_openshift_has_it(docker, image, start):
    """A user without a name, in group 0, on volumes of another group: it needs nothing of the image's."""
    volumes = {place: f"cone-test-{uuid.uuid4().hex}" for place in PLACES}
    try:
        for volume in volumes.values():
            root = ("run", "--rm", "--user", "0", "--volume", f"{volume}:/v:nocopy")
            docker(*root, "--entrypoint", "python", image, "-c", GIVEN, str(ARBITRARY))
        mounts = [f"--volume={volume}:{place}:nocopy" for place, volume in volumes.items()]
        container = start(f"--user={ARBITRARY}:0", f"--group-add={ARBITRARY}", *mounts)
        docker("rm", "--force", container)
    finally:
        docker("volume", "rm", "--force", *volumes.values(), ok=False)


def test_a_user_without_a_place_is_told_what_to_do(docker, image):
    """The image's own places are for its own user alone; whoever else comes is refused in two lines."""
    done = docker("run", "--rm", *CLOSED, f"--user={SOMEBODY}:{SOMEBODY}", image, ok=False)
    assert done.returncode == 1
    error, hint = done.stderr.splitlines()
    assert error.endswith("permission denied")
    assert (
        hint == f"cone: hint: let user {SOMEBODY} use /var/lib/cone/.conductorone/config.yaml, "
        "or set CONE_CONFIG_PATH to another directory"
    )


@pytest.mark.parametrize(
    ("path", "variable", "hint"),
    [
        ("/run/secrets/client", "CONE_CLIENT_SECRET_FILE", "let user 65532 read it (its mode"),
        ("/etc/cone/sidecar.yaml", "CONE_SIDECAR_CONFIG", "let user 65532 read it"),
    ],
)
def test_a_file_that_it_may_not_read(docker, image, tmp_path, path, variable, hint):
    """Compose mounts a file with its mode: one that is somebody else's alone is told with our number."""
    file = tmp_path / "file"
    file.write_text("x")
    own = ("--rm", "--user", "0", "--entrypoint", "chown", "--volume", f"{file}:{path}")
    docker("run", *own, image, "0:0", path)
    file.chmod(0o600)
    mounted = ("--volume", f"{file}:{path}:ro", "--env", f"{variable}={path}")
    done = docker("run", "--rm", *CLOSED, *mounted, image, ok=False)
    assert done.returncode == 1
    error, told = done.stderr.splitlines()
    assert path in error
    assert error.endswith("can't be read: permission denied")
    assert told.startswith(f"cone: hint: {hint}")


def test_a_directory_of_tokens_that_is_not_its_own(docker, image, tmp_path):
    """A directory of the host's has its owner's number: who has to be let write there is told."""
    tmp_path.chmod(0o755)
    mounted = ("--volume", f"{tmp_path}:/run/cone")
    done = docker("run", "--rm", *CLOSED, *mounted, image, ok=False)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "cone: error: the token file /run/cone/token can't be written: permission denied",
        "cone: hint: let user 65532 write in /run/cone, or name another file",
    ]


def test_a_file_that_was_never_there(docker, image, tmp_path):
    """Engines make a directory of a name that isn't there: whoever mounts it is told so."""
    mounted = ("--volume", f"{tmp_path / 'sidecar.yaml'}:/etc/cone/sidecar.yaml")
    done = docker("run", "--rm", *CLOSED, *mounted, image, ok=False)
    assert done.returncode == 1
    assert "mount a file there; engines make a directory" in done.stderr


def test_it_needs_no_shell(docker, image, start):
    """With every shell removed it starts, and its healthcheck runs."""
    tag = f"cone-sidecar:test-{uuid.uuid4().hex}"
    docker("build", "--quiet", "--tag", tag, "-", stdin=NO_SHELL.format(image=image))
    try:
        container = start(of=tag)
        assert docker.value("exec", container, "python", "-c", LOOKED_FOR) == "[]"
        docker("rm", "--force", "--volumes", container)
    finally:
        docker("rmi", "--force", tag, ok=False)
