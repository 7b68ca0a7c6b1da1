"""What runs on the router itself, as root, with Debian's python3 and nothing else: checks, the apply, the lock, the timer.

The driver sends these modules and `frr_config` over the SSH session as one zip; they run from memory, and only a commit
with a revert timer leaves a copy, in /run, for the timer. Standard library only; nothing here may import NAPALM.
"""
