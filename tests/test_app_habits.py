"""Address, keys and filter without a browser: what they choose, and what they say."""

import pytest
from pages import send, widget
from sample_tables import make_dataset, make_samples

from galmass_app.address import query, restore
from galmass_app.state import SessionState
from galmass_app.views.frame.address import Address
from galmass_app.views.frame.guide import KEYS, Guide
from galmass_app.views.frame.selection_bar import SelectionBar
from galmass_app.views.galaxy_picker import GalaxyPicker


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Two data sets of which the second has no stellar masses."""
    home = tmp_path_factory.mktemp("home")
    samples = make_samples(20)
    masses = samples.groupby("name")["log_mstar_1rhsm"].transform("first")
    make_dataset(home / "first", samples.assign(log_mstar=masses + 0.3))
    make_dataset(home / "second", samples)
    return home


@pytest.fixture
def session(home, monkeypatch):
    monkeypatch.setenv("GALMASS_HOME", str(home))
    monkeypatch.delenv("GALMASS_DATA", raising=False)
    session = SessionState(dataset="first")
    session.settle()
    return session


def subhalo(session):
    return session.galaxy.rpartition("/")[2]


def test_step_is_an_entry_of_the_history_and_another_axis_is_none(session):
    address = Address.of(session)
    session.step(+1)
    assert address.written == [1, query(session), 0]
    session.x = "sigma_v"
    assert address.written == [1, query(session), 0]
    session.page = "sample"
    assert address.written == [2, query(session), 0]


def test_going_back_restores_everything_and_is_no_step(session):
    address = Address.of(session)
    session.param.update(los="x", features=["sigma_v"], page="features")
    before, written = query(session), address.written[0]
    session.open("second")
    session.param.update(los="y", features=[], page="sample")
    send(address, [1, before])
    assert query(session) == before
    assert address.written == [written + 2, before, 1]


def test_going_back_to_a_data_set_that_has_gone_says_so_and_stays(session):
    address = Address.of(session)
    gone = query(session).replace("data=first", "data=gone")
    send(address, [1, f"{gone}&los=x"])
    assert (session.dataset, session.los) == ("first", "z")
    assert "no data set 'gone'" in session.error
    assert address.written[1] == query(session)


def test_address_says_only_what_differs_from_the_defaults(session):
    assert query(session) == "?data=first&galaxy=synthetic%2Ftable%2F0%2F0"
    session.los = "x"
    assert query(session).endswith("&los=x")


def test_address_with_a_value_that_does_not_exist_is_reported(session):
    restore(session, "?los=q")
    assert session.los == "z"
    assert "q" in session.error


def test_every_key_does_something_and_none_does_harm_without_data(session):
    guide = Guide.of(session)
    seen = set()
    for key in KEYS:
        session.param.update(galaxy=session.data.galaxy_names[5], los="y")
        session.param.update(past=[("log_mstar > 1", "")], future=[("log_mstar > 2", "")])
        before = query(session)
        send(guide, key)
        seen.add(key) if query(session) != before else None
    assert seen == set(KEYS) - {"y", "2"}  # it was seen along y
    nobody = SessionState()
    for key in KEYS:
        send(Guide.of(nobody), key)
    assert not nobody.error


def test_escape_closes_a_sheet_and_is_heard_only_while_one_is_open(session):
    guide = Guide.of(session)
    assert "Escape" not in guide.keys
    session.building = True
    assert "Escape" in guide.keys
    send(guide, "Escape")
    assert not session.building
    assert "Escape" not in guide.keys


def test_filter_keeps_the_heavy_and_previous_next_and_chance_stay_among_them(session):
    data = session.data
    heaviest = data.galaxies["log_mstar"].nlargest(3)
    names = [name for name in data.galaxy_names if name in heaviest.index]
    picker, bar = GalaxyPicker(session), SelectionBar.of(session)
    send(bar, ["keep", f"log_mstar >= {heaviest.min() - 1e-9:.12f}"])
    assert session.galaxy == names[0]
    assert (bar.summary["count"], bar.summary["total"]) == (3, 20)
    session.step(-1)
    assert session.galaxy == names[2]
    session.step(+2)
    assert session.galaxy == names[1]
    for _ in range(8):
        session.jump()
        assert session.galaxy in names
    assert widget(picker, "gm-id").options == [name.rpartition("/")[2] for name in names]


def test_galaxy_chosen_by_id_is_shown_also_if_the_filter_leaves_it_out(session):
    session.keep("name == 'synthetic/table/0/7'")
    session.show("3")
    assert subhalo(session) == "3"
    session.step(+1)
    assert subhalo(session) == "7"


@pytest.mark.parametrize(
    ("only", "words"),
    [("log_mstar >", "must be a condition"), ("log_mstar > 99", "No galaxy of first has")],
)
def test_filter_that_keeps_nothing_is_reported_and_the_one_before_stays(session, only, words):
    bar = SelectionBar.of(session)
    send(bar, ["keep", "log_mstar > 0"])
    send(bar, ["keep", only])
    assert words in bar.summary["trouble"]
    assert session.selection_query == "log_mstar > 0"
    send(bar, ["keep", ""])
    assert (session.selection_query, bar.summary["trouble"]) == ("", "")


def test_filter_that_another_data_set_does_not_understand_is_dropped_with_a_word(session):
    session.keep("log_mstar > 0")
    session.open("second")
    assert session.selection_query == ""
    assert "got log_mstar" in session.not_kept
