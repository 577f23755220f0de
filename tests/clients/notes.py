"""Reasons that clients share."""

# AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE came to the SDKs in 2023.
TOKEN_IN_VARIABLE = dict.fromkeys(("token-file", "rotated"), "reads the variable alone")
