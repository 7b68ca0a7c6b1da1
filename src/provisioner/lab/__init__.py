"""The lab: containerized virtual routers wired from the inventory, any part of a fleet as its twin."""
