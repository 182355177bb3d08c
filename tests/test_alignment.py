import pytest
import torch

from galmass_core.networks.alignment import DISTANCES, coral_distance, mmd_distance


def normals(count, size=3, seed=0):
    return torch.randn(count, size, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("distance", DISTANCES.values(), ids=DISTANCES)
def test_equal_batches_have_no_distance(distance):
    features = normals(20)
    assert float(distance(features, features)) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("distance", DISTANCES.values(), ids=DISTANCES)
def test_distance_does_not_depend_on_the_scale(distance):
    ours, theirs = normals(50), normals(50, seed=1) + 1
    assert float(distance(100 * ours, 100 * theirs)) == pytest.approx(
        float(distance(ours, theirs)), rel=1e-3
    )


@pytest.mark.parametrize("distance", DISTANCES.values(), ids=DISTANCES)
def test_gradient_brings_a_shifted_batch_near(distance):
    shift = torch.full((3,), 2.0, requires_grad=True)
    distance(normals(40), normals(40, seed=1) + shift).backward()
    assert (shift.grad > 0).all()  # descent lowers the shift


def test_coral_of_two_points_each_is_known():
    """Standardised features are -1 and 1: means differ by 2, covariances vanish."""
    ours, theirs = torch.zeros(4, 1), torch.ones(4, 1)
    assert float(coral_distance(ours, theirs)) == pytest.approx(4, abs=1e-3)


def test_mmd_of_two_points_each_is_known():
    """2 - 2 k with kernels exp(-d² / (w <d²>)); d² is twice its mean over all pairs."""
    ours, theirs = torch.zeros(4, 1), torch.ones(4, 1)
    widths = torch.tensor([0.25, 0.5, 1, 2, 4])
    known = 2 - 2 * torch.exp(-2 / widths).mean()
    assert float(mmd_distance(ours, theirs)) == pytest.approx(float(known), abs=1e-5)
