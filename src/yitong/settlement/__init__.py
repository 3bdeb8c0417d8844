"""Usage → obligation → clearing → netting → settlement → reconciliation, in that order: clearing computes, settlement pays.

Pure: records in, records out. A scheme turns one usage into obligations; everything after that knows obligations only.
"""
