"""The configuration of an FRR router on Linux as data: text in, text out, no network, standard library alone.

Both the NAPALM driver (`napalm_frr`) and the orchestrator's platform read and write configs with these modules, and the
driver sends them to the router, where they compute the way back when a commit is not confirmed. Nothing here may
import anything outside the standard library.

    document     one text <-> a section per file
    interfaces   /etc/network/interfaces: canonical stanzas, from and to text, from `ip -j -d addr show`
    ruleset      /etc/nftables.conf: the text of `nft -s list ruleset` cut in tables, chains, sets and maps
    tree         /etc/frr/frr.conf: context tree
    keys         which FRR lines overwrite each other
    patch        FRR: running tree + wanted tree -> commands in a hitless order
    links        interfaces: running stanzas + wanted stanzas -> `ip -batch` steps
"""
