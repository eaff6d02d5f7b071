from pathlib import Path

import pytest
import torch
from training import tiny


@pytest.fixture(scope="session")
def data(tmp_path_factory) -> Path:
    return tiny.make_data(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def whole(data, tmp_path_factory):
    """The results of a run that nothing interrupts."""
    return tiny.run(data, tmp_path_factory.mktemp("whole"))


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
