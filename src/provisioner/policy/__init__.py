"""What must hold on every router whatever the inventory and the templates say, looked for in the config that they give."""
