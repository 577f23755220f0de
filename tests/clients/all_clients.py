"""All clients of the matrix, in the page's order."""

import importlib

MODULES = (
    "python_clients",
    "cli2",
    "javascript_clients",
    "go_clients",
    "wheel_clients",
    "debian_clients",
)
CLIENTS = tuple(
    client for module in MODULES for client in importlib.import_module(f"clients.{module}").CLIENTS
)
