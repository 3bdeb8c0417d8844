"""Who signs in at a node: residents, enterprises' people and officers, their roles, and their sessions."""
