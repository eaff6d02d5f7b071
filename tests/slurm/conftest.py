import pytest
from slurm.bench import Bench
from slurm.cluster import Cluster, NoClusterError


@pytest.fixture(scope="session")
def bench(tmp_path_factory):
    """A project on a cluster, the same for all tests: each adds jobs to what the others have finished."""
    try:
        with Cluster() as cluster:
            bench = Bench(tmp_path_factory.mktemp("project"), cluster)
            try:
                yield bench
            finally:
                bench.close()
    except NoClusterError as error:
        pytest.skip(str(error))
