"""Licences as credentials: their kinds and states, issuing, holding, and the verdict of the one who verifies."""
