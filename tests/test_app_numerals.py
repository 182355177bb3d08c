import pytest

from galmass_app.numerals import number, power_of_ten


@pytest.mark.parametrize(
    ("value", "digits", "written"),
    [
        (0.0, 2, "0.00"),
        (4.213, 2, "4.21"),
        (0.004, 2, "0.0040"),
        (-0.0123, 2, "−0.012"),
        (0.052, 1, "0.052"),
        (0.1, 2, "0.10"),
        (3.21e-5, 2, "3.2 × 10⁻⁵"),
        (2.2e-16, 2, "0.00"),
        (-1e-12, 2, "0.00"),
        (0.4, 0, "0"),
        (741920.0, 0, "741,920"),
        (-24.1, 2, "−24.10"),
    ],
)
def test_small_numbers_keep_two_significant_digits(value, digits, written):
    assert number(value, digits) == written


def test_power_of_ten_is_raised():
    assert power_of_ten(3.274e11, 2) == "3.27 × 10¹¹"
    assert power_of_ten(-2e-3) == "−2.0 × 10⁻³"
