import argparse
import json
import os
import subprocess
import sys
import time
import weakref
from importlib import import_module

import numpy as np
import pytest
from demo_folder import NAMES, particles, write_demo_galaxies

import galmass_core
from galmass_core.cli import COMMANDS, main
from galmass_core.datasets.filter_syntax import LANGUAGE
from galmass_core.sources import find_galaxies
from galmass_core.synthetic.snapshot_writer import read_simulation, write_directory
from galmass_core.synthetic.subfind import Placed
from galmass_core.synthetic.universe import simulation_name


@pytest.fixture(scope="module")
def cutouts(tmp_path_factory):
    return write_demo_galaxies(tmp_path_factory.mktemp("sources") / "cutouts", count=3)


@pytest.fixture(scope="module")
def toys(cutouts, tmp_path_factory):
    out = tmp_path_factory.mktemp("home") / "toys"
    assert main(["build", str(cutouts), "--out", str(out), "--workers", "1"]) == 0
    return out


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch):
    """What a command leaves in the environment ends with its test."""
    for name in ("GALMASS_HOME", "GALMASS_DATA"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


def test_help_comes_without_heavy_packages():
    code = (
        "import sys; from galmass_core.cli import main\n"
        "try: main(['build', '--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'pandas', 'torch', 'numba', 'panel', 'h5py'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    help_text = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert b"example: galmass build" in help_text.stdout


def test_commands_load_what_they_need_alone(cutouts, toys, tmp_path):
    code = (
        "import sys; from galmass_core.cli import main\n"
        "cutouts, toys, out = sys.argv[1:]\n"
        "for words in (['build', cutouts, '--out', out, '--workers', '1'],\n"
        "              ['info', toys], ['check', toys], ['runs']):\n"
        "    assert main(words) == 0\n"
        "heavy = {'scipy', 'numba', 'torch', 'lightgbm', 'astropy', 'requests', 'bokeh'}\n"
        "heavy = (heavy | {'pyarrow.dataset', 'galmass_core.cli.serve'}) & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    command = [sys.executable, "-c", code, str(cutouts), str(toys), str(tmp_path / "out")]
    done = subprocess.run(
        command, capture_output=True, text=True, env=os.environ | {"GALMASS_HOME": str(tmp_path)}
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("module", COMMANDS)
def test_commands_are_listed_with_their_modules(module):
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers()
    import_module(f"galmass_core.cli.{module}").add_commands(commands)
    assert tuple(commands.choices) == COMMANDS[module]


def test_version_is_that_of_the_package(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out == f"galmass {galmass_core.__version__}\n"


def test_without_a_command_help_is_shown(capsys):
    assert main([]) == 0
    assert capsys.readouterr().out.startswith("usage: galmass")


@pytest.mark.parametrize("command", ["build", "info", "serve"])
def test_every_command_has_help_with_an_example(command, capsys):
    with pytest.raises(SystemExit) as end:
        main([command, "--help"])
    assert end.value.code == 0
    assert f"example: galmass {command}" in capsys.readouterr().out


def test_help_of_build_explains_conditions(capsys):
    with pytest.raises(SystemExit):
        main(["build", "--help"])
    output = capsys.readouterr().out
    assert all(example in output and meaning in output for example, meaning in LANGUAGE)


def test_info_in_json_has_a_row_per_galaxy(toys, capsys):
    assert main(["info", str(toys), "--json"]) == 0
    output = json.loads(capsys.readouterr().out)
    assert (output["schema"], output["split"], output["n"], output["galaxies"]) == (1, None, 9, 3)
    assert output["source"] == str(toys)
    assert output["excluded"] == []
    row = output["rows"][0]
    assert (row["name"], row["n_samples"]) == (NAMES[0], 3)
    assert row["mstar"] == pytest.approx(10 ** row["log_mstar"])
    assert row["mstar"] == pytest.approx(4e9, rel=1e-3)  # bulge 1e9, disc 3e9 Msun
    assert row["abs_mag_r"] > row["abs_mag_r_intrinsic"]  # dust dims


def test_info_in_words_counts_and_names_units(toys, capsys):
    assert main(["info", "toys", "--home", str(toys.parent)]) == 0
    words = capsys.readouterr().out
    assert "3 galaxies (synthetic), 9 samples" in words
    assert "log stellar mass [Msun]" in words
    assert "half-mass radius [kpc]" in words


def test_build_chooses_and_reports_who_was_left_out(cutouts, tmp_path, capsys):
    (tmp_path / "ids").write_text(f"1\n{NAMES[1]}\n\n77\n")
    command = ["build", str(cutouts), "--out", str(tmp_path / "out"), "--dust", "none"]
    command += ["--workers", "1"]
    assert main([*command, "--ids", str(tmp_path / "ids"), "--where", "log_mstar > 9.65"]) == 0
    words = capsys.readouterr().out
    assert "1 galaxies (synthetic), 3 samples" in words
    assert "dust none" in words
    assert f"1 × where: log_mstar > 9.65 ({NAMES[0]})" in words
    assert "1 × no galaxy of the sources has this ID (77)" in words


def test_thinned_data_set_is_stated_in_words_and_in_json(cutouts, tmp_path, capsys):
    command = ["build", str(cutouts), "--out", str(tmp_path / "out"), "--stars", "500"]
    command += ["--workers", "1"]
    assert main(command) == 0
    words = capsys.readouterr().out
    assert "thinned to 500 stars a galaxy" in words
    assert f"1 × fewer than 500 star particles ({NAMES[0]})" in words
    assert main(["info", str(tmp_path / "out"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["stars"] == 500


def test_stars_without_a_number_are_refused(capsys):
    with pytest.raises(SystemExit) as end:
        main(["build", ".", "--out", "out", "--stars"])
    assert end.value.code == 2
    assert "--stars: expected one argument" in capsys.readouterr().err


@pytest.fixture
def drawn(tmp_path_factory, monkeypatch):
    """Draw three galaxies in the place of a universe; return which simulations were drawn."""
    names = []

    def write(folder, n, seed, *_, universe, **__):
        names.append(simulation_name(n, seed, universe))
        write_directory(folder, placed(3), names[-1])

    def find(n, seed, universe):
        folder = tmp_path_factory.mktemp("drawn") / "simulation"
        write(folder, n, seed, universe=universe)
        return find_galaxies([folder])

    monkeypatch.setattr("galmass_core.synthetic.universe.write_universe", write)
    monkeypatch.setattr("galmass_core.synthetic.drawn.find_universe", find)
    return names


def placed(count):
    """Galaxies of a synthetic simulation, far from each other."""
    return [
        Placed(particles(n + 6), n, np.full(3, 9000.0 * (n + 1)), np.zeros(3)) for n in range(count)
    ]


def test_thinned_demo_has_a_name_of_its_own(drawn, tmp_path, capsys):
    assert main(["demo", "--home", str(tmp_path), "--stars", "500", "--workers", "1"]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["universe-thin"]
    assert "thinned to 500 stars a galaxy" in capsys.readouterr().out


def test_demo_of_another_universe_has_a_name_of_its_own(drawn, tmp_path):
    words = ["demo", "--home", str(tmp_path), "--universe", "variant", "--workers", "1"]
    assert main(words) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["universe-variant"]
    assert drawn == ["demo-variant-1-300"]


def test_demo_again_shows_what_is_there(drawn, tmp_path, capsys):
    words = ["demo", "--home", str(tmp_path), "--galaxies", "3", "--workers", "1"]
    assert main(words) == main(words) == 0
    assert drawn == ["demo-1-3"]
    words_of_both = capsys.readouterr().out
    half = len(words_of_both) // 2
    assert words_of_both[:half] == words_of_both[half:]
    assert main([*words, "--seed", "2"]) == 2
    assert (
        "universe: must be a new folder or hold demo-2-3, got demo-1-3" in capsys.readouterr().err
    )


def test_demo_keeps_particles_where_they_are_wanted(drawn, tmp_path):
    words = ["demo", "--home", str(tmp_path), "--galaxies", "3", "--workers", "1"]
    assert main([*words, "--particles", str(tmp_path / "mine")]) == 0
    assert drawn == ["demo-1-3"]
    assert read_simulation(tmp_path / "mine") == "demo-1-3"


def test_demo_takes_no_particles_of_other_galaxies(drawn, tmp_path, capsys):
    write_directory(tmp_path / "mine", placed(3), "demo-1-3")
    words = ["demo", "--home", str(tmp_path), "--particles", str(tmp_path / "mine")]
    assert main([*words, "--galaxies", "3", "--seed", "2"]) == 2
    assert "mine: must be a new folder or hold demo-2-3, got demo-1-3" in capsys.readouterr().err
    assert drawn == []


def test_progress_goes_to_standard_error(cutouts, tmp_path):
    command = [sys.executable, "-m", "galmass_core.cli", "build", str(cutouts), "--json"]
    done = subprocess.run(
        [*command, "--out", str(tmp_path / "out"), "--workers", "1"],
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout)["galaxies"] == 3
    assert b"3/3" in done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["info", "nowhere"], "nowhere: must be a data-set folder"),
        (["build", "nowhere.hdf5", "--out", "out"], "nowhere.hdf5"),
        (["build", ".", "--out", "out", "--ids", "no.txt"], "no.txt"),
        (["build", ".", "--out", "out", "--where", "mass > 3"], "filter must name columns"),
        (["build", ".", "--out", "out", "--stars", "9"], "stars must be at least 100, got 9"),
        (["demo", "--out", "out", "--stars", "9"], "stars must be at least 100, got 9"),
        (["serve", "nowhere"], "nowhere: must be a data-set folder"),
    ],
)
def test_bad_input_is_one_sentence_and_code_2(words, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    output = capsys.readouterr().err
    assert output.startswith("galmass: ")
    assert message in output
    assert "Traceback" not in output


def test_ctrl_c_says_how_to_go_on(cutouts, tmp_path, monkeypatch, capsys):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("galmass_core.datasets.build.build_dataset", stop)
    assert main(["build", str(cutouts), "--out", str(tmp_path / "out")]) == 130
    assert (
        "Run the same command again to resume after the last complete shard."
        in capsys.readouterr().err
    )


def test_ctrl_c_in_a_callback_of_python_is_not_lost(cutouts, tmp_path, monkeypatch):
    class Node:
        pass

    def interrupt(_):
        raise KeyboardInterrupt

    def build(*_, **__):
        node = Node()
        reference = weakref.ref(node, interrupt)
        del node
        assert reference() is None
        time.sleep(10.0)

    monkeypatch.setattr("galmass_core.datasets.build.build_dataset", build)
    assert main(["build", str(cutouts), "--out", str(tmp_path / "out")]) == 130


def test_serve_starts_the_app_on_the_data(toys, monkeypatch):
    import os

    from panel.command.serve import Serve

    served = []
    monkeypatch.setattr(Serve, "invoke", lambda self, args: served.append(args))
    assert main(["serve", "toys", "--home", str(toys.parent), "--port", "5011"]) == 0
    (args,) = served
    assert args.files[0].endswith("main.py")
    assert (args.address, args.port, args.show) == ("127.0.0.1", 5011, True)
    assert args.warm
    assert os.environ["GALMASS_DATA"] == str(toys)
