"""The script that makes a shell complete ``cone``: shtab's, and our profiles' names.

Names are asked of ``cone`` itself at each press of Tab (:mod:`cone_cli.profile_names`).
"""

import argparse
import re
from collections.abc import Iterator

import shtab

from cone_cli.dispatch import build_parser
from cone_cli.main import PROFILE_NAMES

PROFILES = frozenset(
    {"aws_profile", "aws_profiles", "patterns", "prefetch", "default_profile", "imds_profile"}
)
FILES = frozenset({"config", "token_file", "tls_cert", "tls_key", "audit", "scenario"})
# What nobody is meant to write where it stands: it belongs behind --.
STRAY = "stray"
# Where shtab reads what an argument is completed with.
COMPLETE = "complete"
ASK = f"command cone {PROFILE_NAMES}"
PROFILE = {
    "bash": "_cone_profiles",
    "zsh": "_cone_profiles",
    "fish": "(_cone_profiles)",
    "preamble": {
        "bash": f"""\
_cone_profiles() {{
  local name quoted
  while IFS= read -r name; do
    printf -v quoted %q "$name"
    if [[ "$name" == "$1"* || "$quoted" == "$1"* ]]; then printf '%s\\n' "$quoted"; fi
  done < <({ASK} 2>/dev/null)
}}""",
        "zsh": f"""\
_cone_profiles() {{
  local -a names expl
  names=("${{(@f)$({ASK} 2>/dev/null)}}")
  names=(${{names:#}})
  _wanted profiles expl 'AWS profile' compadd -a names
}}""",
        "fish": f"""\
function _cone_profiles
  {ASK} (commandline -ct) 2>/dev/null
end""",
    },
}
REPEATED = re.compile(r'^ +"\(\*\)::?(?! )', re.MULTILINE)
# bash takes words apart at : and = and @, which names and --option=value have inside: put together again.
BASH_WORDS = """
_cone_command() {
  local complete
  for complete in _comp_command_offset _command_offset; do
    if declare -F "$complete" >/dev/null; then "$complete" "$1"; return; fi
  done
  compopt -o default 2>/dev/null
  if (( COMP_CWORD == $1 )); then mapfile -t COMPREPLY < <(compgen -c -- "${COMP_WORDS[COMP_CWORD]}"); fi
}
_cone() {
  local line=$COMP_LINE index=0 cword=0 word part current before
  for (( index = 1; index < COMP_CWORD; index += 1 )); do
    if [[ ${COMP_WORDS[index]} == -- ]]; then _cone_command $(( index + 1 )); return; fi
  done
  index=0
  local -a words=()
  for word in "${COMP_WORDS[@]}"; do
    if [[ ${#words[@]} -eq 0 || $line == [[:space:]]* || $index -gt ${#COMP_LINE} ]]; then
      words+=("")
    elif [[ -z $word && -z $line ]]; then
      [[ $COMP_LINE == *[[:space:]] ]] && words+=("")
    fi
    line=${line#"${line%%[![:space:]]*}"}
    words[${#words[@]}-1]+=$word
    line=${line#"$word"}
    if (( index == COMP_CWORD )); then cword=$(( ${#words[@]} - 1 )); fi
    (( index += 1 ))
  done
  current=${words[cword]}
  before=${current%"${current##*[@:=]}"}
  local -a COMP_WORDS=() made=()
  local COMP_CWORD=0
  for (( index = 0; index <= cword; index += 1 )); do
    part=${words[index]}
    if [[ $part == --*=* ]]; then made+=("${part%%=*}" "${part#*=}"); else made+=("$part"); fi
  done
  [[ $current == --*=* ]] && before=${before#*=}
  COMP_WORDS=("${made[@]}")
  COMP_CWORD=$(( ${#made[@]} - 1 ))
  _shtab_cone
  COMPREPLY=("${COMPREPLY[@]#"$before"}")
}
complete -o bashdefault -F _cone cone"""
# What stands after -- is a command of its own, and completed as that.
ZSH_COMMAND = """
_cone() {
  local dashes=${words[(ie)--]}
  if (( dashes < CURRENT )); then
    shift $dashes words
    (( CURRENT -= dashes ))
    _normal
  else
    _shtab_cone "$@"
  fi
}
"""
FISH_COMMAND = """
function _cone_command
  set -l words (commandline -opc)
  set -l dashes (contains -i -- -- $words); or return
  complete -C (string join ' ' -- (string escape -- $words[(math $dashes + 1)..-1]) "$(commandline -ct)")
end
complete -c cone -n 'contains -- -- (commandline -opc)' -xa '(_cone_command)'"""


def completion_script(shell: str) -> str:
    """Return the script for ``shell``: bash, zsh or fish."""
    parser = build_parser()
    for action in _actions(parser):
        if action.dest in PROFILES:
            setattr(action, COMPLETE, PROFILE)
        elif action.dest in FILES:
            setattr(action, COMPLETE, shtab.FILE)
        elif action.dest == STRAY:
            action.help = argparse.SUPPRESS
    script: str = shtab.complete(parser, shell)
    if shell == "bash":
        return script + BASH_WORDS
    # shtab's way to say that an argument may be repeated completes its first one alone.
    script = REPEATED.sub('"*:', script).rstrip("\n")
    if shell == "fish":
        return script + FISH_COMMAND
    head, start, tail = script.rpartition("\nif [[ $zsh_eval_context")
    return head + ZSH_COMMAND + start + tail.replace("_shtab_cone", "_cone")


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Yield what a parser and those of its commands take."""
    for action in parser._actions:  # noqa: SLF001 -- argparse shows its tree nowhere else
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 -- as above
            for child in action.choices.values():
                yield from _actions(child)
        else:
            yield action
