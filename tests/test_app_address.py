"""The state of a session and its address."""

import pytest

from galmass_app import services
from galmass_app.address import FIELDS, correct, link, query, read
from galmass_app.state import SessionState

VALUES = {
    "page": "compare",
    "dataset": "my galaxies",
    "galaxy": "TNG/TNG100-1/99/501761",
    "los": "x",
    "selection_query": "log_mstar > 11 and is_central",
    "selection_label": "saved: heavy",
    "x": "sigma_v",
    "y": "lambda_r",
    "colours": "sample",
    "target": "f_dm_1rhsm",
    "features": ["sigma_v", "g_minus_r"],
    "split": "paper",
    "experiment": "mstar,mtot/g,r+2V",
    "run": "mstar-r+2V-20260101-120000",
    "explained_run": "mtot-r-20260101-120000",
    "branches": "g,r+2V",
    "panels": ["g,r+2V", "run:mstar-r+2V-20260101-120000", "power-law"],
    "pinned": ["g,r+2V", "mstar-r+2V-20260101-120000"],
    "reference": "run:mstar-r+2V-20260101-120000",
    "against": "sersic_n",
    "arrows": True,
    "figure": "table-4",
    "colour": "M[200c]",
    "transfer": "ours-to-theirs-mstar-features-coral-01234567:log_mstar_1rhsm",
    "getting": True,
    "diagnosed_run": "mstar-r-20260101-120000",
    "profile_run": "profile-features-20260101-120000",
    "profile_unit": "rhsm",
    "least_stars": 5,
    "building": True,
    "limits": ["V:-100.0:100.0", "g-r:0.2:0.9"],
    "insights": ["alike", "motion"],
    "alike": "g,r+2V",
    "beside": "TNG/TNG100-1/99/501761 x",
    "listed_run": "mtot-r-20260101-120000",
    "ticked_runs": ["mtot-r-20260101-120000", "mstar-r-20260101-120000"],
    "gallery_map": "V",
    "gallery_order": "log_mstar",
    "gallery_colour": "error|log_mtot_1rhsm|mtot-r-20260101-120000",
    "telescope": "SAMI",
    "tuned": ["seeing:2.5", "least:3"],
    "observed": "1-1-01234567",
    "further": ["age", "h3"],
}
OLD = [  # addresses as they were kept, and what they set
    ("", {}),
    ("?data=demo&galaxy=TNG%2FTNG100-1%2F99%2F501761&los=x", {"dataset": "demo", "los": "x"}),
    (
        "?page=sample&only=2001%2C3002&how=box+on+log_mstar",
        {"selection_query": "2001,3002", "selection_label": "box on log_mstar"},
    ),
    ("?only=log_mstar+%3E+11", {"selection_query": "log_mstar > 11"}),
    (
        "?page=features&features=sigma_v%2Cg_minus_r&split=paper",
        {"features": ["sigma_v", "g_minus_r"], "split": "paper"},
    ),
    ("?page=features&features=sigma_v", {"features": ["sigma_v"]}),
    (
        "?page=compare&panels=r%2B2V%3B2V&branches=2V&arrows=on",
        {"panels": ["r+2V", "2V"], "branches": "2V", "arrows": True},
    ),
    ("?page=compare&panels=r;2V&arrows=off", {"panels": ["r", "2V"], "arrows": False}),
    ("?page=compare&panels=g,r%2B2V", {"panels": ["g,r+2V"]}),
    ("?page=compare&panels=run%3Aone%3Bpower-law", {"panels": ["run:one", "power-law"]}),
    ("?page=train&data=demo&experiment=mstar/r%2B2V&run=one", {"run": "one"}),
    ("?page=why&asked=two&target=log_mtot_1rhsm", {"explained_run": "two"}),
    ("?page=paper&figure=table-4", {"page": "paper", "figure": "table-4"}),
    ("?page=compare&theme=light&unheard=of", {"page": "compare", "theme": "dark"}),
]


def test_every_parameter_of_an_address_has_a_value_here_that_is_no_default():
    defaults = SessionState()
    assert list(VALUES) == list(FIELDS)
    assert [name for name, value in VALUES.items() if getattr(defaults, name) == value] == []


@pytest.mark.parametrize("name", FIELDS)
def test_parameter_comes_back_from_its_address(name):
    session = SessionState()
    read(session, query(SessionState(**{name: VALUES[name]})))
    assert session.error == ""
    assert getattr(session, name) == VALUES[name]


