"""The access flow of cone-sidecar, and everything that serves it."""
