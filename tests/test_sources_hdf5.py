"""Every access to a file of a simulation is checked in one place."""

import ast
from pathlib import Path

import h5py
import numpy as np
import pytest

from galmass_core import sources
from galmass_core.galaxy import GalaxyFileError
from galmass_core.sources import attributes, hdf5

FOLDER = Path(sources.__file__).parent


def write(path, **datasets):
    with h5py.File(path, "w") as file:
        for name, values in datasets.items():
            file[name] = values
    return path


def refuse(path, match, read):
    with hdf5.open_file(path) as file, pytest.raises(GalaxyFileError, match=match) as caught:
        read(file)
    assert str(path) in str(caught.value)


def field(name="x"):
    return lambda file: file.field(name)


def test_only_the_modules_that_open_files_know_h5py():
    importing = {
        path.name
        for path in FOLDER.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        and "h5py" in {getattr(node, "module", ""), *(alias.name for alias in node.names)}
    }
    assert importing == {"hdf5.py", "hdf5_opening.py"}


@pytest.mark.parametrize(
    ("values", "match"),
    [
        (1.0, "x must have rows, got a single value"),
        (h5py.Empty("f8"), "x must have rows, got none"),
        ([b"text"], "x must be real numbers, got "),
        ([1j], "x must be real numbers, got complex128"),
        (np.zeros(2, dtype=[("a", "f8")]), "x must be real numbers, got "),
    ],
)
def test_a_dataset_has_rows_of_real_numbers(tmp_path, values, match):
    refuse(write(tmp_path / "a.hdf5", x=values), match, field())


def test_a_group_is_no_dataset_and_a_dataset_no_group(tmp_path):
    path = write(tmp_path / "a.hdf5", **{"x/y": [1.0]})
    refuse(path, "x must be a dataset, got a group", field())
    refuse(path, "x/y must be a group, got a dataset", lambda file: file.members("x/y"))
    refuse(path, "x/y/z must be there, got none", field("x/y/z"))


@pytest.mark.parametrize("target", ["/x", "/nowhere"])
def test_links_that_lead_nowhere_are_missing_fields(tmp_path, target):
    path = write(tmp_path / "a.hdf5", x=h5py.SoftLink(target))
    refuse(path, "x must be there, got ", field())


def test_links_are_followed_in_the_folder_only(tmp_path):
    inside, outside = tmp_path / "sim", tmp_path / "elsewhere.hdf5"
    inside.mkdir()
    write(outside, x=[3.0])
    write(inside / "part.hdf5", x=[2.0], away=h5py.ExternalLink(str(outside), "/x"))
    path = write(
        inside / "a.hdf5",
        near=h5py.ExternalLink("part.hdf5", "/x"),
        far=h5py.ExternalLink("../elsewhere.hdf5", "/x"),
        by_way=h5py.ExternalLink("part.hdf5", "/away"),
        soft=h5py.SoftLink("/far"),
    )
    with hdf5.open_file(path) as file:
        assert file.field("near").read() == [2.0]
    refuse(path, "far must be in a file of .*sim, got a link to ../elsewhere.hdf5", field("far"))
    refuse(path, "must be in a file of .*sim", field("soft"))
    with hdf5.open_file(path) as file, pytest.raises(GalaxyFileError, match=r"part.hdf5: away"):
        file.field("by_way")


def test_bytes_of_other_files_are_no_rows(tmp_path):
    (tmp_path / "secret").write_bytes(b"12345678")
    (tmp_path / "sim").mkdir()
    path = tmp_path / "sim" / "a.hdf5"
    with h5py.File(path, "w") as file:
        file.create_dataset("x", (8,), "u1", external=[("../secret", 0, 8)])
    refuse(path, "x must be in a file of .*sim, got a link to ../secret", field())


