"""What pages say and keep, in Chromium: of addresses, points, pixels, galaxies and runs."""

import re
import shutil

import pytest
from sample_tables import make_dataset, make_samples
from served import FIGURES, wait_until_drawn

from galmass_core.benchmarks.invented import make_run
from galmass_core.datasets.dataset import open_dataset
from galmass_core.learning.splits import NETWORK_SIZES, split_samples
from galmass_core.training.runs import LOG

playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright (extra [test])")
expect = playwright.expect

pytestmark = pytest.mark.browser
SCATTER = f"{FIGURES}.find(v => v.model.css_classes.includes('gm-scatter'))"
PIXELS = f"""(least) => {{  // of the dispersion, by whether they have so many stars; drawn or not
  const {{ image, stars }} = {FIGURES}[3].model.renderers[0].data_source.data
  const drawn = [...image[0]].map(Number.isFinite)
  const few = [...stars[0]].map((count) => count < least)
  const shown = drawn.filter((is, at) => is && few[at]).length
  const hidden = drawn.filter((is, at) => !is && few[at] && stars[0][at] > 0).length
  return [shown, hidden, drawn.filter((is) => is).length]
}}"""
PAGE = "https://www.tng-project.org/api/TNG100-1/snapshots/99/subhalos/0/"


@pytest.fixture(scope="module")
def box(home_folder):
    """A table of 100 galaxies under the names of TNG100, the first of them with a small number."""
    samples = make_samples(100)
    samples["name"] = samples["name"].str.replace("synthetic/table/0/", "TNG/TNG100-1/99/")
    samples["b_over_t"] = samples["b_over_t"].where(samples["name"] != "TNG/TNG100-1/99/0", 0.0042)
    folder = home_folder / "box"
    make_dataset(folder, samples)
    yield folder.name
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def table(open_lasting_tab, dashboard, box):
    """Explore on that table, at an address with a wrong value."""
    page = open_lasting_tab(f"{dashboard}?data={box}&galaxy=0&y=sigma_v&x=abs_mag_r&against=mass")
    page.wait_for_function(f"() => window.Bokeh && {SCATTER}")
    return page


def test_a_wrong_value_of_an_address_is_named(table):
    alert = table.locator(".gm-error").get_by_role("alert")
    expect(alert).to_have_text("The address asks for against=mass, but there is no such value.")
    expect(table.locator(".gm-headline h1")).to_have_text("Subhalo 0")
    table.locator(".gm-dismiss button").click()
    expect(alert).to_have_count(0)


@pytest.mark.parametrize(
    ("query", "wrong", "right"),
    [
        (
            "page=nowhere&data=many&galaxy=1001&los=w&more=nothing&x=abs_mag_r",
            ["page=nowhere", "los=w", "more=nothing"],
            {".gm-headline h1": "Subhalo 1001", ".gm-los .bk-active": "z"},
        ),
        (
            "page=compare&data=many&panels=2V;foo;r&branches=zzz&target=log_mtot_1rhsm&against=hue",
            ["panels=foo", "branches=zzz", "against=hue"],
            {".gm-compared-0 h2": "V + σ", ".gm-compared-1 h2": "r"},
        ),
    ],
)
def test_wrong_words_of_an_address_are_named_and_the_others_hold(
    open_tab, dashboard, query, wrong, right
):
    page = open_tab(f"{dashboard}?{query}")
    sentences = (f"The address asks for {word}, but there is no such value." for word in wrong)
    alert = page.locator(".gm-error").get_by_role("alert")
    for sentence in sentences:
        expect(alert).to_contain_text(sentence)
    expect(page.locator(".gm-dataset select")).to_have_value("many")
    for look, words in right.items():
        expect(page.locator(f"{look}:visible")).to_have_text(words)


