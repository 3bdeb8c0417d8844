"""Stores: PostgreSQL, the real one, and memory, for simulation; both pass the same contract."""
