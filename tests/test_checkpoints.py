import pytest
import torch
from safetensors.torch import save_file

from galmass_core.networks.checkpoints import load_tensors, save_tensors
from galmass_core.networks.network import MultibranchResNet


@pytest.fixture
def path(tmp_path):
    return tmp_path / "weights.safetensors"


def network(width=0.03, maps=("r", "g-r"), outputs=1):
    return MultibranchResNet(maps, outputs, width=width)


def test_tensors_come_back_bit_by_bit(path):
    torch.manual_seed(0)
    one, other = network(), network()
    facts = {"epoch": 7, "best": 0.1 + 0.2, "seconds": 1 / 3}
    save_tensors(path, one.state_dict(), facts)
    assert load_tensors(path, other.state_dict()) == facts
    theirs = other.state_dict()
    for name, each in one.state_dict().items():
        assert torch.equal(each, theirs[name])
        assert each.dtype == theirs[name].dtype


def test_numbers_that_are_none_come_back(path):
    save_tensors(path, {}, {"best": float("nan"), "worst": float("inf")})
    facts = load_tensors(path, {})
    assert facts["best"] != facts["best"]
    assert facts["worst"] == float("inf")


def test_any_layout_in_memory_may_be_kept(path):
    each = torch.rand(2, 3, 4, 5).to(memory_format=torch.channels_last)
    into = torch.zeros(2, 3, 4, 5)
    save_tensors(path, {"a": each, "b": each.mT})
    load_tensors(path, {"a": into, "b": torch.zeros(2, 3, 5, 4)})
    assert torch.equal(into, each)


def test_weights_of_another_width_are_refused(path):
    save_tensors(path, network(width=0.05).state_dict())
    message = r"weights.safetensors: must fit this network, but \d+ tensors differ: .* must be \("
    with pytest.raises(ValueError, match=message):
        load_tensors(path, network().state_dict())


@pytest.mark.parametrize(
    ("maps", "message"),
    [
        (("r",), r"branches.g-r.\S+ is \(2,\), must be absent"),
        (("r", "g-r", "V"), r"branches.V.conv1.weight is absent, must be \(2, 1, 7, 7\)"),
    ],
)
def test_weights_of_other_maps_are_refused(path, maps, message):
    save_tensors(path, network().state_dict())
    wanted = network(maps=maps)
    with torch.no_grad():
        wanted.fc = network().fc
    with pytest.raises(ValueError, match=message):
        load_tensors(path, wanted.state_dict())


def test_weights_that_do_not_fit_change_nothing(path):
    save_tensors(path, network(outputs=2).state_dict())
    ours = network()
    before = {name: each.clone() for name, each in ours.state_dict().items()}
    with pytest.raises(ValueError, match=r"2 tensors differ: fc.weight"):
        load_tensors(path, ours.state_dict())
    assert all(torch.equal(each, before[name]) for name, each in ours.state_dict().items())


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:-100]),
        lambda path: path.write_bytes(b"\x80\x04pickle"),
    ],
)
def test_a_missing_or_damaged_file_is_named(path, spoil):
    save_tensors(path, network().state_dict())
    spoil(path)
    with pytest.raises(ValueError, match=r"weights.safetensors: must be the tensors of a run"):
        load_tensors(path, network().state_dict())


def test_a_file_is_there_whole_or_not_at_all(path):
    save_tensors(path, {"a": torch.ones(2)})
    with pytest.raises(AttributeError):
        save_tensors(path, {"a": torch.zeros(2), "b": None})
    into = torch.zeros(2)
    load_tensors(path, {"a": into})
    assert into.tolist() == [1, 1]
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_disk_that_takes_nothing_is_an_error_of_the_system(tmp_path):
    with pytest.raises(FileNotFoundError):
        save_tensors(tmp_path / "missing" / "weights.safetensors", {"one": torch.ones(1)})


def test_equal_tensors_and_numbers_give_equal_bytes(path):
    facts = {f"number {each}": each / 3 for each in range(8)}
    save_tensors(path, {"a": torch.ones(2)}, facts)
    first = path.read_bytes()
    for _ in range(5):
        save_tensors(path, {"a": torch.ones(2)}, dict(reversed(facts.items())))
        assert path.read_bytes() == first


def test_checkpoints_from_before_are_read(path):
    save_file({"a": torch.ones(2)}, path, metadata={"epoch": "7.0", "best": "nan"})
    facts = load_tensors(path, {"a": torch.zeros(2)})
    assert facts["epoch"] == 7
    assert facts["best"] != facts["best"]


@pytest.mark.parametrize("facts", ["[]", "{", '{"epoch": null}', '{"epoch": "x"}'])
def test_damaged_metadata_is_refused(path, facts):
    save_file({"a": torch.ones(2)}, path, metadata={"facts": facts})
    with pytest.raises(ValueError, match=r"weights\.safetensors: must be the tensors of a run"):
        load_tensors(path, {"a": torch.zeros(2)})
