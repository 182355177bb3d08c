"""Getting TNG data in a browser, from a server on this machine: key, estimate, start, open."""

import shutil

import pytest
from served import served
from tng_api import KEY, TngApi

from galmass_core.assets import asset

pytestmark = pytest.mark.browser


@pytest.fixture
def home(tmp_path):
    shutil.copytree(asset("showcase"), tmp_path / "home" / "first")
    return tmp_path / "home"


@pytest.fixture
def server(home, tmp_path, monkeypatch):
    """Address of a dashboard that has no key, and whose API is on this machine."""
    monkeypatch.delenv("TNG_API_KEY", raising=False)
    with TngApi() as api:
        monkeypatch.setenv("TNG_API_URL", api.base)
        with served(home / "first", tmp_path) as address:
            yield address


def test_data_are_fetched_and_opened_and_the_key_is_seen_nowhere(server, home, tmp_path, open_tab):
    from playwright.sync_api import expect

    page = open_tab(f"{server}?page=train", wait_until="commit")
    received = []

    def listen(socket):
        socket.on("framereceived", lambda frame: received.append(frame))

    page.on("websocket", listen)
    page.reload()
    page.locator(".gm-dataset select").select_option("Get TNG data…")
    page.get_by_label("API key").fill(KEY)
    page.get_by_label("API key").press("Tab")
    expect(page.get_by_label("API key")).to_have_value("")
    page.get_by_label("At most").fill("2")
    page.get_by_label("At most").press("Tab")
    page.locator(".gm-estimate-fetch button").click()
    expect(page.locator(".gm-fetch .gm-estimate")).to_contain_text("About 2 galaxies to fetch")
    page.locator(".gm-start-fetch button").dblclick()
    expect(page.locator(".gm-fetched")).to_have_count(1)
    page.reload()
    other = open_tab(f"{server}?page=train&get=on")
    for tab in (page, other):
        words = tab.locator(".gm-fetch-words").first
        expect(words).to_contain_text("✓ finished")
        expect(words).to_contain_text("2 of 2 galaxies")
    page.locator(".gm-fetch-open button").first.click()
    expect(page.locator(".gm-dataset select")).to_have_value("tng100-1")
    expect(page.locator(".gm-fetch")).to_be_hidden()
    assert KEY not in page.url
    assert received
    for frame in received:
        assert KEY not in (frame if isinstance(frame, str) else frame.decode(errors="replace"))
    for path in (*home.rglob("*"), tmp_path / "server.log"):
        assert path.is_dir() or KEY.encode() not in path.read_bytes()
