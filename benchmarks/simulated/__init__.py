"""A fleet of simulated routers: SSH servers that replay what a real router said, each with the values of its own config."""
