"""``cone aws exec``: real commands, real clients, real signals."""

import os
import shlex
import signal
import subprocess
import sys

import pytest

from cone_cli.stage import cone_command
from fakes.interactive_shell import PROMPT, InteractiveShell
from fakes.real_clients import BOTO3, CLIENTS
from fakes.simulated_stage import SimulatedStage

# Nothing with less than a minute left is handed out: each of these serves for two seconds at most.
SCENARIO = """\
tenant: acme
users: [{email: ada@example.com}]
accounts: [{id: "100000000001", name: P}]
permission_sets:
  - {account: P, name: Granted, granted_to: [ada@example.com]}
  - {account: P, name: Other, granted_to: [ada@example.com]}
  - {account: P, name: Leaving, granted_to: [ada@example.com]}
  - {account: P, name: Pack, policy: auto}
  - {account: P, name: Approval, policy: approval}
lifetimes: {access_token: 8h, role_credentials: 62s}
"""
GOOD = "p-granted"
# Calls without a break, until three generations of keys have signed one, or one fails.
LOOP = """\
import boto3, sys
session = boto3.Session(region_name="us-east-1")
sts, keys, calls = session.client("sts"), [], 0
while len(keys) < int(sys.argv[1]):
    sts.get_caller_identity()
    calls += 1
    if (key := session.get_credentials().get_frozen_credentials().access_key) not in keys:
        keys.append(key)
        print(key, flush=True)
print("calls", calls)
"""
FOREIGN = {
    "AWS_PROFILE": "elsewhere",
    "AWS_DEFAULT_PROFILE": "elsewhere",
    "AWS_ACCESS_KEY_ID": "AKIAELSEWHERE",
    "AWS_SECRET_ACCESS_KEY": "elsewhere",
    "AWS_SESSION_TOKEN": "elsewhere",
    "AWS_CREDENTIAL_EXPIRATION": "elsewhere",
    "AWS_ROLE_ARN": "arn:aws:iam::1:role/elsewhere",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/elsewhere",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/elsewhere",
}
LIMIT_S = 60


@pytest.fixture(name="stage", scope="module")
def _stage():
    with SimulatedStage() as stage:
        stage.start(SCENARIO, "--auto-confirm")
        assert stage.cone("aws", "login").returncode == 0
        yield stage


def run(stage, *words, profile=GOOD, options=()):
    """Run a command to its end."""
    return stage.cone("aws", "exec", profile, *options, "--", *words)


