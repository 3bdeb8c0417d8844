"""A whole region on one machine: its plan, its embedded database, the processes, and who keeps them running.

This package stands outside the nodes: it starts them as programs and speaks to them over HTTP only. It is for the
example region and for tests; a real node is one process under the system's own supervisor.
"""