def test_virtual_datasets_name_their_files(tmp_path):
    path = tmp_path / "a.hdf5"
    space = h5py.h5s.create_simple((2,), (h5py.h5s.UNLIMITED,))
    space.select_hyperslab((0,), (h5py.h5s.UNLIMITED,), (2,), (2,))
    made = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    made.set_virtual(space, b"part-%b.hdf5", b"x", h5py.h5s.create_simple((2,)))
    with h5py.File(path, "w", libver="latest") as file:
        h5py.h5d.create(file.id, b"x", h5py.h5t.IEEE_F64LE, space, made)
    refuse(path, "x must be in files of known number, got the pattern part-%b", field())


def test_virtual_datasets_of_virtual_ones_end(tmp_path):
    write(tmp_path / "0.hdf5", x=[1.0])
    for number in range(1, 10):
        layout = h5py.VirtualLayout((1,), "f8")
        layout[:] = h5py.VirtualSource(f"{number - 1}.hdf5", "x", (1,))
        with h5py.File(tmp_path / f"{number}.hdf5", "w") as file:
            file.create_virtual_dataset("x", layout)
    with hdf5.open_file(tmp_path / "3.hdf5") as file:
        assert file.field("x").read() == [1.0]
    path = tmp_path / "9.hdf5"
    with hdf5.open_file(path) as file, pytest.raises(GalaxyFileError, match="without an end"):
        file.field("x")


def test_rows_that_a_file_cannot_hold_are_not_made(tmp_path):
    path = tmp_path / "a.hdf5"
    with h5py.File(path, "w") as file:
        file.create_dataset("x", (10**9,), "f8", chunks=(64,))
    refuse(path, r"x must be stored whole, got shape \(1000000000,\)", field())


def test_numbers_and_counts_are_whole(tmp_path):
    path = write(tmp_path / "a.hdf5", x=[1.0, 2.5], y=[3.0, 4.0], z=np.array([2**63], "u8"))
    refuse(path, "x must be whole numbers, got others", lambda file: file.field("x").whole())
    refuse(path, "z must be whole numbers within", lambda file: file.field("z").whole())
    with hdf5.open_file(path) as file:
        assert file.field("y").whole().tolist() == [3, 4]


@pytest.mark.parametrize(
    ("value", "match"),
    [
        ("0.7", "Header/HubbleParam must be a number, got '0.7'"),
        (np.nan, "Header/HubbleParam must be a number, got 'nan'"),
        (h5py.Empty("f8"), "Header/HubbleParam must be there, got none"),
        (-0.7, "Header/HubbleParam must be a positive number, got -0.7"),
        (1e300, "Header/HubbleParam must be 0.1 to 10, got 1e.300"),
    ],
)
def test_an_attribute_is_a_number_of_its_range(tmp_path, value, match):
    path = write(tmp_path / "a.hdf5")
    with h5py.File(path, "r+") as file:
        file.create_group("Header").attrs["HubbleParam"] = value
    refuse(path, match, lambda file: attributes.number(file, "HubbleParam"))


def test_redshift_is_of_a_simulation(tmp_path):
    path = write(tmp_path / "a.hdf5")
    with h5py.File(path, "r+") as file:
        file.create_group("Header").attrs["Redshift"] = -1.0
    refuse(
        path, "Header/Redshift must be -0.001 to 1000", lambda f: attributes.scale_factor(f, "Time")
    )


def test_a_dataset_is_checked_once_unless_hdf5_keeps_its_chunks(tmp_path):
    path = write(tmp_path / "a.hdf5", x=np.arange(3.0))
    with h5py.File(path, "a") as file:
        file.create_dataset("chunked", data=np.arange(3.0), chunks=(2,))
    with hdf5.open_file(path) as file:
        assert file.find("x") is file.find("x")
        assert file.find("chunked") is not file.find("chunked")
        assert file.field("chunked").read().tolist() == file.field("x").read().tolist()


def test_a_missing_attribute_is_none_and_another_name_is_tried(tmp_path):
    path = write(tmp_path / "a.hdf5", x=np.arange(3.0))
    with h5py.File(path, "a") as file:
        file["x"].attrs["two"] = 2.0
    with hdf5.open_file(path) as file:
        assert file.attribute("x", "one", "two").tolist() == [2.0]
        assert file.attribute("x", "one") is None
        assert file.attribute("absent", "one") is None
