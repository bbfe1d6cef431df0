"""Where money and goods are, so that none can appear or vanish. Money is in whole cents."""

from collections.abc import Iterable
from dataclasses import dataclass

from sandbox.errors import ContractError
from worlds.marketplace.goods import Listing
from worlds.marketplace.people import Buyer, Seller


@dataclass(slots=True)
class Accounts:
    """All money and goods that buyers and sellers do not hold."""

    treasury: int = 0
    """Taxes, fees, rents, and the cash of sellers who left."""
    suppliers: int = 0
    """What sellers paid for goods."""
    minted: int = 0
    """Money that came into the world: endowments and incomes."""
    produced: int = 0
    """Units that sellers ever bought from suppliers."""
    sold: int = 0
    written_off: int = 0
    """Units of sellers who left."""

    def sell(self, buyer: Buyer, seller: Seller, listing: Listing, tax: float, bid: float) -> int:
        """Move one unit one way and its price the other; return the price in cents."""
        price = listing.offer_price
        tax_paid = round(price * tax)
        fee = round((price - tax_paid) * bid)
        buyer.take(listing)
        seller.earn(listing, price - tax_paid - fee)
        self.treasury += tax_paid + fee
        listing.stock -= 1
        listing.sold += 1
        self.sold += 1
        return price

    def restock(self, seller: Seller, target: int) -> None:
        """Fill each listing up to `target` units as far as the seller's cash goes."""
        for listing in seller.listings:
            units = max(0, min(target - listing.stock, seller.cash // listing.cost))
            listing.stock += units
            seller.cash -= units * listing.cost
            self.suppliers += units * listing.cost
            self.produced += units

    def charge_rent(self, seller: Seller, rent: int) -> bool:
        """Take the rent, or all the cash there is; return whether the rent was paid in full."""
        paid = min(rent, seller.cash)
        seller.pay_rent(paid)
        self.treasury += paid
        return paid == rent

    def wind_up(self, seller: Seller) -> None:
        """Take over the cash of a seller who leaves, and write off its stock."""
        self.treasury += seller.cash
        seller.cash = 0
        for listing in seller.listings:
            self.written_off += listing.stock
            listing.stock = 0

    def check(self, step: int, agents: Iterable[Buyer | Seller], listings: Iterable[Listing]) -> None:
        """Raise `ContractError` unless money and goods are conserved, nobody owes and no stock is negative."""
        cash = [agent.cash for agent in agents]
        stock = [listing.stock for listing in listings]
        balance = {
            "money": (sum(cash) + self.treasury + self.suppliers, self.minted),
            "goods": (sum(stock) + self.sold + self.written_off, self.produced),
        }
        for what, (held, created) in balance.items():
            if held != created:
                raise ContractError(f"step {step}: {what} not conserved: {held} accounted for, {created} created")
        poorest, emptiest = min(cash, default=0), min(stock, default=0)
        if poorest < 0 or emptiest < 0:
            raise ContractError(f"step {step}: lowest cash {poorest} cents, lowest stock {emptiest}; none may be < 0")
