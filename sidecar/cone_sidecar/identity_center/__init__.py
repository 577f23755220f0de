"""The adapter to AWS IAM Identity Center: sign-in, session and role credentials."""
