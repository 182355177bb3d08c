"""Data sets made in a browser, on one dashboard: from TNG's web API, and of dropped files."""

import shutil

import pytest
from demo_folder import write_demo_galaxies
from served import served
from tng_api import KEY, TngApi

from galmass_core.assets import asset

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Folder of a home, and of the log of its dashboard."""
    folder = tmp_path_factory.mktemp("made")
    shutil.copytree(asset("showcase"), folder / "home" / "first")
    return folder


@pytest.fixture(scope="module")
def server(folder):
    """Address of a dashboard that has no key, and whose API is on this machine."""
    with pytest.MonkeyPatch.context() as patch, TngApi() as api:
        patch.delenv("TNG_API_KEY", raising=False)
        patch.setenv("TNG_API_URL", api.base)
        with served(folder / "home" / "first", folder) as address:
            yield address


def test_data_are_fetched_and_opened_and_the_key_is_seen_nowhere(server, folder, open_tab):
    from playwright.sync_api import expect

    page = open_tab(f"{server}?page=train")
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
    for path in folder.rglob("*"):
        assert path.is_dir() or KEY.encode() not in path.read_bytes()


def test_chosen_files_become_a_data_set(server, tmp_path, open_tab):
    from playwright.sync_api import expect

    files = sorted(write_demo_galaxies(tmp_path / "files", 2).iterdir())
    page = open_tab(f"{server}?page=train")
    page.locator(".gm-dataset select").select_option("Build from files…")
    page.locator(".gm-drop input").set_input_files(files)
    expect(page.locator(".gm-fetch-form")).to_contain_text("2 files")
    page.get_by_label("Name of the data set").fill("dropped")
    page.get_by_label("Name of the data set").press("Tab")
    expect(page.locator(".gm-fetch .gm-command")).to_contain_text("dropped")
    page.locator(".gm-start-build button").dblclick()
    expect(page.locator(".gm-fetch-words").first).to_contain_text("✓ finished")
    expect(page.locator(".gm-fetch-words").first).to_contain_text("2 galaxies")
    page.locator(".gm-fetch-open button").first.click()
    expect(page.locator(".gm-dataset select")).to_have_value("dropped")
    expect(page.locator(".gm-fetch-form")).to_be_hidden()
