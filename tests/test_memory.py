import psutil
import pytest

from galmass_core.networks.memory import available_memory

FREE = psutil.virtual_memory().available
MB = 10**6


def write_group(folder, **files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name.replace("_DOT_", ".")).write_text(f"{content}\n")


def write_membership(root, line):
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(f"{line}\n")


def version_2(limit, used, cache):
    statistics = f"anon {used - cache}\nactive_file {cache // 2}\ninactive_file {cache // 2}"
    return {"memory_DOT_max": limit, "memory_DOT_current": used, "memory_DOT_stat": statistics}


def test_without_groups_the_machine_s_memory_is_available(tmp_path):
    assert 0.5 * FREE < available_memory(tmp_path) < 2 * FREE


def test_a_group_leaves_its_limit_less_its_use_and_file_cache_is_free(tmp_path):
    write_membership(tmp_path, "0::/job")
    write_group(tmp_path / "sys/fs/cgroup/job", **version_2(100 * MB, 70 * MB, 20 * MB))
    assert available_memory(tmp_path) == 50 * MB


def test_a_group_around_it_counts_too(tmp_path):
    write_membership(tmp_path, "0::/slice/job")
    write_group(tmp_path / "sys/fs/cgroup/slice/job", **version_2("max", 5 * MB, 0))
    write_group(tmp_path / "sys/fs/cgroup/slice", **version_2(40 * MB, 10 * MB, 0))
    assert available_memory(tmp_path) == 30 * MB


@pytest.mark.parametrize("path", ["/job", "/docker/of/the/host"])
def test_groups_of_version_1_count_in_and_outside_a_container(tmp_path, path):
    write_membership(tmp_path, f"4:cpu,cpuacct:/\n5:memory:{path}")
    write_group(
        tmp_path / "sys/fs/cgroup/memory" / ("job" if path == "/job" else ""),
        memory_DOT_limit_in_bytes=100 * MB,
        memory_DOT_usage_in_bytes=90 * MB,
        memory_DOT_stat=f"total_active_file {10 * MB}\ntotal_inactive_file {15 * MB}",
    )
    assert available_memory(tmp_path) == 35 * MB


def test_a_group_beyond_its_limit_leaves_nothing(tmp_path):
    write_membership(tmp_path, "0::/")
    write_group(tmp_path / "sys/fs/cgroup", **version_2(10 * MB, 20 * MB, 0))
    assert available_memory(tmp_path) == 0
