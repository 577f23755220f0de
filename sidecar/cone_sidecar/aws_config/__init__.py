"""The AWS config file, read and written without losing a byte of what others wrote."""
