"""The two ASGI applications of the sidecar: credentials and management."""