def test_a_galaxy_of_a_simulation_links_to_its_page_there(table):
    link = table.locator(".gm-headline a")
    expect(link).to_have_attribute("href", PAGE)
    expect(link).to_have_attribute("target", "_blank")
    expect(link).to_have_attribute("rel", "noreferrer")
    asked = []

    def answer(route):
        asked.append(route.request.headers)
        route.fulfill(body="its page")

    table.context.route(PAGE, answer)
    with table.context.expect_page() as coming:
        link.click()
    coming.value.wait_for_url(PAGE)
    coming.value.close()
    table.context.unroute(PAGE)
    assert ["referer" in headers for headers in asked] == [False]


def test_a_small_number_has_two_digits(table):
    line = table.locator(".gm-properties tr", has_text="B/T")
    expect(line.locator(".number")).to_have_text("0.0042")


def test_points_have_a_trend_and_their_id_and_a_colour_keeps_the_zoom(table):
    kinds = table.evaluate(
        f"""() => {SCATTER}.model.renderers
            .filter(r => r.data_source.data.median?.length > 2 && r.visible)
            .map(r => r.glyph.type)"""
    )
    assert kinds == ["VArea", "Line", "Line"]  # the band; the line and what is around it
    wait_until_drawn(table)
    table.evaluate(
        f"""() => {{
            const view = {SCATTER}
            view.frame.x_range.setv({{ start: -21, end: -19.5 }})
            view.trigger_ranges_update_event()
        }}"""
    )
    table.locator(".gm-axis-colour select").select_option(label="effective radius · R_e [kpc]")
    table.wait_for_function(f"() => {SCATTER}?.model.right.length === 1")  # its bar
    wait_until_drawn(table)
    ends = table.evaluate(f"[{SCATTER}.frame.x_range.start, {SCATTER}.frame.x_range.end]")
    assert ends == pytest.approx([-21, -19.5])
    table.locator(".gm-scatter").scroll_into_view_if_needed()
    x, y, name = table.evaluate(
        f"""() => {{  // of a point in view
            const view = {SCATTER}, {{ frame }} = view, around = view.el.getBoundingClientRect()
            const {{ data }} = view.model.renderers.find(r => r.data_source.data.name).data_source
            const at = data.x.findIndex((x) => x > -20.5 && x < -20)
            return [around.left + frame.x_scale.compute(data.x[at]),
                around.top + frame.y_scale.compute(data.y[at]), data.name[at]]
        }}"""
    )
    table.mouse.move(x - 3, y)
    table.mouse.move(x, y)
    expect(tooltip(table)).to_contain_text("subhalo")
    expect(tooltip(table)).to_contain_text(name)


def tooltip(page):
    return page.locator(".bk-Tooltip:visible, .bk-tooltip:visible").first


# Maps, and what opens below them


@pytest.fixture(scope="module")
def maps(open_lasting_tab, dashboard):
    """Explore on the second of five galaxies, with parts open."""
    page = open_lasting_tab(f"{dashboard}?galaxy=2&more=motion,alike,beside")
    page.wait_for_function(f"() => window.Bokeh && {FIGURES}.length >= 7")
    return page


def test_dispersion_of_pixels_of_few_stars_is_empty_and_the_pointer_says_of_how_many(maps):
    wait_until_drawn(maps)
    shown, hidden, before = maps.evaluate(PIXELS, 2)
    assert shown == 0
    assert hidden > 0
    place = maps.locator(".gm-map-sigma canvas").first.bounding_box()
    middle = (place[at] + place[size] / 2 for at, size in (("x", "width"), ("y", "height")))
    maps.mouse.move(*middle)
    expect(tooltip(maps)).to_contain_text(re.compile(r"= \d.* km/s, stars: \d"))
    maps.locator(".gm-least-stars").get_by_role("button", name="10", exact=True).click()
    maps.wait_for_function(f"before => ({PIXELS})(10)[2] < before", arg=before)
    shown, hidden, _ = maps.evaluate(PIXELS, 10)
    assert shown == 0
    assert hidden > 0
    maps.wait_for_url(re.compile("stars=10"))


def test_motions_are_drawn_by_radius(maps):
    maps.locator(".gm-motion canvas").nth(2).wait_for()
    maps.wait_for_function(
        f"""() => ["v", "sigma", "v_circ", "v_over_sigma", "lambda_r", "f_dm"].every(
            key => {FIGURES}.some(v => v.model.renderers.some(
                r => r.glyph.y?.field === key && r.data_source.data[key].some(Number.isFinite)
            ))
        )"""
    )


