"""The playbooks that annul brings along, one file each; what people write stands in their place."""
