# %% [markdown]
# # A paper portfolio over time
#
# Buy a few shares at the paper broker, look at what the account is worth again and again, and draw it. The cells run
# one by one in an editor that knows `# %%`, or all at once:
#
#     ordo serve                                   # in one terminal; it prints a token
#     ORDO_TOKEN=... python examples/portfolio_over_time.py

# %%
import os
import time
from decimal import Decimal
from pathlib import Path

from ordo.client import OrdoClient

ACCOUNT = os.environ.get("ACCOUNT", "paper/DEMO")
SHARES = {"NSE:SBIN": 50, "NSE:INFY": 20}
SAMPLES = int(os.environ.get("SAMPLES", "24"))
PAUSE = float(os.environ.get("PAUSE", "5"))
PICTURE = Path(os.environ.get("PICTURE", "portfolio.svg"))

ordo = OrdoClient()  # ORDO_URL and ORDO_TOKEN say where, and as whom.

# %% [markdown]
# ## Buy
#
# `wait_until_filled` returns the filled order. An order that ends in any other way raises, so that what comes below
# never speaks of shares that were not bought.

# %%
for instrument, quantity in SHARES.items():
    placed = ordo.orders.place(ACCOUNT, instrument, "BUY", quantity)
    order = ordo.orders.wait_until_filled(placed, timeout=30)
    print(f"bought {order.filled_quantity} {order.instrument} at {order.average_price}")


# %% [markdown]
# ## What is it worth?
#
# Money, and what the day's positions and the holdings would bring at the last price. Ordo never makes a zero of what
# a broker did not say: then a field is `None`, and here that is an error rather than a dent in the curve.


# %%
def worth(account: str) -> Decimal:
    portfolio = ordo.portfolio(account)
    if portfolio.cash_balance is None:
        raise ValueError(f"{account} did not say what money it has")
    total = portfolio.cash_balance
    owned = [(row.instrument, row.quantity, row.last_price) for row in portfolio.positions]
    owned += [(row.instrument, row.quantity, row.last_price) for row in portfolio.holdings]
    for name, units, price in owned:
        if price is None:
            raise ValueError(f"{name} has no price")
        total += units * price
    return total


values: list[Decimal] = []
for _ in range(SAMPLES):
    values.append(worth(ACCOUNT))
    time.sleep(PAUSE)
print(f"from {values[0]:.2f} to {values[-1]:.2f} rupees in {SAMPLES} looks")

# %% [markdown]
# ## Draw it
#
# With matplotlib this is one line, `plt.plot(values)`. It needs nothing, either.


# %%
def drawn(series: list[Decimal], *, width: int = 720, height: int = 240) -> str:
    low, high = min(series), max(series)
    across, down = Decimal(width - 40) / max(len(series) - 1, 1), (height - 60) / ((high - low) or Decimal(1))
    points = " ".join(
        f"{20 + across * place:.1f},{height - 30 - down * (value - low):.1f}" for place, value in enumerate(series)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-size="12">'
        f'<polyline points="{points}" fill="none" stroke="#1f6feb" stroke-width="2"/>'
        f'<text x="20" y="18">{high:.2f}</text><text x="20" y="{height - 8}">{low:.2f} rupees</text></svg>\n'
    )


PICTURE.write_text(drawn(values), encoding="utf-8")
print(f"drawn in {PICTURE}")

# %%
ordo.close()
