"""Intent to config text: contexts computed in Python, text in templates. Pure: the same fleet gives the same bytes.

context: Location, aggregation router or slice as its templates are given it. ordering: the order in which routers list
their config. sections: a document taken apart by owner and joined again. config: base and slices of one router.
engine: the one Jinja environment; `Renderer`. parts: the same, part by part.
"""
