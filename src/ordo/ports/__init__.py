"""What the inside needs of the outside, in the inside's own words. Every port has two implementations under
one suite of tests.
"""
