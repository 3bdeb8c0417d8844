"""The tour: an outside client that plays the four stories over HTTP, as wallets, phones, gates and hospitals would."""
