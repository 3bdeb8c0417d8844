"""What each page shows, as plain frozen records: a route fills one and hands it to ``Pages.render`` as ``page``.

Records hold values (moments, days, fen, state codes, names), never finished sentences or markup: the template has the
sentences and :mod:`yitong.node.pages.voice` writes the values in the reader's language.
"""
