"""The Train page in a browser: one training from its start to its end, by two visitors."""

import json
import re
import time
from contextlib import ExitStack, contextmanager, suppress

import psutil
import pytest
from served import FIGURES, served
from toy_maps import make_map_dataset

from galmass_core.training.queue import stop_run
from galmass_core.training.runs import ACTIVE, list_runs

pytestmark = pytest.mark.browser
EPOCHS = 5000  # more than are trained before a test stops them, however slow its browser is
LOSSES = f"""[...{FIGURES}.find(v => v.model.left[0]?.axis_label?.startsWith('mean squared'))
    ?.model.renderers[0].data_source.data.y ?? []].filter(Number.isFinite).length"""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make_map_dataset(tmp_path_factory.mktemp("home") / "blobs", 40)


@pytest.fixture(scope="module")
def runs(data):
    """Return all runs under the home folder; what still trains in the end is stopped."""
    folder = data.path.parent / "runs"
    yield lambda: list_runs(folder)
    deadline = time.monotonic() + 300
    while busy := [run for run in list_runs(folder) if run.state in ACTIVE]:
        assert time.monotonic() < deadline
        for run in busy:
            with suppress(ValueError):
                stop_run(run)
        time.sleep(0.5)


@pytest.fixture
def visit(open_tab):
    """Open the page of a server."""

    def visit(server, query="?page=train", **how):
        page = open_tab(server + query, **how)
        page.locator(".gm-start button").wait_for()
        return page

    return visit


def row(page, place=0):
    return page.locator(".gm-run").nth(place)


def choose_epochs(page, count):
    page.locator(".gm-unfold button").click()
    page.locator(".gm-hyperparameters input").first.fill(str(count))
    page.locator(".gm-hyperparameters input").first.press("Tab")
    wait_for_command(page, f"--epochs {count}")


def wait_for_command(page, words):
    """Wait until the command line that trains has these words; another draws learning curves."""
    line = re.compile(f"galmass train .*{re.escape(words)}")
    page.locator(".command code").get_by_text(line).wait_for()


def wait_for_losses(page, count):
    page.wait_for_function(f"count => {LOSSES} >= count", arg=count)


@contextmanager
def suspended(run):
    """Suspend a training: nobody needs its epochs while another server starts."""
    process = psutil.Process(json.loads((run.path / "lock").read_text())["pid"])
    process.suspend()
    try:
        yield
    finally:
        process.resume()


def test_a_training_is_started_outlives_the_server_is_watched_stopped_and_resumed(
    visit, data, runs, tmp_path
):
    with served(data.path, tmp_path) as first:
        page = visit(first)
        assert page.locator(".gm-no-runs").is_visible()
        choose_epochs(page, EPOCHS)
        page.locator(".gm-branch-r input").uncheck()
        wait_for_command(page, "mstar/2V")
        page.locator(".gm-start button").dblclick()
        page.wait_for_function("() => location.search.includes('run=mstar-2V')")
        row(page).get_by_text("mstar/2V").wait_for()
        row(page).get_by_text("▸ running").wait_for()
        wait_for_losses(page, 1)
        wait_for_losses(page, 3)
        query = page.evaluate("location.search")
        page.close()
    (run,) = runs()
    assert run.config["experiment"] == "mstar/2V"
    assert run.state in ACTIVE

    with ExitStack() as stack:
        with suspended(run):
            second = stack.enter_context(served(data.path, tmp_path))
            page = visit(second, query)
            other = visit(second, width=390)
            done = len(runs()[0].history)
        for tab in (page, other):
            row(tab).get_by_text("▸ running").wait_for()
            wait_for_losses(tab, done + 1)
        assert other.evaluate("document.documentElement.scrollWidth") <= 390
        stop(other)
        for tab in (page, other):
            row(tab).get_by_text("▪ stopped").wait_for()
        done = len(runs()[0].history)
        assert 3 <= done < EPOCHS
        page.locator(".gm-run-resume button").first.click()
        row(other).get_by_text("▸ running").wait_for()
        wait_for_losses(page, done + 1)
        stop(page)
        row(page).get_by_text("▪ stopped").wait_for()
        assert len(runs()) == 1
        for tab in (page, other):
            tab.close()


def stop(page):
    page.locator(".gm-run-stop button").first.click()