def test_features_of_any_name_come_back_from_their_address():
    session, names = SessionState(), ["distance, km", "sigma_v", "M[200c]"]
    read(session, query(SessionState(features=names)))
    assert session.features == names


def test_state_comes_back_from_its_address():
    session = SessionState()
    read(session, query(SessionState(**VALUES)))
    assert {name: getattr(session, name) for name in FIELDS} == VALUES


def test_address_is_written_as_it_always_was():
    assert query(SessionState()) == "?"
    assert query(SessionState(**VALUES)) == (
        "?page=compare&data=my+galaxies&galaxy=TNG%2FTNG100-1%2F99%2F501761&los=x"
        "&only=log_mstar+%3E+11+and+is_central&how=saved%3A+heavy&x=sigma_v&y=lambda_r"
        "&colours=sample&target=f_dm_1rhsm&features=sigma_v%2Cg_minus_r&split=paper"
        "&experiment=mstar%2Cmtot%2Fg%2Cr%2B2V&run=mstar-r%2B2V-20260101-120000"
        "&asked=mtot-r-20260101-120000&branches=g%2Cr%2B2V"
        "&panels=g%2Cr%2B2V%3Brun%3Amstar-r%2B2V-20260101-120000%3Bpower-law"
        "&runs=g%2Cr%2B2V%3Bmstar-r%2B2V-20260101-120000"
        "&reference=run%3Amstar-r%2B2V-20260101-120000&against=sersic_n&arrows=on&figure=table-4"
        "&colour=M%5B200c%5D"
        "&transfer=ours-to-theirs-mstar-features-coral-01234567%3Alog_mstar_1rhsm&get=on"
        "&diagnosed=mstar-r-20260101-120000"
        "&profile=profile-features-20260101-120000&radii=rhsm&stars=5&build=on"
        "&limits=V%3A-100.0%3A100.0%3Bg-r%3A0.2%3A0.9"
        "&more=alike%2Cmotion&alike=g%2Cr%2B2V&beside=TNG%2FTNG100-1%2F99%2F501761+x"
        "&listed=mtot-r-20260101-120000"
        "&ticked=mtot-r-20260101-120000%3Bmstar-r-20260101-120000"
        "&map=V&order=log_mstar&frames=error%7Clog_mtot_1rhsm%7Cmtot-r-20260101-120000"
        "&telescope=SAMI&tuned=seeing%3A2.5%3Bleast%3A3&observed=1-1-01234567&further=age%2Ch3"
    )


@pytest.mark.parametrize(("search", "expected"), OLD)
def test_old_address_opens(search, expected):
    session = SessionState()
    read(session, search)
    assert session.error == ""
    assert {name: getattr(session, name) for name in expected} == expected


@pytest.mark.parametrize(
    "wrong", ["page=q", "los=q", "split=moon", "arrows=maybe", "colours=red", "stars=q"]
)
def test_wrong_value_is_named_and_the_default_stays(wrong):
    session, key = SessionState(), wrong.partition("=")[0].replace("stars", "least_stars")
    default = getattr(session, key)
    read(session, f"?{wrong}&x=sigma_v")
    assert session.error == f"The address asks for {wrong}, but there is no such value."
    assert (getattr(session, key), session.x) == (default, "sigma_v")


def test_a_training_that_was_just_started_is_a_known_run(monkeypatch, tmp_path):
    monkeypatch.setenv("GALMASS_HOME", str(tmp_path))
    (tmp_path / "runs" / "new").mkdir(parents=True)
    (tmp_path / "runs" / "new" / "log.txt").write_text("")
    session = SessionState()
    correct(session, "?page=train&run=new")  # a reload before its record is there
    assert session.error == ""
    correct(session, "?page=train&run=old")
    assert "run=old" in session.error


def test_address_without_a_run_opens_none(monkeypatch, tmp_path):
    opened = []
    monkeypatch.setenv("GALMASS_HOME", str(tmp_path))
    monkeypatch.delenv("GALMASS_DATA", raising=False)
    monkeypatch.setattr(services, "name_of_run", lambda word: opened.append(word) or word)
    session = SessionState()
    correct(session, "?page=compare&panels=r%3Bpower-law")
    assert (opened, session.error) == ([], "")
    correct(session, "?panels=run%3Agone")
    assert opened == ["gone"]
    assert "panels=run:gone" in session.error


def test_link_has_what_is_given():
    assert link(page="train", dataset="a b", experiment="mstar/r+2V") == (
        "?page=train&data=a%20b&experiment=mstar/r%2B2V"
    )
