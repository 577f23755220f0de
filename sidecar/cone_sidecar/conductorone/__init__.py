"""The adapter to a ConductorOne tenant's HTTP API."""
