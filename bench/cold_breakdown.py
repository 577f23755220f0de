"""Where the time of a cold call goes: interpreter, imports, the way to upstream and back, all the rest."""

import subprocess
import sys
from collections.abc import Mapping, Sequence

from cold_call import ColdCall
from measure import wall_s
from report import Share

RUNS = 15
# What the command does, and then tells which modules it took.
TELLING = """\
import sys
from cone_cli.main import main
code = main()
print(*(name for name, module in sys.modules.items() if module is not None), sep="\\n", file=sys.stderr)
sys.exit(code)
"""
IMPORTING = """\
import contextlib, gc, importlib
gc.disable()
for name in {names!r}:
    with contextlib.suppress(ImportError):
        importlib.import_module(name)
gc.freeze()
"""


def shares(call: ColdCall, delay_s: float) -> list[Share]:
    """Break a cold call down, without latency upstream and with it."""
    modules = modules_of(call)
    importing = [sys.executable, "-c", IMPORTING.format(names=modules)]
    at_once, delayed = (_parts(call, importing, latency) for latency in (0.0, delay_s))
    call.upstream.delay(0)
    names = (
        "start and end of an interpreter",
        f"imports, {len(modules)} modules",
        f"from the first of {call.upstream.chain().requests} requests upstream to the last answer",
        "all the rest",
        "in all",
    )
    return [Share(*row) for row in zip(names, at_once, delayed, strict=True)]


def modules_of(call: ColdCall) -> list[str]:
    """Return the modules that a cold call has imported by its end, in that order."""
    call.forget()
    done = subprocess.run(
        [sys.executable, "-c", TELLING, *call.command[1:]],
        env=call.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return [name for name in done.stderr.split() if name != "__main__"]


def _parts(call: ColdCall, importing: Sequence[str], latency: float) -> list[float]:
    """Return each part in its fastest run: what slows a run down comes on top, and is nobody's part."""
    call.upstream.delay(latency)
    runs = [_run(call, importing, call.environment) for _ in range(RUNS)]
    whole, idle, imports, upstream = (min(figures) for figures in zip(*runs, strict=True))
    imports -= idle
    return [idle, imports, upstream, max(0.0, whole - idle - imports - upstream), whole]


def _run(
    call: ColdCall, importing: Sequence[str], environment: Mapping[str, str]
) -> tuple[float, float, float, float]:
    whole = call.wall_s()
    upstream = call.upstream.chain().seconds
    idle = wall_s([sys.executable, "-c", "pass"], environment)
    return whole, idle, wall_s(importing, environment), upstream
