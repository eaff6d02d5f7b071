"""A real Slurm of one node on loopback, without systemd, in a directory of its own. The tests use it; by hand:

    python tests/slurm/cluster.py snakemake --workflow-profile profiles/slurm --configfile config/smoke.yaml

runs the command while the cluster is up. Needs root, and Debian's packages, which it installs where they are missing.
"""

import getpass
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from string import Template

PACKAGES = {"munged": "munge", "slurmctld": "slurmctld", "slurmd": "slurmd", "sbatch": "slurm-client"}
CONFIGURATION = Path("/etc/slurm/slurm.conf")
GPUS = {"small": (0, 1), "large": (2, 3)}
SECONDS_TO_START = 60


class NoClusterError(RuntimeError):
    """Why there can be no cluster here, in one sentence."""


class Cluster:
    """Slurm with four GPUs that are none, while the context is open. ``logs`` holds what its daemons said."""

    def __enter__(self) -> "Cluster":
        _install()
        self.directory = Path(tempfile.mkdtemp(prefix="ltmlc-slurm-"))
        self.logs = self.directory / "logs"
        self._daemons: list[subprocess.Popen] = []
        self._configure()
        try:
            _claim(self.directory / "slurm.conf")
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Cancel what still runs, then end the daemons, each by its own process id."""
        if len(self._daemons) == 3:
            self.cancel_all()
        for daemon in reversed(self._daemons):
            daemon.terminate()
            try:
                daemon.wait(timeout=30)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        if CONFIGURATION.is_symlink() and CONFIGURATION.readlink() == self.directory / "slurm.conf":
            CONFIGURATION.unlink()
        shutil.rmtree(self.directory, ignore_errors=True)

    def ask(self, *command: str) -> str:
        """What one of Slurm's commands answers; empty where it fails."""
        environment = {**os.environ, "SLURM_CONF": str(self.directory / "slurm.conf")}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
        return done.stdout if done.returncode == 0 else ""

    def cancel_all(self) -> None:
        for job in self.ask("squeue", "--noheader", "--format=%A").split():
            self.ask("scancel", job)
        end = time.monotonic() + 60
        while self.ask("squeue", "--noheader") and time.monotonic() < end:
            time.sleep(0.5)

    def end_soon(self, job: str) -> None:
        """Leave a running job one to two minutes: it is to be warned now, and ended then."""
        elapsed = self.ask("squeue", "--noheader", "--format=%M", f"--jobs={job}").strip()
        minutes = [*map(int, elapsed.replace("-", ":").split(":"))][-2]
        self.ask("scontrol", "update", f"JobId={job}", f"TimeLimit={minutes + 2}")

    def _configure(self) -> None:
        for name in ("logs", "state", "spool", "cards"):
            (self.directory / name).mkdir()
        for card in (card for cards in GPUS.values() for card in cards):
            (self.directory / "cards" / f"gpu{card}").symlink_to("/dev/null")
        key = self.directory / "munge.key"
        key.touch(mode=0o600)
        key.write_bytes(secrets.token_bytes(128))
        self._host = socket.gethostname().split(".")[0]
        controller_port, node_port = _free_ports(2)
        values = {
            **{"host": self._host, "user": getpass.getuser(), "directory": self.directory},
            **{"controller_port": controller_port, "node_port": node_port},
        }
        template = Template((Path(__file__).parent / "slurm.conf").read_text())
        (self.directory / "slurm.conf").write_text(template.substitute(values))
        gres = [
            f"NodeName={self._host} Name=gpu Type={kind} File={self.directory}/cards/gpu[{cards[0]}-{cards[-1]}]\n"
            for kind, cards in GPUS.items()
        ]
        (self.directory / "gres.conf").write_text("".join(gres))

    def _start(self) -> None:
        here = self.directory
        socket_file = here / "munge.socket"
        self._daemon(
            *("munged", "--foreground", "--force", f"--key-file={here}/munge.key", f"--socket={socket_file}"),
            *(f"--pid-file={here}/munged.pid", f"--log-file={here}/logs/munged", f"--seed-file={here}/munge.seed"),
        )
        self._wait(socket_file.is_socket)
        self._daemon("slurmctld", "-D", "-i")
        self._wait(lambda: " UP" in self.ask("scontrol", "ping"))
        self._daemon("slurmd", "-D", "-N", self._host)
        self._wait(lambda: self.ask("sinfo", "--noheader", "--format=%T").split()[:1] == ["idle"])

    def _daemon(self, *command: str) -> None:
        """In the foreground, as a child, and ended by the kernel should this process be killed."""
        environment = {**os.environ, "SLURM_CONF": str(self.directory / "slurm.conf")}
        with (self.logs / f"{command[0]}.out").open("w") as log:
            self._daemons.append(
                subprocess.Popen(
                    ["setpriv", "--pdeathsig", "TERM", *command],
                    **{"env": environment, "stdout": log, "stderr": log, "stdin": subprocess.DEVNULL},
                )
            )

    def _wait(self, ready) -> None:
        end = time.monotonic() + SECONDS_TO_START
        while not ready():
            if self._daemons[-1].poll() is not None or time.monotonic() > end:
                told = "\n".join(file.read_text()[-2000:] for file in sorted(self.logs.glob("*")))
                raise NoClusterError(f"the test cluster did not start:\n{told}")
            time.sleep(0.1)


def _install() -> None:
    if sys.platform != "linux" or os.geteuid() != 0:
        raise NoClusterError("the test cluster needs Linux and root, as Slurm's daemons do; run it in a container")
    os.environ["PATH"] = os.pathsep.join([os.environ["PATH"], "/usr/sbin", "/sbin"])
    missing = sorted({package for program, package in PACKAGES.items() if not shutil.which(program)})
    if not missing:
        return
    if not shutil.which("apt-get"):
        raise NoClusterError(f"the test cluster needs {', '.join(missing)}, and there is no apt-get to install them")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "--yes", "--no-install-recommends", *missing]):
        done = subprocess.run(
            ["apt-get", "-qq", *command], env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise NoClusterError(f"apt-get could not install {', '.join(missing)}: {done.stderr.strip()[-300:]}")


def _claim(file: Path) -> None:
    """Programs within jobs are not told of another place, so the usual one must lead to the test's configuration."""
    if CONFIGURATION.is_symlink():
        environment = {**os.environ, "SLURM_CONF": str(CONFIGURATION.readlink())}
        ping = subprocess.run(["scontrol", "ping"], env=environment, capture_output=True, text=True, check=False)
        if " UP" in ping.stdout:
            raise NoClusterError(f"{CONFIGURATION} leads to a cluster that runs; end it first")
        CONFIGURATION.unlink()  # what a killed test left
    if CONFIGURATION.exists():
        raise NoClusterError(f"this machine has a Slurm of its own ({CONFIGURATION}); run the tests in a container")
    CONFIGURATION.parent.mkdir(exist_ok=True)
    CONFIGURATION.symlink_to(file)


def _free_ports(number: int) -> list[int]:
    sockets = [socket.socket() for _ in range(number)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def main(command: list[str]) -> int:
    if not command:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        with Cluster():
            return subprocess.run(command, check=False).returncode
    except NoClusterError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
