"""The dashboard without a browser: what is chosen, and what the views make of it."""

import shutil
import time
from dataclasses import replace
from types import SimpleNamespace
from urllib.parse import parse_qs

import numpy as np
import pandas as pd
import panel as pn
import pytest
from bokeh.document import Document
from demo_folder import NAMES, write_demo_galaxies
from pages import is_shown, parts, send, texts, widget
from panel.io.state import set_curdoc

from galmass_app import address, services
from galmass_app.page import SHEETS, Page
from galmass_app.state import SessionState
from galmass_app.views.explore.page import Explore
from galmass_app.views.four_maps import FourMaps
from galmass_app.views.frame.guide import Guide
from galmass_app.views.frame.status import Status
from galmass_app.views.galaxy_properties import headline, properties, true_masses
from galmass_app.views.scatter import Sample
from galmass_app.views.worker_poller import WorkerPoller
from galmass_core.datasets.build import build_dataset
from galmass_core.datasets.dataset import open_dataset
from galmass_core.datasets.dataset_tables import replace_samples, write_tables
from galmass_core.datasets.folders import shard_path


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A home folder of two data sets: toys with maps, and their numbers alone."""
    home = tmp_path_factory.mktemp("home")
    cutouts = write_demo_galaxies(tmp_path_factory.mktemp("sources") / "cutouts")
    toys = build_dataset([cutouts], home / "toys")
    write_tables(home / "numbers", toys.samples.drop(columns=["shard", "row"]), {})
    return home


@pytest.fixture
def home(built, tmp_path, monkeypatch):
    """A copy of it that a test may spoil; toys are what the dashboard was started on."""
    home = shutil.copytree(built, tmp_path / "home")
    monkeypatch.setenv("GALMASS_HOME", str(home))
    monkeypatch.setenv("GALMASS_DATA", str(home / "toys"))
    return home


@pytest.fixture
def session(home):
    session = SessionState()
    session.settle()
    return session


@pytest.fixture
def nothing(tmp_path, monkeypatch):
    """No data set anywhere."""
    monkeypatch.setenv("GALMASS_HOME", str(tmp_path))
    monkeypatch.delenv("GALMASS_DATA", raising=False)
    monkeypatch.setattr(services, "SHOWCASE", "not there")


# What is chosen


def test_first_galaxy_of_the_data_set_served_is_in_view(session):
    assert (session.dataset, session.galaxy, session.los) == ("toys", NAMES[0], "z")


def test_galaxy_is_found_by_subhalo_id_or_by_full_name(session):
    session.show(" 3 ")
    assert session.galaxy == NAMES[2]
    session.show(NAMES[1])
    assert session.galaxy == NAMES[1]


def test_wrong_id_keeps_the_galaxy_and_offers_the_nearest(session):
    session.show("17")
    assert session.galaxy == NAMES[0]
    assert session.not_found == "There is no subhalo 17 in toys. Nearest: 5, 4, 3."
    session.show("2")
    assert not session.not_found


def test_misspelt_name_is_offered_names_like_it(session):
    session.show("synthetic/demo-1/99/4x")
    assert "Nearest" in session.not_found


def test_after_the_last_galaxy_comes_the_first(session):
    session.step(-1)
    assert session.galaxy == NAMES[-1]
    session.step(+1)
    assert session.galaxy == NAMES[0]


def test_random_galaxy_is_another_one(session):
    for _ in range(10):
        before = session.galaxy
        session.jump()
        assert session.galaxy != before


def test_ids_that_two_galaxies_share_are_written_in_full(home):
    samples = open_dataset(home / "numbers").samples
    twins = samples.assign(name=samples["name"].str.replace("demo-1/99/2", "demo-2/99/1"))
    ids = services.subhalo_ids(write_tables(home / "twins", twins, {}))
    assert set(ids) == {NAMES[0], "synthetic/demo-2/99/1", "3", "4", "5"}


def test_other_data_set_starts_at_its_first_galaxy(session):
    session.show("4")
    session.open("numbers")
    assert (session.dataset, session.galaxy) == ("numbers", NAMES[0])


@pytest.mark.parametrize("name", ["nowhere", "spoilt"])
def test_data_set_that_cannot_be_opened_changes_nothing(home, session, name):
    shutil.copytree(home / "numbers", home / "spoilt")
    (home / "spoilt" / "dataset.json").write_text("{")
    session.show("4")
    session.open(name)
    assert (session.dataset, session.galaxy) == ("toys", NAMES[3])
    assert name in session.error


def test_data_set_that_is_absent_gives_way_to_one_that_is_there(home):
    session = SessionState(dataset="gone", galaxy="3")
    session.settle()
    assert (session.dataset, session.galaxy) == ("toys", NAMES[2])
    assert "gone" in session.error


def test_data_set_that_went_away_is_reported_and_the_picture_stays(home, session):
    page = Explore(session)
    shutil.rmtree(home / "toys")
    widget(page, "gm-next").clicks += 1
    assert session.galaxy == NAMES[0]
    assert "toys" in session.error
    assert "<h1>Subhalo 1</h1>" in texts(page)


def a_second_later(monkeypatch):
    """Let the services look at the home folder again, as they do each second."""
    later = time.monotonic_ns() + 10**9
    monkeypatch.setattr(services, "time", SimpleNamespace(monotonic_ns=lambda: later))


@pytest.mark.usefixtures("document")
def test_data_set_that_is_deleted_in_view_stays_there_and_others_are_offered(home, monkeypatch):
    page = Page()
    session, chooser = page.session, in_template(page, "gm-dataset")
    page.look()
    shutil.rmtree(home / "toys")
    a_second_later(monkeypatch)
    page.look()
    assert (session.dataset, session.galaxy, chooser.value) == ("toys", NAMES[0], "toys")
    assert "toys was deleted" in session.error
    assert "There are: numbers" in session.error
    session.page = "sample"  # still opens
    session.error = ""
    chooser.value = "numbers"
    assert (session.dataset, session.error) == ("numbers", "")


def test_data_set_that_is_replaced_in_view_is_shown_again_and_says_so(home, session, monkeypatch):
    page = Explore(session)
    session.show("5")
    session.follow_data()
    assert not session.error
    rest = session.data.samples["name"] != NAMES[4]
    replace_samples(session.data, session.data.samples[rest].reset_index(drop=True))
    a_second_later(monkeypatch)
    session.follow_data()
    assert "toys was changed on disk" in session.error
    assert f"no longer has {NAMES[4]}" in session.error
    assert "<h1>Subhalo 1</h1>" in texts(page)


def test_two_sessions_choose_apart_and_share_the_data(session):
    other = SessionState()
    other.settle()
    other.show("5")
    assert session.galaxy == NAMES[0]
    assert other.data is session.data


def test_data_set_that_was_rebuilt_is_opened_again(home, session):
    before = session.data
    replace_samples(before, before.samples.assign(redshift=2.0))
    assert session.data.samples["redshift"].unique() == [2.0]


# What the views make of it


def test_views_follow_the_galaxy(session):
    page = Explore(session)
    session.show("2")
    assert "<h1>Subhalo 2</h1>" in texts(page)
    assert widget(page, "gm-id").value == "2"
    assert not session.pending
    assert not session.error


def test_id_box_and_buttons_choose_the_galaxy(session):
    page = Explore(session)
    widget(page, "gm-id").value = "3"
    assert session.galaxy == NAMES[2]
    widget(page, "gm-next").clicks += 1
    assert session.galaxy == NAMES[3]
    widget(page, "gm-previous").clicks += 1
    assert session.galaxy == NAMES[2]
    widget(page, "gm-los").value = "x"
    assert "seen along x" in texts(page)


def test_empty_box_keeps_the_galaxy(session):
    page = Explore(session)
    session.show("3")
    widget(page, "gm-id").value = ""
    assert session.galaxy == NAMES[2]
    assert widget(page, "gm-id").value == "3"


def test_lines_of_sight_are_off_where_there_are_none(home, session):
    page = Explore(session)
    assert not widget(page, "gm-los").disabled
    samples = session.data.samples.drop_duplicates("name").drop(columns=["shard", "row"])
    write_tables(home / "catalogue", samples.assign(los="none").reset_index(drop=True), {})
    session.open("catalogue")
    assert widget(page, "gm-los").disabled
    assert "No line of sight" in texts(page)
    send(Guide.of(session), "x")
    assert session.los == "z"


def test_ranges_of_colours_are_set_by_hand(session):
    page = Explore(session)
    assert not parts(page, "gm-limits")
    session.colours = "hand"
    low, high = parts(widget(page, "gm-limits"), "gm-limit-V")
    high.value = 500.0
    assert session.limits == [f"V:{low.value}:500.0"]
    assert ">500</span>" in widget(page, "gm-map-V").objects[-1].object
    low.value = 900.0
    assert "must be below" in texts(page)
    assert session.limits[0].endswith(":500.0")
    session.colours = "galaxy"
    assert not is_shown(page, "gm-limits")


def test_status_is_ready_only_when_no_worker_is_awaited(session):
    status = Status(session)
    assert "ready" in texts(status)
    jobs = [True, False]
    poller = WorkerPoller(lambda: jobs.pop(0), session)
    poller.wake()
    assert "working" in texts(status)
    poller.poll()
    assert "working" in texts(status)
    poller.poll()
    assert "ready" in texts(status)


@pytest.mark.parametrize(("many", "place"), [(False, 0), (True, 4)])
def test_many_galaxies_open_on_one_that_is_worth_seeing(home, session, monkeypatch, many, place):
    samples = pd.concat([session.data.samples] * 12, ignore_index=True)
    names = [f"synthetic/demo-1/99/{number // 3}" for number in range(len(samples))]
    turning = np.where(np.arange(len(samples)) // 3 == 4, 0.9, 0.1)
    stars = np.where(np.arange(len(samples)) // 3 < 6, 9000, 400)
    table = samples.assign(name=names, lambda_r=turning, n_stars=stars)
    data = replace(session.data, samples=table if many else table.iloc[: 3 * 40])
    assert services.first_galaxy(data) == f"synthetic/demo-1/99/{place}"


def test_wrong_id_stays_in_the_box_beside_the_reason(session):
    page = Explore(session)
    widget(page, "gm-id").value = "17"
    assert widget(page, "gm-id").value == "17"
    assert 'role="alert">There is no subhalo 17' in texts(page)
    session.step(+1)
    assert widget(page, "gm-id").value == "2"
    assert 'role="alert"' not in texts(page)


def test_the_id_in_view_typed_again_takes_the_reason_away(session):
    page = Explore(session)
    box, here = widget(page, "gm-id"), widget(page, "gm-id").value
    box.value = "17"
    box.value = here
    assert not session.not_found
    assert 'role="alert"' not in texts(page)


def test_every_galaxy_can_be_looked_at_in_every_way(session):
    page = Explore(session)
    for theme, colours in (("dark", "galaxy"), ("light", "sample")):
        session.param.update(theme=theme, colours=colours)
        for los in "xyz":
            session.param.update(los=los)
            session.step(+1)
    session.param.update(x="f_dm_1rhsm", y="sigma_v")
    assert not session.error
    assert widget(page, "gm-axis-x").value == "f_dm_1rhsm"


def test_fixed_colours_are_those_of_the_whole_sample(session):
    page = Explore(session)
    own = widget(page, "gm-map-V").objects[-1].object
    session.colours = "sample"
    fixed = widget(page, "gm-map-V").objects[-1].object
    assert own != fixed
    session.step(+1)
    assert widget(page, "gm-map-V").objects[-1].object == fixed


def test_numbers_without_maps_say_what_to_do_next(session):
    page = Explore(session)
    session.open("numbers")
    assert not session.error
    assert "holds numbers, no maps" in texts(page)
    assert "stellar mass" in texts(page)
    session.open("toys")
    assert "holds numbers, no maps" not in texts(page)


def test_maps_that_cannot_be_read_are_not_those_of_the_galaxy_before(home, session):
    page = Explore(session)
    shard_path(home / "toys", 0).write_bytes(b"spoilt")
    session.step(+1)
    assert not page.slots[FourMaps].visible
    assert "cannot be read" in texts(page)
    assert "shard-00000.h5" in session.error
    assert "<h1>Subhalo 2</h1>" in texts(page)


@pytest.mark.usefixtures("nothing")
def test_without_any_data_the_page_says_how_to_make_some():
    session = SessionState()
    session.settle()
    assert "galmass build" in texts(Explore(session))
    assert "no data set" in texts(Status(session))


def test_synthetic_galaxies_are_labelled(session):
    row = session.data.row(session.galaxy, "x").copy()
    assert "synthetic</span>" in headline(row)
    assert "synthetic" in texts(Status(session))
    row["synthetic"], row["name"] = False, "TNG/TNG100-1/99/7"
    assert "synthetic" not in headline(row)
    assert "TNG100-1, snapshot 99" in headline(row)


def test_thinned_data_set_is_called_so(home, session):
    assert "thinned" not in texts(Status(session))
    data = session.data
    replace_samples(data, data.samples, stars=2000)
    again = SessionState()
    again.settle()
    assert "thinned to 2,000 stars" in texts(Status(again))


def test_facts_explain_every_term_and_leave_out_what_is_not_known(session):
    row = session.data.row(session.galaxy, "x").copy()
    row["log_mgas"] = float("nan")
    page = properties(row) + true_masses(row)
    assert page.count("data-help") == page.count('scope="row"') > 20
    assert "nan" not in page
    assert "half-mass radius" in page
    assert f"{row['log_mtot_2rhsm']:.2f}" in page
    assert "redshift 0.00 · seen along x" in headline(row)
    assert "redshift" not in headline(row.drop("redshift"))


def test_error_stays_until_it_is_dismissed(session):
    status = Status(session)
    session.error = "a < b"
    session.step(+1)
    assert "a &lt; b" in texts(status)
    widget(status, "gm-dismiss").clicks += 1
    assert not session.error
    assert "a &lt; b" not in texts(status)


def test_tap_in_the_scatter_chooses_the_nearest_sample(session):
    page = Explore(session)
    row = session.data.row(NAMES[3], "y")
    session.param.update(x="sigma_v", y="log_mstar2d_1rhsm")
    page.views[Sample].tap(row["sigma_v"], row["log_mstar2d_1rhsm"])
    assert (session.galaxy, session.los) == (NAMES[3], "y")


def test_tap_where_all_lines_of_sight_coincide_keeps_the_one_in_view(session):
    page = Explore(session)
    row = session.data.row(NAMES[3], "x")
    page.views[Sample].tap(row["log_mstar"], row["log_mtot_1rhsm"])
    assert (session.galaxy, session.los) == (NAMES[3], "z")


# The frame


@pytest.fixture
def document(home):
    document = Document()
    with set_curdoc(document):
        yield document


@pytest.mark.usefixtures("document")
def test_url_is_read_and_kept():
    pn.state.location.search = "?data=toys&galaxy=3&los=x&x=sigma_v"
    session = Page().session
    assert (session.galaxy, session.los, session.x) == (NAMES[2], "x", "sigma_v")
    session.step(+1)
    query = parse_qs(address.query(session).removeprefix("?"))
    assert (query["galaxy"], query["los"], query["data"]) == ([NAMES[3]], ["x"], ["toys"])


@pytest.mark.usefixtures("document")
def test_nonsense_in_the_url_is_reported_and_left_aside():
    pn.state.location.search = "?galaxy=99&los=q&x=nonsense"
    session = Page().session
    assert (session.galaxy, session.los, session.x) == (NAMES[0], "z", "log_mstar")
    assert "los=q" in session.error
    assert "no subhalo 99" in session.error


@pytest.mark.usefixtures("document")
def test_page_that_does_not_exist_gives_way_to_the_explorer():
    pn.state.location.search = "?page=nonsense"
    session = Page().session
    assert session.page == "explore"
    assert "page=nonsense" in session.error


@pytest.mark.usefixtures("document")
@pytest.mark.parametrize(
    "wrong",
    ["x=nonsense", "panels=foo", "branches=zzz", "target=q", "run=gone", "against=q", "limits=V"],
)
def test_wrong_value_of_an_address_is_named_and_dropped(wrong):
    pn.state.location.search = f"?{wrong}"
    session = Page().session
    assert session.error == f"The address asks for {wrong}, but there is no such value."
    assert address.query(session) == address.query(SessionState(**address_values(session)))


@pytest.mark.usefixtures("document")
def test_what_exists_beside_a_wrong_value_stays():
    pn.state.location.search = "?panels=foo;r;power-law;bar"
    session = Page().session
    assert session.panels == ["r", "power-law"]
    assert "panels=foo" in session.error
    assert "panels=bar" in session.error


def address_values(session):
    return {"dataset": session.dataset, "galaxy": session.galaxy}


def test_page_has_all_its_parts(document):
    page = Page()
    page.template.server_doc(document)
    roots = {root.name for root in document.roots}
    assert {"pages", "chooser", "theme", "main", "status", "address"} <= roots
    page.session.step(+1)
    assert not page.session.error


def in_template(page, css_class):
    """Return the one root of a page that has a CSS class."""
    (found,) = page.template.select(lambda part: css_class in part.css_classes)
    return found


@pytest.mark.usefixtures("document")
def test_data_set_chooser_offers_to_get_data_one_sheet_at_a_time():
    page = Page()
    chooser = in_template(page, "gm-dataset")
    before = chooser.value
    sheets = in_template(page, "gm-fetch-place")
    assert chooser.options[-2:] == list(SHEETS)
    assert [sheet.visible for sheet in sheets] == [False, False]
    for place, (choice, (name, _)) in enumerate(SHEETS.items()):
        chooser.value = choice
        assert (getattr(page.session, name), chooser.value) == (True, before)
        assert [sheet.visible for sheet in sheets] == [number == place for number in (0, 1)]
        assert len(sheets[place]) == 1
    page.session.building = False
    assert [sheet.visible for sheet in sheets] == [False, False]


@pytest.mark.usefixtures("document")
def test_data_set_chooser_goes_back_if_a_data_set_cannot_be_opened(home):
    page = Page()
    chooser = in_template(page, "gm-dataset")
    page.session.open("numbers")  # as the browser's back button may
    assert chooser.value == "numbers"
    (home / "toys" / "dataset.json").write_text("{")
    chooser.value = "toys"
    assert chooser.value == page.session.dataset == "numbers"