def test_lookalikes_and_twins_have_their_cards(maps):
    alike = maps.locator(".gm-lookalikes")
    expect(alike.get_by_role("heading", name="Most alike")).to_be_visible()
    expect(alike.get_by_role("heading", name="Twins of other mass")).to_be_visible()
    rows = alike.locator(".gm-cards")
    for place in range(2):
        expect(rows.nth(place).get_by_role("button").first).to_contain_text("closer than")


def test_two_galaxies_are_pinned_side_by_side(maps):
    maps.locator(".gm-pin button").click()
    beside = maps.locator(".gm-beside")
    expect(beside.locator("h1")).to_have_text("Subhalo 2")
    maps.locator(".gm-next button").click()
    expect(maps.locator(".gm-portrait-top h1")).to_have_text("Subhalo 3")
    expect(beside.locator("h1")).to_have_text("Subhalo 2")
    expect(beside.locator(".gm-map-panel")).to_have_count(4)
    mass = beside.locator(".gm-tables tr", has_text="log M").first.locator(".number")
    expect(mass).to_have_count(3)
    pinned, here, difference = (float(each.replace("−", "-")) for each in mass.all_inner_texts())
    assert here > pinned  # each is heavier than the one before
    assert difference == pytest.approx(here - pinned, abs=0.011)


# Runs


@pytest.fixture(scope="module")
def many(home_folder):
    return open_dataset(home_folder / "many")


@pytest.fixture(scope="module")
def runs(open_lasting_tab, dashboard, many):
    """Compare, on a run of which a newer one comes later."""
    page = open_lasting_tab(f"{dashboard}?page=compare&data=many&panels=2V&branches=2V")
    page.locator(".gm-square canvas").first.wait_for()
    return page


@pytest.fixture(scope="module")
def newer(runs, home_folder, many):
    """A newer run of the same maps on another split, with a log, while the page is open."""
    expect(runs.locator(".gm-compared-0 small")).to_have_text("run mstar-2V-0")
    runs.wait_for_url(re.compile("runs=mstar-2V-0"))
    run = make_run(home_folder, many, "mstar/2V", 0.2, seed=1)
    (run.path / LOG).write_text("epoch 2 of 2\n")
    yield run
    shutil.rmtree(run.path, ignore_errors=True)  # unless it stayed deleted


def test_compare_stays_on_its_run_until_the_newer_one_is_asked_for(runs, newer):
    panel = runs.locator(".gm-compared-0")
    offer = panel.locator(".gm-newer button")
    before = panel.locator(".numbers").inner_text()
    expect(offer).to_have_text("Show newer run")
    expect(panel.locator("small")).to_have_text("run mstar-2V-0")
    expect(panel.locator(".numbers")).to_have_text(before)
    offer.click()
    expect(panel.locator("small")).to_have_text(f"run {newer.name}")
    expect(panel.locator(".numbers")).not_to_have_text(before)
    expect(offer).to_be_hidden()
    runs.wait_for_url(re.compile(f"runs=.*{newer.name}"))


def test_a_seventh_panel_says_which_one_it_has_replaced(runs):
    titles = runs.locator(".gm-compared:visible .gm-compared-head h2")
    for count, name in enumerate(("r", "σ", "V", "g−r", "r", "V"), start=2):
        expect(titles).to_have_count(count - 1)
        runs.locator(".gm-branches").get_by_role("button", name=name, exact=True).click()
    words = "g−r + V has replaced g−r: there are at most 6 panels."
    expect(runs.locator(".gm-compare-controls")).to_contain_text(words)
    assert titles.all_inner_texts() == ["V + σ", "r + V + σ", "r + V", "r", "r + g−r", "g−r + V"]


