import pytest
from sample_tables import make_dataset, make_samples

from galmass_core.datasets.folders import DataSetError
from galmass_core.transfers.comparable import check_comparable, recipe

MAPS = {"half_width": 3.0, "light_pixels": 300, "dust": "xu17"}


def dataset(folder, prefix, *, notes="", **description):
    samples = make_samples(3).assign(notes=notes)
    samples["name"] = samples["name"].str.replace("table", prefix)
    return make_dataset(folder / prefix, samples, maps=MAPS, **description)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"maps": MAPS | {"dust": "none"}},
            r"dust \(xu17 and none\): use the same --dust of galmass build",
        ),
        ({"stars": 2000}, r"stars \(all and 2,000\): thin both with the same --stars"),
        ({"maps": MAPS | {"light_pixels": 150}}, r"maps \(.*300 and .*150\): build both"),
        (
            {"shards": {"shard-00000.h5": {}}},
            r"content \(a catalogue and maps\): build both from particles",
        ),
        ({"notes": "x: light comes from the SSP table."}, r"light \(the files and the SSP table\)"),
        ({"notes": "the centre is y, R_hsm that of the stars."}, r"R_hsm \(the catalogue and the"),
        ({"definitions": {"sfr_1gyr": "now"}}, "definitions"),
    ],
    ids=["dust", "stars", "maps", "content", "light", "R_hsm", "definitions"],
)
def test_what_differs_is_named_with_a_remedy(tmp_path, changes, message):
    ours = dataset(tmp_path, "ours")
    samples = make_samples(3).assign(notes=changes.pop("notes", ""))
    samples["name"] = samples["name"].str.replace("table", "theirs")
    if "shards" in changes:
        samples = samples.assign(shard=0, row=0, half_mass_radius=5.0)
    theirs = make_dataset(tmp_path / "theirs", samples, **({"maps": MAPS} | changes))
    with pytest.raises(DataSetError, match=f"ours and theirs must be made alike.*{message}"):
        check_comparable(ours, theirs)


def test_data_sets_made_alike_pass(tmp_path):
    check_comparable(dataset(tmp_path, "ours"), dataset(tmp_path, "theirs"))


def test_common_galaxies_are_refused(tmp_path):
    ours = dataset(tmp_path, "ours")
    with pytest.raises(DataSetError, match="different simulations, got 3 galaxies in both, such"):
        check_comparable(ours, ours)


def test_light_of_two_origins_is_described_as_both(tmp_path):
    samples = make_samples(2).assign(notes=["light comes from the SSP table."] * 3 + [None] * 3)
    mixed = make_dataset(tmp_path / "mixed", samples)
    assert recipe(mixed)["light"] == "the SSP table and the files"
