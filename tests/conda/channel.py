"""A local conda channel: this machine's CPython and pip, packed as conda packages, so that nothing else is needed."""

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PLACEHOLDER = "/opt/anaconda1anaconda2anaconda3"  # what conda replaces by the environment's path in scripts
LEFT_OUT = {"site-packages", "__pycache__", "test", "tests", "idlelib", "turtledemo", "ensurepip"}


def find_python(version: str) -> Path:
    """An installed CPython such as ``3.12``; on PATH, or one that pyenv has. Raises FileNotFoundError."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [shutil.which(f"python{version}"), *sorted(pyenv.glob(f"{version}.*/bin/python{version}"))]
    for candidate in filter(None, candidates):
        command = [str(candidate), "-c", "import sys; print(sys.base_prefix)"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:  # pyenv's shims are there even when no version is chosen
            return Path(done.stdout.strip()) / "bin" / f"python{version}"
    raise FileNotFoundError(
        f"a local conda channel is made of an installed Python {version}, but there is none on PATH"
    )


def build_channel(channel: Path, python: Path) -> None:
    """Write ``channel`` with the packages python and pip for linux-64, and an empty noarch."""
    version = _output(python, "import platform; print(platform.python_version())")
    minor = ".".join(version.split(".")[:2])
    packages = {
        "python": (version, [], list(_python_files(python, minor))),
        "pip": _pip_package(channel.with_name("pip-files"), minor),
    }
    folder = channel / "linux-64"
    folder.mkdir(parents=True)
    index = {}
    for name, (number, depends, files) in packages.items():
        entry = {"name": name, "version": number, "build": "0", "build_number": 0, "depends": depends}
        entry |= {"subdir": "linux-64", "arch": "x86_64", "platform": "linux", "license": "PSF-2.0", "timestamp": 0}
        path = folder / f"{name}-{number}-0.tar.bz2"
        _write_package(path, entry, files)
        content = path.read_bytes()
        checksums = {"md5": hashlib.md5(content).hexdigest(), "sha256": hashlib.sha256(content).hexdigest()}
        index[path.name] = entry | checksums | {"size": len(content)}
    _write_index(folder, index)
    (channel / "noarch").mkdir()
    _write_index(channel / "noarch", {})


def _output(python: Path, code: str) -> str:
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def _python_files(python: Path, minor: str) -> Iterator[tuple[str, Path | bytes | str]]:
    """Path in the package -> a file to copy, bytes, or the target of a link."""
    prefix = python.parents[1]
    yield f"bin/python{minor}", python.resolve()
    yield "bin/python", f"python{minor}"
    yield "bin/python3", f"python{minor}"
    library = prefix / "lib" / f"python{minor}"
    for folder, folders, files in os.walk(library):
        folders[:] = [name for name in folders if name not in LEFT_OUT and not name.startswith("config-")]
        for name in files:
            path = Path(folder, name)
            yield path.relative_to(prefix).as_posix(), path.resolve()
    yield f"lib/python{minor}/site-packages/README.txt", b"packages go here\n"
    for path in prefix.glob("lib/libpython*.so*"):  # where CPython was built with --enable-shared
        yield path.relative_to(prefix).as_posix(), path.resolve()


def _pip_package(target: Path, minor: str) -> tuple[str, list[str], list]:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(target), "pip"]
    subprocess.run(command, check=True, capture_output=True)
    packages = f"lib/python{minor}/site-packages"
    script = f"#!{PLACEHOLDER}/bin/python\nimport sys\nfrom pip._internal.cli.main import main\nsys.exit(main())\n"
    files: list = [
        (f"{packages}/{path.relative_to(target).as_posix()}", path)
        for path in sorted(target.rglob("*"))
        if path.is_file() and path.parts[len(target.parts)] != "bin" and "__pycache__" not in path.parts
    ]
    major, number = map(int, minor.split("."))
    version = next(target.glob("pip-*.dist-info")).name.removeprefix("pip-").removesuffix(".dist-info")
    return version, [f"python >={minor},<{major}.{number + 1}"], [*files, ("bin/pip", script.encode())]


def _write_package(path: Path, entry: dict[str, Any], files: list[tuple[str, Path | bytes | str]]) -> None:
    listing = []
    with tarfile.open(path, "w:bz2", compresslevel=1) as package:
        for name, source in files:
            information = tarfile.TarInfo(name)
            described: dict[str, Any] = {"_path": name, "path_type": "hardlink"}
            if isinstance(source, str):
                information.type, information.linkname = tarfile.SYMTYPE, source
                described["path_type"] = "softlink"
                content = b""
            else:
                content = source if isinstance(source, bytes) else source.read_bytes()
                executable = name.startswith("bin/") or (isinstance(source, Path) and os.access(source, os.X_OK))
                information.mode = 0o755 if executable else 0o644
                information.size = len(content)
                if content.startswith(f"#!{PLACEHOLDER}".encode()):
                    described |= {"prefix_placeholder": PLACEHOLDER, "file_mode": "text"}
            described |= {"sha256": hashlib.sha256(content).hexdigest(), "size_in_bytes": len(content)}
            package.addfile(information, io.BytesIO(content) if content else None)
            listing.append(described)
        for name, text in {
            "info/index.json": json.dumps(entry),
            "info/paths.json": json.dumps({"paths": listing, "paths_version": 1}),
            "info/files": "".join(f"{described['_path']}\n" for described in listing),
            "info/about.json": "{}",
        }.items():
            information = tarfile.TarInfo(name)
            information.size = len(text.encode())
            package.addfile(information, io.BytesIO(text.encode()))


def _write_index(folder: Path, packages: dict[str, Any]) -> None:
    index = {"info": {"subdir": folder.name}, "packages": packages, "packages.conda": {}, "repodata_version": 1}
    (folder / "repodata.json").write_text(json.dumps(index))
