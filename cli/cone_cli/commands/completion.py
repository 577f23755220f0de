"""``cone completion <shell>``: what makes a shell complete the words of ``cone``."""

import argparse

from cone_cli import terminal

EXAMPLE = "example: cone completion bash > ~/.local/share/bash-completion/completions/cone"
SHELLS = ("bash", "zsh", "fish")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "shell",
        choices=SHELLS,
        help='which one; to try it: eval "$(cone completion bash)"; in fish: cone completion fish | source',
    )


def run(args: argparse.Namespace) -> int:
    """Print the script; returns the exit code."""
    from cone_cli.completion_script import completion_script

    terminal.put(completion_script(args.shell))
    return 0
