"""Measures beside named limits and peers: ``make bench`` runs all, ``make bench NAME=x`` one."""
