"""What FYERS' risk system and the exchange say of an order that they reject.

The first three texts are live ones of FYERS'; the others are those of the same engine at other brokers.
"""

from decimal import Decimal

from ordo_emulators.fyers.login import ACCOUNT
from ordo_emulators.instruments import Instrument
from ordo_emulators.orders import Order, Reason, Rejection

_ENGINE = "[FYERS_RISK_CUG]"


def message(order: Order) -> str:
    """The order book's `message`."""
    if order.rejection is None:
        return ""
    return rejection_text(order.rejection, order.terms.instrument)


def rejection_text(rejection: Rejection, instrument: Instrument) -> str:
    needed, allowed = rejection.needed, rejection.allowed
    texts = {
        Reason.MARGIN: f"RED:Margin Shortfall:INR {rupees(needed - allowed)} Available:INR {rupees(allowed)} "
        f"for C-{ACCOUNT} {_ENGINE}",
        Reason.INTRADAY: f"RED:RULE:{{Allowed Basket}} in Basket NSE.MIS.NSE_MIS_BASKET {_ENGINE}",
        # Seen for the pre-open; for a closed market it is a guess.
        Reason.CLOSED: "16447 Order entry not allowed in Pre-open",
        Reason.MTF: f"ORA:Product MTF not enabled for Account {ACCOUNT}",
        Reason.HOLDINGS: f"RED:RULE:{{Check Holdings Including BTST}} No Holdings uploaded for C-{ACCOUNT} {_ENGINE}",
        Reason.BAND: "RED:RULE:{Check circuit limit including square off order}"
        f"Current:INR {rupees(needed)} LowerCircuit:INR {rupees(instrument.lower)} "
        f"UpperCircuit:INR {rupees(instrument.upper)} {_ENGINE}",
        Reason.FREEZE: "RED:RULE:{Check Freeze qty including square off order}"
        f"Current:{needed} Set:{allowed} {_ENGINE}",
    }
    return texts[rejection.reason]


def rupees(amount: Decimal) -> str:
    """With Indian digit grouping: 3,31,581.40."""
    whole, _, paise = f"{abs(amount):.2f}".partition(".")
    head, tail = whole[:-3], whole[-3:]
    groups = [tail]
    while head:
        groups.insert(0, head[-2:])
        head = head[:-2]
    sign = "-" if amount < 0 else ""
    return f"{sign}{','.join(groups)}.{paise}"
