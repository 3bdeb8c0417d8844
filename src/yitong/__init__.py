"""Yitong (一通): open software with which jurisdictions that stay independent act as one region."""
