import shutil

import pytest
from pages import parts, texts, widget
from sample_tables import make_simulation

from galmass_app import processes
from galmass_app.state import SessionState
from galmass_app.views.download import Download
from galmass_app.views.transfer.page import Transfer
from galmass_core.datasets.dataset import open_dataset
from galmass_core.transfers.records import run_transfer

TARGET = "log_mstar_1rhsm"


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """A home folder with two data sets made alike, and one that was not."""
    folder = tmp_path_factory.mktemp("bare")
    for seed, (name, stars) in enumerate({"ours": None, "theirs": None, "thin": 500}.items()):
        make_simulation(folder / name, seed, stars=stars)
    return folder


def visit(home):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GALMASS_HOME", str(home))
        patch.delenv("GALMASS_DATA", raising=False)
        session = SessionState(page="transfer", dataset="ours")
        session.settle()
        yield Transfer(session)


@pytest.fixture(scope="module")
def page(bare, tmp_path_factory):
    """The page with two records of the pair."""
    home = shutil.copytree(bare, tmp_path_factory.mktemp("home") / "home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GALMASS_HOME", str(home))
        pair = open_dataset("ours"), open_dataset("theirs")
        run_transfer(*pair, "mstar/power-law")
        run_transfer(*pair, "mstar/features", adapt="coral")
    yield from visit(home)


@pytest.fixture
def form(bare):
    """The page without any record."""
    yield from visit(bare)


def choose(page, name):
    select = widget(page, "gm-record")
    select.value = next(value for text, value in select.options.items() if name in text)


def test_the_newest_record_is_shown_with_every_case(page):
    assert widget(page, "gm-pair").value == "ours → theirs"
    choose(page, "trees")
    words = texts(page)
    for text in (
        "trained and tested on ours",
        "trained on ours, tested on theirs",
        "the same, adapted to theirs without its labels",
        "trained and tested on theirs",
        "synthetic",
        "adaptation: coral",
    ):
        assert text in words
    assert len([part for part in parts(page, "gm-compared") if part.visible]) == 4


def test_a_record_without_adaptation_has_no_panel_for_it(page):
    choose(page, "power law")
    visible = [part for part in parts(page, "gm-compared") if part.visible]
    assert len(visible) == 3


def test_the_choice_is_in_the_state(page):
    choose(page, "power law")
    assert page.session.transfer.startswith("ours-to-theirs-mstar-power-law-none")
    assert page.session.transfer.endswith(f":{TARGET}")


def test_the_scores_can_be_downloaded(page):
    menu = next(iter(page.__panel__().select(Download)))
    table = menu.files["CSV"]().decode()
    assert table.startswith("case,target")
    assert len(table.splitlines()) > 3


def test_the_button_starts_the_command_that_is_shown(form, monkeypatch):
    started = []
    monkeypatch.setattr(processes, "detach", lambda log, *words: started.append(words))
    widget(form, "gm-transfer-test").value = "theirs"
    shown = widget(form, "gm-command").text
    assert shown == "galmass transfer --train ours --test theirs --adapt coral"
    button = widget(form, "gm-transfer-start")
    button.clicks += 1
    button.clicks += 1  # a second click at once starts nothing
    assert started == [("transfer", *shown.split()[2:])]
    assert "Starting…" in texts(form)


def test_data_sets_that_differ_are_not_started(form, monkeypatch):
    monkeypatch.setattr(processes, "detach", None)
    widget(form, "gm-transfer-test").value = "thin"
    assert widget(form, "gm-transfer-start").disabled
    assert "thin both with the same --stars" in texts(form)
    widget(form, "gm-transfer-start").clicks += 1


def test_data_that_are_deleted_while_open_raise_nothing(bare, tmp_path):
    home = shutil.copytree(bare, tmp_path / "home")
    for page in visit(home):
        shutil.rmtree(home / "ours")
        page.session.follow_data()
        widget(page, "gm-transfer-test").value = "thin"
        assert "Train on ours" in texts(page)
        assert "was deleted" in page.session.error


def test_why_a_command_failed_is_reported(form, monkeypatch):
    def fail(log, *_):
        log.write_text("reading\ngalmass: no space left\n")

    monkeypatch.setattr(processes, "detach", fail)
    widget(form, "gm-transfer-test").value = "theirs"
    widget(form, "gm-transfer-start").clicks += 1
    assert form.session.error == "no space left"
    assert not widget(form, "gm-transfer-start").disabled


def test_without_a_record_the_page_says_how_to_make_one(form):
    assert "galmass demo --galaxies 400 --seed 2 --universe variant" in texts(form)
    assert not widget(form, "gm-slot-transferpanels").visible
