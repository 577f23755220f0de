"""What keeps SDKs from their credentials: the checks of ``cone aws doctor``."""