def start(stage, *words, profile=GOOD, options=()):
    """Start a command whose output is read."""
    return subprocess.Popen(
        [*cone_command(), "aws", "exec", profile, *options, "--", *words],
        env=stage.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def variables(stage, **options):
    """Return the environment that a command sees."""
    done = run(stage, "env", "-0", **options)
    assert done.returncode == 0, done.stderr
    return dict(pair.split("=", 1) for pair in done.stdout.split("\0") if pair)


def test_calls_beyond_the_end_of_the_first_credentials(stage):
    """A program that calls without a break goes through three generations of keys, and no call fails."""
    stage.forget_requests()
    done = run(stage, sys.executable, "-c", LOOP, "3")
    assert done.returncode == 0, done.stderr
    *keys, last = done.stdout.split("\n")[:-1]
    assert len(set(keys)) == 3
    answers = stage.statuses("GetCallerIdentity")
    assert set(answers) == {200}
    assert len(answers) == int(last.removeprefix("calls ")) > 3


def test_a_grant_taken_back_ends_it(stage):
    """Once the grant is gone, the next renewal is refused, and the client says why."""
    loop = [sys.executable, "-c", LOOP, "99"]
    with start(stage, *loop, profile="p-leaving", options=["--no-request"]) as leaving:
        assert leaving.stdout.readline().startswith("ASIA")
        revoked = {"account": "P", "permission_set": "Leaving"}
        stage.control("POST", "/grants/revoke", revoked)
        _, error = leaving.communicate(timeout=LIMIT_S)
    assert leaving.returncode == 1
    assert "CredentialRetrievalError" in error
    assert "NoActiveGrant" in error


def test_the_aws_cli(stage):
    """The AWS CLI gets the profile's role."""
    done = run(stage, *CLIENTS["cli1"])
    assert done.returncode == 0, done.stderr
    assert "AWSReservedSSO_Granted_" in done.stdout


def test_nested(stage):
    """A command may be another cone aws exec: it gets its own profile's role."""
    done = run(stage, *cone_command(), "aws", "exec", "p-other", "--", sys.executable, "-c", BOTO3)
    assert "AWSReservedSSO_Other_" in done.stdout, done.stderr


def test_the_environment_has_no_other_source(stage, monkeypatch):
    """Whatever would win over the endpoint is absent, and the token is in no argument list."""
    monkeypatch.setattr(stage, "environment", stage.environment | FOREIGN)
    seen = variables(stage)
    assert "elsewhere" not in " ".join(seen.values())
    assert seen["AWS_CONTAINER_CREDENTIALS_FULL_URI"].startswith("http://127.0.0.1:")
    assert seen["AWS_EC2_METADATA_DISABLED"] == "true"
    assert seen["CONE_EXEC_PROFILE"] == GOOD
    script = 'f=$AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE; test "$(cat $f)" = '
    script += '"$AWS_CONTAINER_AUTHORIZATION_TOKEN" && stat -c %a $f && '
    script += (
        'tr "\\0" "\\n" </proc/$PPID/cmdline | grep -c -- "$AWS_CONTAINER_AUTHORIZATION_TOKEN"'
    )
    done = run(stage, "sh", "-c", script)
    assert done.stdout.split() == ["600", "0"], done.stderr
    assert list((stage.home / ".cache" / "cone-sidecar" / "exec").iterdir()) == []


def test_nothing_of_ours_is_open_in_the_command(stage):
    """It has the three streams and no descriptor of ours, no signal is blocked, none ignored."""
    # Of the shell's own end, since it blocks signals for an instant each time that it waits.
    last = "exec grep -E 'SigBlk|SigIgn' /proc/self/status"
    done = run(stage, "sh", "-c", f"ls /proc/$$/fd; {last}")
    *open_files, _, blocked, _, ignored = done.stdout.split()
    assert open_files == ["0", "1", "2"]
    assert int(blocked, 16) == 0
    # The two above the named ones are the C library's.
    assert int(ignored, 16) & 0x7FFFFFFF == 0


def test_keys_in_place_of_the_endpoint(stage, monkeypatch):
    """With --env the command takes our place, and has keys, their end, and nothing of an endpoint."""
    monkeypatch.setattr(stage, "environment", stage.environment | FOREIGN)
    seen = variables(stage, options=["--env"])
    assert seen["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    assert seen["AWS_CREDENTIAL_EXPIRATION"].endswith("Z")
    assert not {name for name in seen if name.startswith("AWS_CONTAINER_")}
    assert "elsewhere" not in " ".join(seen.values())
    child = start(stage, "sh", "-c", "echo $$", options=["--env"])
    assert child.communicate(timeout=LIMIT_S)[0].strip() == str(child.pid)
    done = run(stage, sys.executable, "-c", BOTO3, options=["--env"])
    assert "AWSReservedSSO_Granted_" in done.stdout, done.stderr


@pytest.mark.parametrize("options", [[], ["--env"]])
def test_exit_codes(stage, tmp_path, options):
    """The command's own, and 126 for what turns out to be no program when it is started."""
    plain = tmp_path / "plain"
    plain.write_text("not a program")
    plain.chmod(0o755)
    done = run(stage, str(plain), options=options)
    assert (done.returncode, done.stdout) == (126, "")
    plain.write_text("#!/no/such/interpreter\n")
    done = run(stage, str(plain), options=options)
    assert (done.returncode, done.stdout) == (126, "")
    assert "its interpreter isn't there" in done.stderr
    assert run(stage, "sh", "-c", "exit 7", options=options).returncode == 7


def test_commands_that_cannot_be_run(stage, tmp_path):
    """127 and 126 as shells have them, in a line and a hint, before anybody is asked for access."""
    stage.forget_requests()
    plain = tmp_path / "plain"
    plain.write_text("not a program")
    for word, code in (("no-such-command", 127), (str(plain), 126), (str(tmp_path), 126)):
        done = run(stage, word, profile="p-pack")
        assert done.returncode == code
        assert done.stderr.startswith("cone: error: ")
        assert len(done.stderr.splitlines()) == 2
    assert stage.operations() == []


def test_without_access_nothing_runs(stage, tmp_path):
    """The narration and exit code are those of cone aws credentials; the command isn't started."""
    mark = tmp_path / "ran"
    done = run(stage, "touch", str(mark), profile="p-approval")
    told = stage.cone("aws", "credentials", "p-approval")
    assert (done.returncode, told.returncode) == (4, 4)
    assert "requires approval" in done.stderr
    assert not mark.exists()


def test_words_before_the_dashes(stage):
    """A command without the dashes before it is refused, with the line that was meant."""
    done = stage.cone("aws", "exec", GOOD, "ls")
    assert done.returncode == 2
    assert "cone: hint: cone aws exec p-granted -- ls" in done.stderr


def test_arguments_reach_the_command_as_they_are(stage):
    """Whatever stands after the dashes is the command's: our options, empty words, more dashes."""
    words = ["--wait=2h", "--", "-p", "", "a b", "--env"]
    done = run(stage, "printf", "[%s]", *words)
    assert done.stdout == "".join(f"[{word}]" for word in words)


def test_signals_to_us_are_passed_on(stage):
    """SIGUSR1 and SIGTERM reach the command, once each; its exit code is ours."""
    script = (
        "trap 'echo one' USR1; trap 'echo term; exit 3' TERM; echo go; while :; do sleep 0.05; done"
    )
    child = start(stage, "bash", "-c", script)
    with child:
        assert child.stdout.readline() == "go\n"
        for number, line in ((signal.SIGUSR1, "one\n"), (signal.SIGTERM, "term\n")):
            child.send_signal(number)
            assert child.stdout.readline() == line
        assert child.stdout.read() == ""
        assert child.wait(LIMIT_S) == 3


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV])
def test_death_by_a_signal(stage, number):
    """We die as the command did, so that shells say the same of both."""
    assert run(stage, "sh", "-c", f"kill -{int(number)} $$").returncode == -number


