"""What the TNG web API may answer instead of what was requested."""

from galmass_core.galaxy import UnavailableError


class ApiError(ValueError):
    """An answer that another attempt does not change; the message names address and reason."""


class NotFoundError(ApiError):
    """There is nothing at an address."""


class BadRequestError(ApiError):
    """The API does not have what was requested, such as a field."""


class NothingWorksError(UnavailableError):
    """A fault that would stop every other request too: of the key, or of the disk."""


class KeyRefusedError(NothingWorksError):
    """The API does not accept the key."""
