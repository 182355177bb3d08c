"""``galmass bench serve``: visitors come, click and leave."""

from contextlib import nullcontext

import pytest

from galmass_core.benchmarks import serve

pytestmark = pytest.mark.browser


def test_waits_of_visitors_are_measured(chromium, monkeypatch):
    monkeypatch.setattr(serve, "_ROUNDS", 1)
    monkeypatch.setattr(serve, "_AT_ONCE", 2)
    monkeypatch.setattr(serve, "_ONE_AFTER_ANOTHER", 2)
    monkeypatch.setattr(serve, "_SWITCHED", serve._SWITCHED[:2])
    monkeypatch.setattr(serve, "chromium_browser", lambda: nullcontext(chromium))
    figures = {figure.task: figure for figure in serve.measure(3300, peers=False)}
    assert list(figures) == [
        "HTML",
        "first plots of a visitor",
        "tap to four maps",
        "zoom to new picture",
        "branch toggle to new scatter",
        "2 visitors at once, the last",
        "memory that 2 visitors leave",
    ]
    *waits, memory = figures.values()
    assert all(figure.cpu_ms > 0 and figure.wait_ms > 0 for figure in waits)
    assert memory.memory_mb < 100
