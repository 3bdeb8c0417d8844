"""A running node: configuration, composition, HTTP edge, pages, command line. Imports everything; nothing imports it but the region."""
