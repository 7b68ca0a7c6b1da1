"""The management plane as it runs after a push: who gets in and by what, which services run with which file, and what they tell whom."""

from __future__ import annotations

import subprocess

from provisioner.lab.handle import Lab, NodeHandle

from .conftest import Provision, Schools

SSH_SECONDS = 30


def ssh(lab: Lab, router: str, *options: str, command: str = "id -un") -> subprocess.CompletedProcess[str]:
    """Log in as a person would, from the management station."""
    return subprocess.run(
        [
            "ssh",
            "-F",
            str(lab.state.ssh_config),
            "-o",
            "BatchMode=yes",
            *options,
            router,
            *([command] if command else []),
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SSH_SECONDS,
        check=False,
    )


def routers(lab: Lab, schools: Schools) -> list[NodeHandle]:
    """Of the first school, both ends."""
    location = schools.fibre
    return [lab.router(location.edge_router_name), lab.router(location.uplinks[0].aggregation_router)]


def test_ssh_takes_the_orchestrator_s_key_and_nothing_else(provisioned: Lab, schools: Schools) -> None:
    """And says whose router it is before that."""
    for router in routers(provisioned, schools):
        inside = ssh(provisioned, router.name)
        assert inside.stdout == "provision\n", inside.stderr
        assert "Access is for people who manage this network" in inside.stderr
        refused = ssh(provisioned, router.name, "-o", "PubkeyAuthentication=no", "-v")
        assert refused.returncode != 0
        assert "Authentications that can continue: publickey\n" in refused.stderr.replace("\r", "")
        root = ssh(provisioned, router.name, "-l", "root")
        assert root.returncode != 0


def test_ssh_leads_nowhere_from_a_router_and_speaks_nothing_weak(provisioned: Lab, schools: Schools) -> None:
    """A tunnel through a router would be a way around its packet filter."""
    router = routers(provisioned, schools)[0]
    through = ssh(provisioned, router.name, "-W", "127.0.0.1:22", command="")
    assert through.returncode != 0
    assert "administratively prohibited" in through.stderr
    for weak in ("-oKexAlgorithms=ecdh-sha2-nistp256", "-oMACs=hmac-sha1", "-oCiphers=aes128-ctr"):
        refused = ssh(provisioned, router.name, weak)
        assert refused.returncode != 0
        assert "no matching" in refused.stderr, refused.stderr


def test_a_second_push_has_nothing_to_do(provisioned: Lab, provision: Provision, schools: Schools) -> None:
    done = provision("--lab", provisioned.name, "--school", schools.fibre.code, "--dry-run")
    assert done.returncode == 0, done.stdout + done.stderr
