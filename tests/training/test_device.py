import signal
import subprocess
import sys
from contextlib import ExitStack

import pytest
import torch

from ltmlc.errors import InputError
from ltmlc.training.device import choose_device, describe_device, lease_device, visible_devices


@pytest.fixture(autouse=True)
def no_scheduler(monkeypatch):
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


@pytest.fixture
def gpus(monkeypatch):
    """Let torch see this many GPUs."""
    return lambda count: monkeypatch.setattr(torch.cuda, "device_count", lambda: count)


def hold(directory, devices, share=1):
    """Another process that holds a lease until its standard input ends; returns it and what it holds."""
    code = (
        f"import sys; sys.path[:0] = {sys.path!r}\n"
        "from ltmlc.training.device import lease_device\n"
        f"with lease_device({devices!r}, {str(directory)!r}, {share}) as device:\n"
        "    print(device, 'torch' in sys.modules, flush=True); sys.stdin.read()\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    return process, process.stdout.readline().split()


def taken(directory, devices, share=1):
    with ExitStack() as stack:
        try:
            while True:
                yield stack.enter_context(lease_device(devices, directory, share, timeout=0))
        except InputError:
            return


def test_jobs_take_different_gpus_and_then_wait(tmp_path):
    assert list(taken(tmp_path, ["0", "1", "2"])) == ["cuda:0", "cuda:1", "cuda:2"]
    assert list(taken(tmp_path, ["0", "1"])) == ["cuda:0", "cuda:1"], "leaving the context gives the GPUs back"


def test_shared_gpus_fill_evenly(tmp_path):
    assert list(taken(tmp_path, ["0", "1"], share=2)) == ["cuda:0", "cuda:1", "cuda:0", "cuda:1"]


def test_locks_name_the_machines_gpus_so_that_different_views_agree(tmp_path):
    with lease_device(["2", "3"], tmp_path) as first, lease_device(["3", "2"], tmp_path) as second:
        assert (first, second) == ("cuda:0", "cuda:0")
        refused = pytest.raises(InputError, match=r"no GPU of 2, 3 came free within 0 s .*raise gpu_share")
        with refused, lease_device(["2", "3"], tmp_path, timeout=0):
            pass


def test_locks_may_lie_in_a_folder_named_from_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with lease_device(["0"], "locks"):
        assert [file.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("*.lock")] == ["locks/gpu-0-0.lock"]


def test_a_lease_ends_when_the_job_fails(tmp_path):
    with pytest.raises(ZeroDivisionError), lease_device(["0"], tmp_path):
        raise ZeroDivisionError
    assert list(taken(tmp_path, ["0"])) == ["cuda:0"]


def test_another_processs_gpu_is_left_alone_and_free_once_it_is_killed(tmp_path):
    process, told = hold(tmp_path, ["0", "1"])
    try:
        assert told == ["cuda:0", "False"], "and a job that leases from a list has no need of torch"
        assert list(taken(tmp_path, ["0", "1"])) == ["cuda:1"]
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert list(taken(tmp_path, ["0", "1"])) == ["cuda:0", "cuda:1"]


def test_a_waiting_job_says_so_and_gets_the_gpu_that_comes_free(tmp_path, capfd):
    holder, _ = hold(tmp_path, ["0"])

    def release(*_):
        if holder.poll() is None:
            holder.communicate("")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ltmlc.training.device.time.sleep", release)
        with lease_device(["0"], tmp_path, timeout=600) as device:
            assert device == "cuda:0"
    assert holder.returncode == 0
    assert capfd.readouterr().err.count("waiting for one of the GPUs 0 to come free") == 1


def test_without_a_gpu_or_asked_for_the_cpu_nothing_is_locked(tmp_path, gpus):
    gpus(0)
    for arguments in ({}, {"devices": []}, {"devices": ["0"], "requested": "cpu"}):
        with lease_device(lock_dir=tmp_path / "locks", **arguments) as device:
            assert device == "cpu"
    assert not (tmp_path / "locks").exists()
    with pytest.raises(InputError, match="there is no GPU"), lease_device(requested="cuda"):
        pass


def test_under_slurm_and_for_a_named_gpu_the_lease_steps_aside(tmp_path, monkeypatch):
    with lease_device(["0", "1"], tmp_path / "locks", requested="cuda:1") as device:
        assert device == "cuda:1"
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    for _ in range(2):
        with lease_device(["0"], tmp_path / "locks") as device:
            assert device == "cuda:0"
    assert not (tmp_path / "locks").exists()


def test_trainings_in_one_slurm_job_divide_its_gpus_and_leave_those_of_others(tmp_path, monkeypatch):
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    with lease_device(["0", "1"], tmp_path) as first, lease_device(["0", "1"], tmp_path) as second:
        assert (first, second) == ("cuda:0", "cuda:1")
        monkeypatch.setenv("SLURM_JOB_ID", "8")  # whose GPU 0 may be another one
        with lease_device(["0", "1"], tmp_path, timeout=0) as other:
            assert other == "cuda:0"


@pytest.mark.parametrize(
    ("listed", "count", "expected"),
    [
        (None, 2, ["0", "1"]),
        ("2, 3", 2, ["2", "3"]),
        ("GPU-aa,GPU-bb", 2, ["GPU-aa", "GPU-bb"]),
        ("0,9", 1, ["0"]),
        ("", 4, []),
        ("-1", 4, []),
        ("0", 0, []),
    ],
)
def test_visible_devices_follow_the_environment(monkeypatch, gpus, listed, count, expected):
    gpus(count)
    if listed is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", listed)
    assert visible_devices() == expected


def test_a_device_is_chosen_or_refused_with_what_is_there(gpus, monkeypatch):
    gpus(2)
    assert [str(choose_device(name)) for name in ("auto", "cuda", "cuda:1", "cpu")] == [
        "cuda:0",
        "cuda:0",
        "cuda:1",
        "cpu",
    ]
    with pytest.raises(InputError, match="device cuda:2 was asked for, but torch sees 2 GPUs; use auto or cpu"):
        choose_device("cuda:2")
    gpus(0)
    assert choose_device("auto").type == "cpu"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5")
    with pytest.raises(InputError, match="torch sees 0 GPUs with CUDA_VISIBLE_DEVICES='5'"):
        choose_device("cuda")


@pytest.mark.parametrize("name", ["gpu", "cuda:", "cuda:x", "cuda:-1", ""])
def test_an_unknown_device_or_share_is_refused(name):
    with pytest.raises(InputError, match="choose auto, cpu, cuda or cuda:N"):
        choose_device(name)
    with pytest.raises(InputError, match="gpu_share is 0"), lease_device(["0"], share=0):
        pass


def test_the_preflight_line_names_the_device_and_the_version():
    line = describe_device(torch.device("cpu"))
    assert line.startswith("device: cpu, ")
    assert torch.__version__ in line