def test_interrupted_at_a_terminal(stage):
    """Ctrl-C reaches the command once and leaves us alive: what it makes of it is the exit code."""
    script = "trap 'echo caught; n=$((n+1))' INT; echo go; while [ ! -e $0 ]; do sleep 0.05; done; exit 4$n"
    end = stage.home / "end"
    line = shlex.join([*cone_command(), "aws", "exec", GOOD, "--", "bash", "-c", script, str(end)])
    with InteractiveShell(stage.environment) as shell:
        shell.type(f"{line}; echo code=$?\n")
        shell.wait_for("go\r\n")
        shell.type("\x03")
        shell.wait_for("caught\r\n")
        end.touch()
        shell.wait_for("code=41\r\n")
        shell.wait_for(PROMPT)
        # Without a trap it dies of it, and so do we: bash shows 130 for both.
        line = shlex.join(
            [*cone_command(), "aws", "exec", GOOD, "--", "bash", "-c", "echo go; read x"]
        )
        shell.type(f"{line}\n")
        shell.wait_for("go\r\n")
        shell.type("\x03")
        shell.wait_for(PROMPT)
        shell.type("echo code=$?\n")
        shell.wait_for("code=130\r\n")


def test_interrupted_before_there_is_access(stage):
    """Ctrl-C while people decide leaves the terminal at the beginning of a line, and 130."""
    line = shlex.join([*cone_command(), "aws", "exec", "p-approval", "--wait", "--", "true"])
    with InteractiveShell(stage.environment) as shell:
        shell.type(f"{line}\n")
        shell.wait_for("cone task get")
        shell.type("\x03")
        shown = shell.wait_for(PROMPT).partition("^C")[2]
        assert shown.lstrip(".").startswith("\r\n")
        shell.type("echo code=$?\n")
        shell.wait_for("code=130\r\n")


