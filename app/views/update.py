"""Many changes of a page in one message."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import panel as pn


@contextmanager
def one_update() -> Iterator[None]:
    """Send all changes in one message, and look once for new models: half the time."""
    document = pn.state.curdoc
    with pn.io.hold(), document.models.freeze() if document else nullcontext():
        yield
