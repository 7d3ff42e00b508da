"""Packages of the npm registry that a test needs, fetched once and then kept in pytest's cache."""

import shutil
import subprocess
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest


def unpacked(spec: str, request: pytest.FixtureRequest) -> Path:
    """The folder of the package NAME@VERSION. A machine without npm skips the test, and says so."""
    folder: Path = request.config.cache.mkdir(spec.replace("@", "-"))
    package = folder / "package"
    if not package.exists():
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip(f"no npm to fetch {spec} with")
        with TemporaryDirectory(dir=folder) as name:
            subprocess.run([npm, "pack", spec, "--silent"], cwd=name, check=True, capture_output=True)
            (archive,) = Path(name).glob("*.tgz")
            with tarfile.open(archive) as content:
                content.extractall(name, filter="data")
            try:
                (Path(name) / "package").rename(package)
            except OSError:
                if not package.exists():  # else another process was first
                    raise
    return package
