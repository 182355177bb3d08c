"""Address, keys and filter without a browser: what they choose, and what they say."""

import pytest
from pages import widget
from sample_tables import make_dataset, make_samples

from galmass_app.state import Choice
from galmass_app.views.frame.address import Address, query, restore
from galmass_app.views.frame.guide import KEYS, Guide
from galmass_app.views.frame.selection_bar import SelectionBar
from galmass_app.views.picker import Picker


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
def choice(home, monkeypatch):
    monkeypatch.setenv("GALMASS_HOME", str(home))
    monkeypatch.delenv("GALMASS_DATA", raising=False)
    choice = Choice(dataset="first")
    choice.settle()
    return choice


def subhalo(choice):
    return choice.galaxy.rpartition("/")[2]


def test_step_is_an_entry_of_the_history_and_another_axis_is_none(choice):
    address = Address.of(choice)
    choice.step(+1)
    assert address.written == [1, query(choice)]
    choice.x = "sigma_v"
    assert address.written == [1, query(choice)]
    choice.page = "sample"
    assert address.written == [2, query(choice)]


def test_going_back_restores_everything_and_is_no_step(choice):
    address = Address.of(choice)
    choice.param.update(los="x", features="sigma_v", page="features")
    before, written = query(choice), address.written[0]
    choice.open("second")
    choice.param.update(los="y", features="", page="sample")
    address._handle_msg(before)
    assert query(choice) == before
    assert address.written == [written + 2, before]


def test_going_back_to_a_data_set_that_has_gone_says_so_and_stays(choice):
    address = Address.of(choice)
    gone = query(choice).replace("data=first", "data=gone")
    address._handle_msg(f"{gone}&los=x")
    assert (choice.dataset, choice.los) == ("first", "z")
    assert "no data set 'gone'" in choice.error
    assert address.written[1] == query(choice)


def test_address_says_only_what_differs_from_the_defaults(choice):
    assert query(choice) == "?data=first&galaxy=synthetic%2Ftable%2F0%2F0"
    choice.los = "x"
    assert query(choice).endswith("&los=x")


def test_address_with_a_value_that_does_not_exist_is_told(choice):
    restore(choice, "?los=q")
    assert choice.los == "z"
    assert "q" in choice.error


def test_every_key_does_something_and_none_does_harm_without_data(choice):
    guide = Guide.of(choice)
    seen = set()
    for key in KEYS:
        choice.param.update(galaxy=choice.data.galaxy_names[5], los="y")
        choice.param.update(past=[("log_mstar > 1", "")], future=[("log_mstar > 2", "")])
        before = query(choice)
        guide._handle_msg(key)
        seen.add(key) if query(choice) != before else None
    assert seen == set(KEYS) - {"y", "2"}  # it was seen along y
    nobody = Choice()
    for key in KEYS:
        Guide.of(nobody)._handle_msg(key)
    assert not nobody.error


def test_filter_keeps_the_heavy_and_previous_next_and_chance_stay_among_them(choice):
    data = choice.data
    heaviest = data.galaxies["log_mstar"].nlargest(3)
    names = [name for name in data.galaxy_names if name in heaviest.index]
    picker, bar = Picker(choice), SelectionBar.of(choice)
    bar._handle_msg(["keep", f"log_mstar >= {heaviest.min() - 1e-9:.12f}"])
    assert choice.galaxy == names[0]
    assert (bar.said["count"], bar.said["total"]) == (3, 20)
    choice.step(-1)
    assert choice.galaxy == names[2]
    choice.step(+2)
    assert choice.galaxy == names[1]
    for _ in range(8):
        choice.jump()
        assert choice.galaxy in names
    assert widget(picker, "gm-id").options == [name.rpartition("/")[2] for name in names]


def test_galaxy_asked_for_by_id_is_shown_also_if_the_filter_leaves_it_out(choice):
    choice.keep("name == 'synthetic/table/0/7'")
    choice.show("3")
    assert subhalo(choice) == "3"
    choice.step(+1)
    assert subhalo(choice) == "7"


@pytest.mark.parametrize(
    ("only", "said"),
    [("log_mstar >", "must be comparisons"), ("log_mstar > 99", "No galaxy of first has")],
)
def test_filter_that_keeps_nothing_is_told_and_the_one_before_stays(choice, only, said):
    bar = SelectionBar.of(choice)
    bar._handle_msg(["keep", "log_mstar > 0"])
    bar._handle_msg(["keep", only])
    assert said in bar.said["trouble"]
    assert choice.only == "log_mstar > 0"
    bar._handle_msg(["keep", ""])
    assert (choice.only, bar.said["trouble"]) == ("", "")


def test_filter_that_another_data_set_does_not_understand_is_dropped_with_a_word(choice):
    choice.keep("log_mstar > 0")
    choice.open("second")
    assert choice.only == ""
    assert "got log_mstar" in choice.not_kept
