"""A ConductorOne tenant, an IAM Identity Center and an STS that behave on the wire as the real ones."""
