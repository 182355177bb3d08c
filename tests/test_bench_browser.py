"""``galmass bench serve``: visitors come, click and leave; and how much their first page weighs."""

from contextlib import nullcontext

import pytest
from served import PATIENCE, wait_until_drawn

from galmass_core.benchmarks import serve

pytestmark = pytest.mark.browser


@pytest.mark.long
def test_waits_of_visitors_are_measured(chromium, monkeypatch):
    for wait, shorter in (("_GONE", 2.0), ("_PAUSE", 500), ("_LOOKED_AROUND", 3000)):
        monkeypatch.setattr(serve, wait, shorter)
    monkeypatch.setattr(serve, "_ROUNDS", 1)
    monkeypatch.setattr(serve, "_PAGES", ("Paper",))
    monkeypatch.setattr(serve, "_AT_ONCE", 2)
    monkeypatch.setattr(serve, "_ONE_AFTER_ANOTHER", 1)
    monkeypatch.setattr(serve, "_SWITCHED", serve._SWITCHED[:2])
    monkeypatch.setattr(serve, "chromium_browser", lambda: nullcontext(chromium))
    figures = {figure.task: figure for figure in serve.measure(3300, peers=False)}
    assert list(figures) == [
        "HTML",
        "first plots of a visitor",
        "tap to four maps",
        "zoom to new picture",
        "page Paper",
        "selection by a condition",
        "memory of the server",
        "branch toggle to new scatter",
        "memory that 1 visitors leave",
        "2 visitors at once, the last",
    ]
    assert all(figure.cpu_ms > 0 for figure in figures.values())
    assert all(figure.wait_ms or figure.memory_mb is not None for figure in figures.values())
    assert figures["memory that 1 visitors leave"].memory_mb < 100


def test_first_page_takes_less_than_three_megabytes_of_data(chromium, home_folder, dashboard):
    data, received = serve._crowded(home_folder, 28_110), []
    page = chromium.new_page(color_scheme="light")
    page.set_default_timeout(PATIENCE)
    page.on(
        "websocket",
        lambda link: link.on("framereceived", lambda frame: received.append(len(frame))),
    )
    page.goto(f"{dashboard}?data={data.path.name}")
    page.wait_for_function(f"{serve._READY} && {serve._SEEN}")
    page.locator("b.ready").wait_for()
    wait_until_drawn(page)
    page.context.close()
    assert 1e6 < sum(received) < 3e6
