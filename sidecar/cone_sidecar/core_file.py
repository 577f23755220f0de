"""What the kernel writes when a process crashes: its memory, with every secret in it."""

import resource


def leave_no_core() -> None:
    """Have no core file written of this process, and of those that it starts from now on."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
