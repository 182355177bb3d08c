"""Let whoever watches a command stop it as Ctrl-C does."""

import signal


def stop_on_sigterm() -> None:
    """Treat SIGTERM as Ctrl-C; ignore further signals while stopping."""

    def stop(*_: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
