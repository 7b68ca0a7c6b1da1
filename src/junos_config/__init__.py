"""The configuration of a Junos router as data: text in, text out, no network, standard library alone.

    tree      text in curly braces <-> statements, in the order of the text
    paths     statements -> what `show configuration | display set` lists, in an order in which two that say the same are equal
    groups    base and configuration groups of locations, apart and together
    device    what is a router's own, and in no inventory
    references  what is named and not there, and the other way round
    secrets   where secrets stand; what Junos' own encoding of them hides

The statements that it knows by name are those of Junos 24.4, the release of the schema that tests check configs against.
"""
