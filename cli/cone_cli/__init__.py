"""The command ``cone``: parse, call, print. No flow lives here."""
