"""Names that are HTML, templates or formulas: each page shows them as text, and nothing runs."""

import shutil
from urllib.parse import quote

import pytest
from served import PATIENCE, wait_until_drawn

from galmass_app.page import PAGES
from galmass_core.assets import asset
from galmass_core.benchmarks.invented import enlarge, make_runs
from galmass_core.datasets.dataset import open_dataset
from galmass_core.datasets.dataset_tables import replace_samples

playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright (extra [test])")
expect = playwright.expect

pytestmark = pytest.mark.browser
HOSTILE = """<img src=x onerror="window.hacked=1">{{7*7}}'"""
COLUMN = f"=1+1 {HOSTILE}</script><script>window.hacked=1</script>"
MADE = """() => {  // elements that a name has made, in all shadow roots
  const found = []
  const search = (root) => {
    for (const one of root.querySelectorAll("*")) {
      if (one.matches("img[src=x], script:not([src]):not([type]):not([nonce])")) found.push(one)
      if (one.shadowRoot) search(one.shadowRoot)
    }
  }
  search(document)
  return found.map((one) => one.outerHTML)
}"""


@pytest.fixture(scope="module")
def hostile(home_folder):
    """A data set whose own name, galaxies, simulation, column and run have such names."""
    path, before = home_folder / HOSTILE, {*(home_folder / "runs").iterdir()}
    shutil.copytree(asset("showcase"), path)
    enlarge(open_dataset(path), 12)
    data = open_dataset(path)
    samples = data.samples.assign(**{COLUMN: data.samples["log_mstar"]})
    samples["name"] = samples["name"].str.replace(
        r"/(\d+)$", lambda name: f"/{HOSTILE}{name[1]}", regex=True
    )
    replace_samples(data, samples, joined=[{"columns": [COLUMN], "table": HOSTILE}])
    data = open_dataset(path)
    for number, run in enumerate(make_runs(home_folder, data, "mtot", ("r", "2V"))):
        run.path.rename(run.path.with_name(f"{HOSTILE}{number}"))
    yield data
    shutil.rmtree(path)
    for run in {*(home_folder / "runs").iterdir()} - before:
        shutil.rmtree(run)


def test_hostile_names_are_text_on_every_page(hostile, dashboard, open_tab):
    where = f"{dashboard}?data={quote(HOSTILE)}&colour={quote(COLUMN)}"
    tab = open_tab(where)
    expect(tab.locator(".gm-dataset select")).to_have_value(HOSTILE, timeout=PATIENCE)
    expect(tab.locator(".gm-headline h1")).to_contain_text(HOSTILE)
    for name, _ in PAGES.values():
        tab.locator(".gm-pages").get_by_role("button", name=name, exact=True).click()
        wait_until_drawn(tab)
        assert tab.evaluate(MADE) == [], name
    assert tab.evaluate("window.hacked") is None
