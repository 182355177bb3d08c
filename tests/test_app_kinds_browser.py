"""Every page on data that lack something, on a narrow phone: nothing hidden, nothing in the way."""

import re
import shutil

import pytest
from barriers import barriers
from sample_tables import make_dataset, make_samples
from served import wait_until_drawn

from galmass_app.page import PAGES

playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright (extra [test])")
expect = playwright.expect

pytestmark = pytest.mark.browser
PHONE = {"width": 320, "height": 800}
WORDS = """() => {  // all that is seen, in all shadow roots, but for code
  const all = (root) => [...root.querySelectorAll("*")].flatMap(
    (one) => [one, ...(one.shadowRoot ? all(one.shadowRoot) : [])])
  const own = (one) => [...one.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE)
  return all(document.body)
    .filter((one) => !one.closest("style, script, code, pre") && one.checkVisibility())
    .map((one) => own(one).map((node) => node.textContent).join("").trim())
    .filter((text) => text)
}"""
CLUMSY = {  # what numbers are not written as
    "a percentage without a blank": r"\d%",
    "a hyphen for a minus sign": r"(^|[\s(=])-\d",
    "a word of the computer's": r"\b(nan|inf|None|undefined)\b",
}


@pytest.fixture(scope="module")
def catalogue(home_folder):
    """A data set without maps, lines of sight, dark matter and most of the ten features."""
    lacking = ["sersic_n", "c_over_a", "lambda_r", "b_over_t", "f_cold", "f_hot"]
    lacking += ["log_mdm_1rhsm", "f_dm_1rhsm"]
    samples = make_samples(100).drop_duplicates("name").assign(los="none", synthetic=True)
    defined = {"sigma_v": "all bound matter, a third of the 3D variance"}
    folder = home_folder / "catalogue"
    make_dataset(folder, samples.drop(columns=lacking).reset_index(drop=True), definitions=defined)
    yield folder.name
    shutil.rmtree(folder)


@pytest.fixture(scope="module", params=[("catalogue", "dark"), ("toys", "light")])
def tab(request, catalogue, dashboard, open_lasting_tab):
    """A phone on the catalogue, and on a data set of five galaxies; and the colours of each."""
    data, scheme = request.param
    page = open_lasting_tab(
        f"{dashboard}?page=sample&data={data}",
        **PHONE,
        color_scheme=scheme,
        reduced_motion="reduce",
    )
    page.locator(".gm-tally").wait_for()
    return page, scheme


@pytest.mark.parametrize("key", PAGES)
def test_page_fits_a_phone_is_written_well_and_has_no_barrier(tab, key):
    page, scheme = tab
    name, _ = PAGES[key]
    page.locator(".gm-pages").get_by_role("button", name=name, exact=True).click()
    page.wait_for_url(re.compile(f"page={key}" if key != "explore" else r"main\?data"))
    wait_until_drawn(page)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    for what, pattern in CLUMSY.items():
        assert not [text for text in page.evaluate(WORDS) if re.search(pattern, text)], what
    assert not barriers(page, scheme)


def test_catalogue_offers_nothing_that_cannot_work(catalogue, dashboard, open_tab):
    page = open_tab(f"{dashboard}?data={catalogue}")
    for name in "xyz":
        expect(page.locator(".gm-los").get_by_role("button", name=name)).to_be_disabled()
    expect(page.locator(".gm-insight-buttons")).to_be_hidden()
    page.locator(".gm-pages").get_by_role("button", name="Compare").click()
    table = page.locator(".gm-table-four")
    expect(table.get_by_text("not trained").first).to_be_visible()
    expect(table.get_by_role("link")).to_have_count(0)


def test_data_that_are_deleted_while_open_stay_and_it_is_said(home_folder, dashboard, open_tab):
    shutil.copytree(home_folder / "table", home_folder / "doomed")
    page = open_tab(f"{dashboard}?data=doomed", color_scheme="dark")
    heading = page.locator(".gm-headline h1")
    heading.wait_for()
    shutil.rmtree(home_folder / "doomed")
    expect(page.get_by_text("was deleted")).to_be_visible()
    expect(page.locator(".gm-dataset select")).to_have_value("doomed")
    expect(heading).to_have_text("Subhalo 0")
    assert not barriers(page, "dark")
