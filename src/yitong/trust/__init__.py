"""Who is believed: key files, chains of signed statements to one anchor, and the table of who accepts whose licences."""
