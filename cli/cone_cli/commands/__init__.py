"""One module for each command; it is imported only when that command runs."""
