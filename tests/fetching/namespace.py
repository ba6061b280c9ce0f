"""A network namespace in which every internet address belongs to this machine, with its own resolver."""

import json
import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
RESOLVER = "127.0.0.53"
NO_NAMESPACE = "no network namespace can be made here (Linux, unshare, ip, IPv6, and root or user namespaces)"

_COMMANDS = (
    "ip link set lo up",
    "ip route add local default dev lo",
    "ip -6 route add local default dev lo",
    "mount --bind /etc/hosts /etc/hosts",  # tests the permission to mount other files, too
)
_CONFIGURATION = {
    "/etc/resolv.conf": f"nameserver {RESOLVER}\noptions timeout:30 attempts:1\n",
    "/etc/nsswitch.conf": "hosts: files dns\n",
    "/etc/hosts": "127.0.0.1 localhost\n::1 localhost\n10.0.0.5 wiki\n",
}


@cache
def unshare() -> tuple[str, ...] | None:
    """Return the command that runs another in a network namespace; None if that is impossible here."""
    user = () if os.geteuid() == 0 else ("--map-root-user",)
    command = ("unshare", *user, "--net", "--mount")
    try:
        subprocess.run([*command, "sh", "-c", " && ".join(_COMMANDS)], check=True, capture_output=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return None
    return command


def run(module: str) -> Any:
    """Run a module as a program in a namespace, and return the JSON that it prints."""
    command = [*(unshare() or ()), sys.executable, "-W", "error", "-m", module]
    # These proxies are inside, so that the tests would notice their use.
    inside = {"http_proxy": "http://10.0.0.5", "https_proxy": "http://10.0.0.5", "ALL_PROXY": "http://10.0.0.5"}
    done = subprocess.run(command, cwd=ROOT, env=os.environ | inside, stdout=subprocess.PIPE, check=True, timeout=60)
    return json.loads(done.stdout)


def prepare() -> None:
    """Configure network and resolver inside the namespace, before the first lookup."""
    subprocess.run(["sh", "-c", " && ".join(_COMMANDS)], check=True)
    with tempfile.TemporaryDirectory() as folder:
        for path, content in _CONFIGURATION.items():
            ours = Path(folder, Path(path).name)
            ours.write_text(content)
            if Path(path).exists():
                subprocess.run(["mount", "--bind", ours, path], check=True)
