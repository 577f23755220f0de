"""What a command was asked with: the environment, and the flags that win over it."""

import argparse
import os


def asked_with(args: argparse.Namespace) -> dict[str, str]:
    """Return the environment with what flags say over it: they tell another answer's place as well."""
    flags = {
        "CONE_CLIENT_ID": getattr(args, "client_id", ""),
        "CONE_CLIENT_SECRET": getattr(args, "client_secret", ""),
        "CONE_API_ENDPOINT": getattr(args, "api_endpoint", ""),
    }
    return dict(os.environ) | {name: value for name, value in flags.items() if value}
