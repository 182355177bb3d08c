"""HDF5 files on disks that may be full."""

import errno
import resource

import h5py
import numpy as np
import pytest

from galmass_core.storage.hdf5_output import hdf5_output


def _fill(file):
    file.create_group("Header").attrs["NumPart"] = 3
    file.create_dataset("values", data=np.arange(20_000.0), track_times=False)
    images = file.create_dataset("images", (0, 9), "f4", maxshape=(None, 9), chunks=(1, 9))
    for row in range(5):
        images.resize(row + 1, axis=0)
        images[row] = row


@pytest.fixture
def small_disk():
    """Let this process write no file of more than 100 kB."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_bytes_are_those_of_h5py(tmp_path):
    for name, output in (("h5py", h5py.File), ("ours", hdf5_output)):
        with output(tmp_path / name, "w") as file:
            _fill(file)
        with output(tmp_path / name, "r+") as file:
            file["Header"].attrs["NumPart"] = 4
    assert (tmp_path / "ours").read_bytes() == (tmp_path / "h5py").read_bytes()


def test_disk_without_room_is_an_error_with_the_file(tmp_path, small_disk):
    with (
        pytest.raises(OSError, match=r"values\.h5") as caught,
        hdf5_output(tmp_path / "values.h5") as file,
    ):
        _fill(file)
    assert caught.value.errno == errno.EFBIG


def test_error_of_the_block_stays(tmp_path):
    with pytest.raises(KeyError, match="nothing"), hdf5_output(tmp_path / "file.h5") as file:
        file["nothing"]


def test_folder_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError), hdf5_output(tmp_path / "none" / "file.h5"):
        pass
