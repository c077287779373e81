"""What the listing is made from: names of real securities with invented closes.

The numbers of SBIN, INFY, RELIANCE, 3IINFOLTD and the indices are those of the brokers' files; the others are
plausible, and a client must take them from the master that it is served.
"""

from dataclasses import dataclass
from typing import Final

from ordo_emulators.instruments import Kind, Venue


@dataclass(frozen=True, slots=True)
class Stock:
    symbol: str
    name: str
    token: int
    isin: str
    close: str
    lot: int = 0
    bse_token: int = 0
    series: str = "EQ"
    kind: Kind = Kind.EQUITY


# A lot above 0 means that futures and options are listed.
STOCKS: Final = (
    Stock("SBIN", "STATE BANK OF INDIA", 3045, "INE062A01020", "998.40", 750, 500112),
    Stock("INFY", "INFOSYS LIMITED", 1594, "INE009A01021", "1576.40", 400, 500209),
    Stock("RELIANCE", "RELIANCE INDUSTRIES LTD", 2885, "INE002A01018", "1402.50", 500, 500325),
    Stock("HDFCBANK", "HDFC BANK LTD", 1333, "INE040A01034", "984.60", 650, 500180),
    Stock("TCS", "TATA CONSULTANCY SERV LT", 11536, "INE467B01029", "3104.20", 175, 532540),
    Stock("ICICIBANK", "ICICI BANK LTD.", 4963, "INE090A01021", "1371.90", 700, 532174),
    Stock("AXISBANK", "AXIS BANK LIMITED", 5900, "INE238A01034", "1256.30", 625, 532215),
    Stock("M&M", "MAHINDRA & MAHINDRA LTD", 2031, "INE101A01026", "3702.10", 200, 500520),
    Stock("BAJAJ-AUTO", "BAJAJ AUTO LIMITED", 16669, "INE917I01010", "9051.50", 75, 532977),
    Stock("TATASTEEL", "TATA STEEL LIMITED", 3499, "INE081A01020", "171.35", 2750, 500470),
    Stock("ITC", "ITC LTD", 1660, "INE154A01025", "404.15", 1600, 500875),
    Stock("IDEA", "VODAFONE IDEA LIMITED", 14366, "INE669E01016", "9.87", 71475, 532822),
    Stock("WIPRO", "WIPRO LTD", 3787, "INE075A01022", "243.91", 3000, 507685),
    Stock("MRF", "MRF LTD", 2277, "INE883A01011", "152340.00", 0, 500290),
    Stock("MODIRUBBER", "MODI RUBBER LTD", 2114, "INE832A01018", "118.42", series="BE"),
    Stock("NIFTYBEES", "NIP IND ETF NIFTY BEES", 10576, "INF204KB14I2", "292.61", kind=Kind.ETF),
)
ONLY_ON_BSE: Final = (Stock("3IINFOLTD", "3I INFOTECH LTD.", 532628, "INE748C01038", "21.43", series="T"),)


@dataclass(frozen=True, slots=True)
class Index:
    symbol: str
    venue: Venue
    token: int
    close: str
    lot: int = 0
    step: int = 0
    freeze: int = 0
    weekly: bool = False


INDICES: Final = (
    Index("NIFTY", Venue.NSE, 26000, "26012.35", 65, 50, 1800, weekly=True),
    Index("BANKNIFTY", Venue.NSE, 26009, "58904.10", 30, 100, 600),
    Index("FINNIFTY", Venue.NSE, 26037, "27388.55", 60, 50, 1800),
    Index("INDIAVIX", Venue.NSE, 26017, "12.11"),
    Index("SENSEX", Venue.BSE, 1, "85107.80", 20, 100, 1000, weekly=True),
)
