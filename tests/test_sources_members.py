import h5py
import numpy as np
import pytest

from galmass_core.galaxy import GalaxyFileError
from galmass_core.sources.members import Members

CHUNKS = 3


def read_labels(file, group):
    labels = file.find(f"{group}/Label")
    return None if labels is None else labels.whole()


@pytest.fixture
def snapshot(tmp_path):
    """Three chunks of stars in random order, and dark matter in the last; label -1 is none."""
    rng = np.random.default_rng(1)
    paths = {number: tmp_path / f"snap.{number}.hdf5" for number in range(CHUNKS)}
    for number, path in paths.items():
        with h5py.File(path, "w") as file:
            file["PartType4/Label"] = rng.integers(-1, 5, 20_000)
            file["PartType4/Label"][:10] = [2**40] * 10
            file["PartType4/Coordinates"] = rng.normal(size=(20_000, 3))
            file["PartType4/Coordinates"].attrs["unit"] = np.array([3.0])
            if number == CHUNKS - 1:
                file["PartType1/Label"] = [7, -1, 7]
    return paths


def stars(snapshot, dataset):
    parts = []
    for path in snapshot.values():
        with h5py.File(path) as file:
            parts.append(file[f"PartType4/{dataset}"][()])
    return np.concatenate(parts)


@pytest.mark.parametrize("label", [0, 4, 2**40])
def test_object_has_the_rows_of_its_label(snapshot, label):
    found = Members(snapshot, read_labels).read("stars", label, "Coordinates")
    expected = stars(snapshot, "Coordinates")[stars(snapshot, "Label") == label]
    np.testing.assert_array_equal(found.values, expected)
    assert found.attributes == {"unit": 3.0}


def test_rows_far_apart_are_read_one_by_one(tmp_path):
    labels = np.zeros(50_000, dtype=int)
    labels[[3, 4, 20_000, 49_999]] = 1
    with h5py.File(tmp_path / "snap.hdf5", "w") as file:
        file["PartType0/Label"], file["PartType0/Masses"] = labels, np.arange(50_000.0)
    members = Members({0: tmp_path / "snap.hdf5"}, read_labels)
    np.testing.assert_array_equal(members.read("gas", 1, "Masses").values, [3, 4, 20_000, 49_999])


def test_counts_and_sums_are_over_all_chunks(snapshot):
    members = Members(snapshot, read_labels)
    labels, x = stars(snapshot, "Label"), stars(snapshot, "Coordinates")[:, 0]
    assert members.counts("stars").to_dict() == {
        label: np.count_nonzero(labels == label) for label in [0, 1, 2, 3, 4, 2**40]
    }
    sums = members.sums("stars", lambda file: file.field("PartType4/Coordinates").read()[:, 0])
    np.testing.assert_allclose(sums[3], x[labels == 3].sum(), rtol=1e-10)
    assert len(members.counts("gas")) == 0


def test_particles_of_no_object_are_in_none(snapshot):
    members = Members(snapshot, read_labels)
    assert members.read("stars", -1, "Coordinates") is None
    assert members.counts("dark_matter").to_dict() == {7: 2}


def test_species_are_those_with_particles(snapshot):
    members = Members(snapshot, read_labels)
    assert members.species(7) == {"dark_matter"}
    assert members.species(0) == {"stars"}


def test_missing_dataset_is_none(snapshot):
    assert Members(snapshot, read_labels).read("stars", 0, "Masses") is None


def test_dataset_shorter_than_its_labels_is_refused(snapshot):
    with h5py.File(snapshot[1], "r+") as file:
        del file["PartType4/Coordinates"]
        file["PartType4/Coordinates"] = np.zeros((5, 3))
    with pytest.raises(GalaxyFileError, match=r"snap.1.hdf5: PartType4/Coordinates must have more"):
        Members(snapshot, read_labels).read("stars", 0, "Coordinates")