def test_a_deleted_run_comes_back(runs, newer):
    runs.locator(".gm-pages").get_by_role("button", name="Runs").click()
    rows = runs.locator(".gm-run-table tbody tr", has_text="mstar/2V")
    row = rows.filter(has_text="galaxy, 1")
    row.get_by_role("button").click()
    expect(runs.locator(".gm-run-title h2")).to_have_text(newer.name)
    runs.locator(".gm-run-log summary").click()
    expect(runs.locator(".gm-run-log pre")).to_have_text("epoch 2 of 2")
    runs.locator(".gm-run-delete button").click()
    expect(runs.locator(".gm-run-gone")).to_contain_text(f"Deleted {newer.name}.")
    expect(row).to_have_count(0)
    assert not newer.path.exists()
    runs.locator(".gm-run-undo button").click()
    expect(row).to_have_count(1)
    expect(runs.locator(".gm-run-title h2")).to_have_text(newer.name)
    assert newer.path.exists()


def test_estimates_stand_beside_the_truth_and_numbers_have_percentiles(runs, many):
    truth = choose(runs, many, "test")
    line = runs.locator(".gm-strips table").first.locator("tr", has_text="r + V + σ")
    expect(line.locator(".aside")).to_have_text(re.compile(r"68 %: \d+\.\d\d to \d+\.\d\d"))
    value, error = (each.replace("−", "-") for each in line.locator(".number").all_inner_texts())
    assert float(value) - truth == pytest.approx(float(error), abs=0.011)
    drawn = [line.locator(f".track {mark}") for mark in ("s", "i", "b")]
    assert [each.count() for each in drawn] == [1, 2, 1]  # truth, intervals of 90 and 68 %, value
    true, _, middle = (each.first.bounding_box()["x"] for each in drawn)
    assert (middle > true) == (float(value) > truth)
    mass = runs.locator(".gm-targets tr", has_text="stellar mass M*").first
    (of_all, at_mass) = mass.locator(".standing").all_inner_texts()
    assert 0 <= int(of_all) <= 100
    assert re.fullmatch(r"\d+|–", at_mass)


def test_a_galaxy_that_a_run_learned_from_is_said_not_to_test_it(runs, many):
    choose(runs, many, "train")
    lines = runs.locator(".gm-strips table").first.locator("tr", has_text="not tested")
    expect(lines.first.locator("b").last).to_have_text(
        "not tested on this galaxy: it was in the training set"
    )
    expect(lines.first.locator(".number, i")).to_have_count(0)


def choose(page, data, part):
    """Show the first sample of a part of the split on Explore; return its true mass."""
    parts = split_samples(data.samples, sizes=NETWORK_SIZES)
    name = data.samples["name"][parts == part].iloc[0]
    page.locator(".gm-pages").get_by_role("button", name="Explore").click()
    box = page.locator(".gm-id input")
    box.fill(name.rpartition("/")[2])
    box.press("Enter")
    expect(page.locator(".gm-portrait-top h1")).to_have_text(f"Subhalo {name.rpartition('/')[2]}")
    truth = data.row(name, "z")["log_mstar_1rhsm"]
    expect(page.locator(".gm-strips .truth").first).to_have_text(f"truth {truth:.2f}")
    return truth


class _WithoutReady:
    """A connection on which the page never says that it is complete, as a slow one for a while."""

    def __init__(self, socket):
        self._server, self._parts, self.held = socket.connect_to_server(), [], 0
        socket.on_message(self._hear)

    def _hear(self, part):
        """Take a header, metadata and content, and pass on all three, or none."""
        self._parts.append(part)
        if len(self._parts) == 3:
            if "document_ready" in self._parts[2]:
                self.held += 1
            else:
                for each in self._parts:
                    self._server.send(each)
            self._parts = []


def test_what_is_done_before_the_page_is_complete_is_in_the_address(dashboard, open_tab):
    page, connections = open_tab(f"{dashboard}?page=paper"), []
    page.route_web_socket("**", lambda socket: connections.append(_WithoutReady(socket)))
    page.goto(f"{dashboard}?page=train")
    page.locator(".gm-dataset select").select_option("Get TNG data…")
    expect(page).to_have_url(re.compile("[?&]get=on"))
    assert connections[-1].held
