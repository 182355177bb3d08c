"""``galmass bench serve``: visitors come, click and leave; and how much their first page weighs."""

import os
from contextlib import nullcontext

import pytest
from served import PATIENCE, wait_until_drawn

from galmass_core.benchmarks import serve, visitors

playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright (extra [test])")
expect = playwright.expect

pytestmark = pytest.mark.browser


@pytest.mark.long
def test_waits_of_visitors_are_measured(chromium, monkeypatch):
    monkeypatch.setattr(visitors, "_PAUSE", 500)
    monkeypatch.setattr(visitors, "_LOOKED_AROUND", 3000)
    monkeypatch.setattr(visitors, "_ROUNDS", 1)
    monkeypatch.setattr(visitors, "_AT_ONCE", 2)
    monkeypatch.setattr(visitors, "SWITCHED", visitors.SWITCHED[:2])
    monkeypatch.setattr(serve, "_GONE", 2.0)
    monkeypatch.setattr(serve, "_PAGES", ("Paper",))
    monkeypatch.setattr(serve, "_ONE_AFTER_ANOTHER", 1)
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


@pytest.fixture(scope="module")
def crowd(chromium, home_folder, dashboard):
    """A page of the paper's number of samples, and the sizes of what its server sent."""
    data, received = visitors.crowded(home_folder, 28_110), []
    page = chromium.new_page(color_scheme="light", bypass_csp=True)
    page.set_default_timeout(PATIENCE)
    page.on(
        "websocket",
        lambda link: link.on("framereceived", lambda frame: received.append(len(frame))),
    )
    page.goto(f"{dashboard}?data={data.path.name}")
    page.wait_for_function(f"{visitors.READY} && {visitors.SEEN}")
    page.locator("b.ready").wait_for()
    wait_until_drawn(page)
    yield page, sum(received)
    page.context.close()


def test_first_page_takes_less_than_three_megabytes_of_data(crowd):
    assert 1e6 < crowd[1] < 3e6


def test_tap_brings_other_maps(crowd):
    page, _ = crowd
    before = page.locator(".gm-headline h1").inner_text()
    visitors.tap(page, 0.5)
    expect(page.locator(".gm-headline h1")).not_to_have_text(before)


def test_zoom_brings_another_picture(crowd):
    page, _ = crowd
    visitors.zoom(page)  # waits for it
    assert page.evaluate(f"[{visitors.SCATTER}].every(view => {visitors.IMAGE} !== before)")


def test_html_is_timed(dashboard, monkeypatch):
    monkeypatch.setattr(visitors, "_ROUNDS", 1)
    figure = visitors.first_page(visitors.Server(None, dashboard, os.getpid()), 3300)
    assert (figure.task, figure.size) == ("HTML", 3300)
    assert figure.wait_ms > 0
