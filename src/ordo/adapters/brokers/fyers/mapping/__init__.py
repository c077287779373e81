"""FYERS' words and Ordo's, both ways. Pure: nothing is asked, sent or logged here.

What can't be mapped raises: `Invalid` on the way out, a `ValueError` on the way in, and then the whole answer is
unreadable.
"""
