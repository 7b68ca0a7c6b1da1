"""The effective policy of a location, read from the configs that its routers are to have: who may what, and where each rule comes from."""
