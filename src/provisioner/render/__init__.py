"""Intent to config text: contexts computed in Python, text in templates. Pure: the same fleet gives the same bytes.

    context      Location, aggregation router or slice -> what its templates are given
    ordering     canonical order of what routers list: interfaces, map elements, FRR lines
    document     base + slices <-> one document: merge and split, by ownership of names
    config       IntendedConfig: the base and each slice apart, and as one text
    engine       the one Jinja environment; Renderer
    invariants   what every rendered config must hold, whatever a template says
"""