def test_stopped_at_a_terminal(stage):
    """Ctrl-Z gives the terminal back to the shell, and fg goes on, with credentials."""
    script = f"echo go; read x; {shlex.join([sys.executable, '-c', BOTO3])}; exit 5"
    line = shlex.join([*cone_command(), "aws", "exec", GOOD, "--", "bash", "-c", script])
    with InteractiveShell(stage.environment) as shell:
        shell.type(f"{line}\n")
        shell.wait_for("go\r\n")
        shell.type("\x1a")
        shell.wait_for("Stopped")
        shell.wait_for(PROMPT)
        shell.type("fg\n")
        shell.wait_for("aws exec")
        shell.type("on\n")
        shell.wait_for("AWSReservedSSO_Granted_")
        shell.wait_for(PROMPT)
        shell.type("echo code=$?\n")
        shell.wait_for("code=5\r\n")


def test_a_command_in_the_background_that_reads(stage):
    """It stops for the terminal, and we with it: the shell says so, and fg goes on with both."""
    script = "import signal, sys; signal.signal(signal.SIGCONT, lambda *_: print('on', flush=True))"
    script += "; print('read', sys.stdin.readline())"
    line = shlex.join([*cone_command(), "aws", "exec", GOOD, "--", sys.executable, "-c", script])
    with InteractiveShell(stage.environment) as shell:
        shell.type(f"set -b; {line} &\n")
        shell.wait_for("Stopped")
        shell.type("fg\n")
        shell.wait_for("on\r\n")
        shell.type("words\n")
        shell.wait_for("read words\r\n")
        shell.wait_for(PROMPT)
        shell.type("echo code=$?\n")
        shell.wait_for("code=0\r\n")


def test_a_shell_that_suspends_itself(stage):
    """A shell has a group of its own: its suspend leads back to the shell before it, and fg into it again."""
    line = shlex.join([*cone_command(), "aws", "exec", GOOD, "--", "bash", "--norc", "-i"])
    with InteractiveShell(stage.environment) as shell:
        shell.type(f"{line}\n")
        shell.wait_for(PROMPT)
        shell.type("suspend\n")
        shell.wait_for("Stopped")
        shell.wait_for(PROMPT)
        shell.type("fg\n")
        shell.wait_for("aws exec")
        shell.type("echo in-$CONE_EXEC_PROFILE; exit 9\n")
        shell.wait_for(f"in-{GOOD}")
        shell.wait_for(PROMPT)
        shell.type("echo code=$?\n")
        shell.wait_for("code=9\r\n")


def test_without_a_command(stage, monkeypatch):
    """The person's own shell is run, and whose credentials it has is said."""
    monkeypatch.setattr(stage, "environment", stage.environment | {"SHELL": "/bin/true"})
    done = stage.cone("aws", "exec", GOOD)
    assert done.returncode == 0
    assert done.stderr == f'cone: a shell for "{GOOD}": leave it with exit\n'


def test_a_file_left_over_is_removed(stage):
    """What a killed process left of its token goes with the next one's start."""
    directory = stage.home / ".cache" / "cone-sidecar" / "exec"
    left = directory / "left"
    left.write_text("t" * 43)
    os.utime(left, (0, 0))
    assert run(stage, "true").returncode == 0
    assert not left.exists()
