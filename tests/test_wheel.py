"""The wheel alone is the whole program."""

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import httpx
import pytest

from tests.test_cli import serving

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def installed_command(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel and install it into an environment without Dateline, which borrows the packages of this one."""
    folder = tmp_path_factory.mktemp("wheel")
    environment = folder / "environment"
    venv.create(environment, with_pip=False)
    python = environment / "bin" / "python"
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], cwd=ROOT, check=True)
    pip = [sys.executable, "-m", "pip", "--quiet", "--python", str(python), "install", "--no-deps", "--no-index"]
    subprocess.run([*pip, next(folder.glob("*.whl"))], check=True)
    # Python searches a path named in a .pth file, but reads no .pth files there, such as that of an editable Dateline.
    packages = next((environment / "lib").glob("python*/site-packages"))
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib"))
    return environment / "bin" / "dateline"


@pytest.mark.expensive("builds and installs the wheel")
def test_wheel_alone_serves_the_seed(installed_command: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/dateline.db"

    with serving(url, "--seed", command=installed_command, folder=tmp_path, PYTHONPATH="") as server:
        answer = httpx.get(f"{server.address}/events?date=2024-06-19", trust_env=False)

    assert 1 in [event["id"] for event in answer.json()["items"]]
