"""The pages that residents, officers and visitors see: plain HTML in Chinese and English, made on the node.

Nothing is fetched from elsewhere and nothing needs a script: a page is one template, one style sheet and the
sentences of ``messages/``. Routes fill a dataclass of :mod:`yitong.node.pages.views` and call :meth:`Pages.render`.
"""
