"""A network namespace in which every address of the internet is this machine's, and a resolver answers as we wish."""

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
    "mount --bind /etc/hosts /etc/hosts",  # may we? then other files too
)
_CONFIGURATION = {
    "/etc/resolv.conf": f"nameserver {RESOLVER}\noptions timeout:3 attempts:1\n",
    "/etc/nsswitch.conf": "hosts: files dns\n",
    "/etc/hosts": "127.0.0.1 localhost\n::1 localhost\n10.0.0.5 wiki\n",
}


@cache
def unshare() -> tuple[str, ...] | None:
    """The command that runs another in a network namespace; None where there can be none."""
    user = () if os.geteuid() == 0 else ("--map-root-user",)
    command = ("unshare", *user, "--net", "--mount")
    try:
        subprocess.run([*command, "sh", "-c", " && ".join(_COMMANDS)], check=True, capture_output=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return None
    return command


def run(module: str) -> Any:
    """What a module prints as JSON, run as a program in a namespace."""
    command = [*(unshare() or ()), sys.executable, "-W", "error", "-m", module]
    # Whatever these point to is inside, so it would be noticed if they were heeded.
    inside = {"http_proxy": "http://10.0.0.5", "https_proxy": "http://10.0.0.5", "ALL_PROXY": "http://10.0.0.5"}
    done = subprocess.run(command, cwd=ROOT, env=os.environ | inside, stdout=subprocess.PIPE, check=True, timeout=60)
    return json.loads(done.stdout)


def prepare() -> None:
    """Called inside, before anything is looked up."""
    subprocess.run(["sh", "-c", " && ".join(_COMMANDS)], check=True)
    with tempfile.TemporaryDirectory() as folder:
        for path, content in _CONFIGURATION.items():
            ours = Path(folder, Path(path).name)
            ours.write_text(content)
            if Path(path).exists():
                subprocess.run(["mount", "--bind", ours, path], check=True)
