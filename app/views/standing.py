"""How trainings and fetches stand, in marks and words that both lists use."""

from datetime import datetime

MARKS = {  # never by colour alone
    "starting": "◌",
    "queued": "◌",
    "running": "▸",
    "finished": "✓",
    "stopped": "▪",
    "failed": "✗",
    "died": "†",
}


def lasting(seconds: float) -> str:
    """Write a time that something takes, to two digits or so."""
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min"
    return f"{hours / 24:.1f} days"


def moment(iso: str) -> str:
    """Write a time in UTC, in ISO format, for a list."""
    return f"{datetime.fromisoformat(iso):%-d %b %Y, %H:%M} UTC"
