"""Building a data set in a browser: files dropped, built, opened on Explore."""

import shutil

import pytest
from demo_folder import write_demo_galaxies
from served import served

from galmass_core.assets import asset

pytestmark = pytest.mark.browser


def test_chosen_files_become_a_data_set(tmp_path, open_tab):
    from playwright.sync_api import expect

    files = sorted(write_demo_galaxies(tmp_path / "files", 2).iterdir())
    shutil.copytree(asset("showcase"), tmp_path / "home" / "first")
    with served(tmp_path / "home" / "first", tmp_path) as address:
        page = open_tab(f"{address}?page=train")
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
