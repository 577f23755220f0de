"""Completion, as real shells do it."""

import pty
import select
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fakes.interactive_shell import PROMPT, InteractiveShell

CONFIG = """\
[profile production-admin]
cone_app_id = a

[profile production-readonly]
cone_app_id = a

[profile "my team's prod"]
cone_app_id = a

[profile ada@acme:prod]
cone_app_id = a

[profile production-foreign]
region = us-east-1
"""
LIMIT_S = 30
# What stands before Tab, and the words that may stand for its last one.
CASES = {
    "cone comp": ["completion"],
    "cone aws stat": ["status"],
    "cone aws setup sh": ["show"],
    "cone completion ": ["bash", "fish", "zsh"],
    "cone aws env --shell do": ["dotenv"],
    "cone aws credentials --no-r": ["--no-request"],
    "cone aws credentials production-": ["production-admin", "production-readonly"],
    "cone -p work aws credentials production-a": ["production-admin"],
    "cone aws status production-admin production-r": ["production-readonly"],
    "cone serve --prefetch production-a": ["production-admin"],
    "cone aws request my": ["my team's prod"],
    "cone aws credentials ada@acme:p": ["ada@acme:prod"],
    "cone aws credentials nothing": [],
    "cone aws list production-a": ["production-admin"],
    "cone aws list production-admin --off": ["--offline"],
    "cone aws exec production-admin --en": ["--env"],
    "cone aws exec production-admin -- cone": ["cone"],
}
BASH = r"""
source "$1"
mapfile -t COMP_WORDS < "$2"
COMP_LINE=$3 COMP_POINT=${#3} COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 ))
_cone
printf '%s\n' "${COMPREPLY[@]}"
"""
ZSH_START = (
    "PS1=; unset zle_bracketed_paste; autoload -U compinit; compinit -u -D; "
    'eval "$(cat {script})"; bindkey "^I" complete-word; setopt no_auto_menu; '
    'shown() {{ print -rn -- "<<$BUFFER>>"; BUFFER=; zle accept-line }}; zle -N shown; '
    'bindkey "^X" shown; print REA""DY\n'
)


@pytest.fixture(name="scripts", scope="module")
def _scripts(tmp_path_factory):
    """Write each shell's script, and the file with the profiles; gives directory and environment."""
    home = tmp_path_factory.mktemp("home")
    (home / "config").write_text(CONFIG)
    # As a user has it: on PATH, by its name.
    environment = {
        "HOME": str(home),
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "AWS_CONFIG_FILE": str(home / "config"),
        "LANG": "C.UTF-8",
        "TERM": "dumb",
    }
    for shell in ("bash", "zsh", "fish"):
        script = run(["cone", "completion", shell], environment)
        (home / f"cone.{shell}").write_text(script)
    return home, environment


def run(command, environment):
    """Run to the end; what it wrote."""
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    assert (done.returncode, done.stderr) == (0, ""), command
    return done.stdout


def needs(shell):
    """Skip where the shell isn't there."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not here")


def typed(line):
    """Take a line apart as readline does for bash: at blanks, and at : and = and @."""
    words = shlex.split(line) + [""] * line.endswith(" ")
    lexer = [shlex.shlex(word, punctuation_chars=":=@") for word in words]
    for part in lexer:
        part.wordchars += "-'"
    return [token for part in lexer for token in (list(part) or [""])]


def test_bash(scripts):
    """Bash completes commands, options, choices and profile names; odd names come quoted."""
    home, environment = scripts
    for line, wanted in CASES.items():
        (home / "words").write_text("".join(f"{word}\n" for word in typed(line)))
        arguments = [str(home / "cone.bash"), str(home / "words"), line]
        found = run(["bash", "--norc", "-uc", BASH, "bash", *arguments], environment).splitlines()
        # Of a name with : or @ inside, readline replaces what is behind the last of them.
        wanted_words = [word.rpartition(":")[2] for word in wanted]
        quoted = [word.replace(" ", "\\ ").replace("'", "\\'") for word in wanted_words]
        assert sorted(filter(None, found)) == quoted, line


def test_bash_after_the_dashes(scripts):
    """At a terminal, a command's files are completed; where bash-completion is there, it is asked."""
    home, environment = scripts
    with InteractiveShell(environment) as shell:
        shell.type(f"source {home}/cone.bash\n")
        shell.wait_for(PROMPT)
        shell.type("cone aws exec production-admin -- cat /etc/hostn\t")
        shell.wait_for("/etc/hostname")
        # The line is taken back; Ctrl-C could come while bash still completes, and bash would lose it.
        shell.type("\x15")
        shell.type("_command_offset() { COMPREPLY=(word-$1); }\n")
        shell.wait_for(PROMPT)
        shell.type("cone aws exec production-admin -- git \t")
        shell.wait_for("git word-5")


def test_fish(scripts):
    """Fish completes the same, with a description of each."""
    needs("fish")
    home, environment = scripts
    for line, wanted in CASES.items():
        code = f"source {home}/cone.fish; complete -C {shlex.quote(line)}"
        found = run(["fish", "--no-config", "-c", code], environment).splitlines()
        assert sorted(each.partition("\t")[0] for each in found) == wanted, line
        assert all(each.partition("\t")[2] for each in found), line


def test_zsh(scripts):
    """zsh, at a terminal, completes what is left to choose no more, and quotes odd names."""
    needs("zsh")
    home, environment = scripts
    controller, terminal = pty.openpty()
    with subprocess.Popen(
        ["zsh", "-f", "-i"],
        env=environment,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    ) as shell:
        try:
            screen = Screen(controller)
            screen.type(ZSH_START.format(script=home / "cone.zsh"))
            screen.until("READY")
            for line, wanted in CASES.items():
                screen.type(f"{line}\t\x18")
                screen.until("<<")
                shown = screen.until(">>").rstrip()
                if len(wanted) == 1:
                    word = wanted[0].replace(" ", "\\ ").replace("'", "\\'")
                    assert shown == f"{line.rpartition(' ')[0]} {word}", line
                else:
                    assert shown == line.rstrip(), line
        finally:
            shell.kill()


class Screen:
    """The other end of a terminal."""

    def __init__(self, descriptor):
        self._descriptor = descriptor
        self._seen = ""

    def type(self, text):
        """Press keys."""
        with open(self._descriptor, "wb", closefd=False) as keys:
            keys.write(text.encode())

    def until(self, mark):
        """Return what is shown before ``mark``."""
        while mark not in self._seen:
            readable, _, _ = select.select([self._descriptor], [], [], LIMIT_S)
            assert readable, f"no {mark} after {self._seen!r}"
            with open(self._descriptor, "rb", closefd=False, buffering=0) as screen:
                self._seen += screen.read(65536).decode()
        before, _, self._seen = self._seen.partition(mark)
        return before
