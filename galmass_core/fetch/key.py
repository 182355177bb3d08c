"""The key of the TNG web API, which the user's environment holds."""

import os

KEY_VARIABLE = "TNG_API_KEY"


def key_from_environment() -> str:
    """Return the API key of the user; blanks and quotes around it are removed.

    Raises
    ------
    ValueError
        If there is none, or it cannot be a key.
    """
    return checked_key(os.environ.get(KEY_VARIABLE, ""))


def checked_key(text: str) -> str:
    """Return an API key without blanks and quotes around it; raises as `key_from_environment`."""
    key = text.strip(" \t\r\n'\"")
    if not (key.isascii() and key.isalnum()):
        got = "other characters" if key else "none"
        msg = (
            f"{KEY_VARIABLE} must be your key of the TNG web API, letters and digits "
            f"(free: https://www.tng-project.org/users/register), got {got}"
        )
        raise ValueError(msg)
    return key
