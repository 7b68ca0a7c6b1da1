"""The same fetch and compare as an Ansible playbook: one `raw` task for all texts, one `assert` that the config is what it should be.

    python -m simulated.ansible DIR --playbook /path/to/ansible-playbook --devices 200 --workers 40

Routers run no Python for others, so `raw` it is, as for any network device.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import yaml

from simulated.clients import CONFIG, Router, routers, script, unpacked
from simulated.simulation import Simulation

PLAY = [
    {
        "hosts": "all",
        "gather_facts": False,
        "tasks": [
            {
                "name": "fetch",
                "raw": "{{ script }}",
                "args": {"executable": False},
                "register": "told",
                "changed_when": False,
            },
            {
                "name": "compare",
                "assert": {"quiet": True, "that": ["told.stdout | replace('\\r', '') is search(expected)"]},
                "vars": {"expected": "{{ lookup('file', expected_file) }}"},
            },
        ],
    }
]


def _expected(router: Router) -> str:
    """The six texts of the config as they stand one after another in the answer; what is between them is not looked at."""
    ordered = sorted(CONFIG, key=router.commands.index)
    return "(?s)" + ".*?".join(re.escape(router.expected[command].strip()) for command in ordered)


def write(simulation: Simulation, directory: Path, devices: int) -> tuple[Path, Path]:
    """Inventory and playbook; expected texts in files."""
    (directory / "expected").mkdir(parents=True, exist_ok=True)
    hosts = {}
    for row in routers(simulation, devices):
        router = unpacked(simulation, row)
        file = directory / "expected" / router.address
        file.write_text(_expected(router))
        hosts[router.address] = {"script": script(router), "expected_file": str(file)}
    common = {"ansible_user": "provision", "ansible_ssh_private_key_file": str(simulation.client_key)}
    (directory / "hosts.json").write_text(json.dumps({"all": {"hosts": hosts, "vars": common}}))
    (directory / "play.yaml").write_text(yaml.safe_dump(PLAY))
    return directory / "hosts.json", directory / "play.yaml"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--playbook", default="ansible-playbook")
    parser.add_argument("--workers", type=int, default=40)
    parser.add_argument("--devices", type=int, default=200)
    arguments = parser.parse_args()
    simulation = Simulation(arguments.directory)
    inventory, play = write(simulation, arguments.directory / "ansible", arguments.devices)
    environment = {
        **os.environ,
        "ANSIBLE_HOST_KEY_CHECKING": "False",
        "ANSIBLE_STDOUT_CALLBACK": "default",
        "LC_ALL": "C.UTF-8",
    }
    environment |= {"ANSIBLE_SSH_ARGS": "-C -o ControlMaster=no -o UserKnownHostsFile=/dev/null -o IdentitiesOnly=yes"}
    words = [arguments.playbook, "-i", str(inventory), str(play), "--forks", str(arguments.workers)]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    recap = done.stdout.partition("PLAY RECAP")[2]
    told = {word: len(re.findall(rf"\b{word}=1\b", recap)) for word in ("unreachable", "failed")}
    well = sum(1 for line in recap.splitlines() if "unreachable=0" in line and "failed=0" in line)
    print(json.dumps({"devices": arguments.devices, "results": {"same": well, **told}}))
    if not well:
        print(done.stdout[-1500:], done.stderr[-1500:], file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
