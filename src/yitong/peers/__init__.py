"""Node to node: signed messages with signed receipts, stored by both sides before either acts."""
