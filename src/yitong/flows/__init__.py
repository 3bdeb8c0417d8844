"""Use cases that cross packages, one file each, resumable at every step."""
