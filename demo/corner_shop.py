"""Writes `planogram.json`: an invented corner shop of 12 × 8 m. Run it after changing a table: `python -m demo.corner_shop`.

GTINs carry GS1's prefix 952, which is set aside for examples, so that no real article is meant.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from wire_format import codec
from wire_format.plans import Bay, Door, Facing, Planogram, Product, Rectangle, Shelf, Zone

PLANOGRAM_PATH = Path(__file__).parent / "planogram.json"
_COMPANY_PREFIX = "9521234"
GLN = "9521234000006"
TAGGED_FROM_PRICE_MINOR = 499
"""The simulated suppliers put a tag on each article from this price on."""


class Article(NamedTuple):
    """A row of the article table: weights in grams, prices in cents, lead time in days."""

    sku: str
    name: str
    unit_weight_g: float
    unit_weight_sd_g: float
    price_minor: int
    case_pack_units: int
    category: str
    supplier: str
    lead_time_days: float
    back_room_units: int


ARTICLES = [
    Article("cola-033", "Cola 0.33 l", 350.0, 1.5, 99, 24, "Drinks", "Drinks wholesale", 2, 48),
    Article("orange-juice-1l", "Orange juice 1 l", 1062.0, 4.0, 249, 12, "Drinks", "Drinks wholesale", 2, 12),
    Article("water-15", "Still water 1.5 l", 1538.0, 3.0, 89, 6, "Drinks", "Drinks wholesale", 2, 36),
    Article("iced-tea-05", "Iced tea peach 0.5 l", 528.0, 2.0, 149, 12, "Drinks", "Drinks wholesale", 2, 24),
    Article("energy-025", "Energy drink 0.25 l", 281.0, 1.2, 139, 24, "Drinks", "Drinks wholesale", 2, 24),
    Article("lager-05", "Lager 0.5 l", 878.0, 5.0, 119, 20, "Beer and wine", "Drinks wholesale", 2, 40),
    Article("radler-05", "Radler can 0.5 l", 521.0, 1.5, 129, 24, "Beer and wine", "Drinks wholesale", 2, 24),
    Article("milk-1l", "Whole milk 1 l", 1053.0, 3.0, 129, 12, "Dairy", "Dairy fresh", 1, 24),
    Article("yoghurt-500", "Plain yoghurt 500 g", 523.0, 2.0, 109, 6, "Dairy", "Dairy fresh", 1, 12),
    Article("oat-milk-1l", "Oat milk 1 l", 1078.0, 3.0, 199, 6, "Dairy", "Dairy fresh", 1, 12),
    Article("butter-250", "Butter 250 g", 256.0, 1.0, 229, 10, "Dairy", "Dairy fresh", 1, 20),
    Article("gouda-400", "Gouda in slices 400 g", 416.0, 2.0, 299, 8, "Dairy", "Dairy fresh", 1, 16),
    Article("eggs-10", "Eggs, ten", 662.0, 9.0, 279, 6, "Dairy", "Farm round", 1, 12),
    Article("toast-500", "Toast bread 500 g", 511.0, 4.0, 149, 8, "Bread", "Bakery round", 1, 8),
    Article("rolls-6", "Rolls, six", 418.0, 8.0, 179, 8, "Bread", "Bakery round", 1, 0),
    Article("muesli-750", "Muesli 750 g", 782.0, 3.0, 349, 6, "Breakfast", "Dry goods", 3, 12),
    Article("honey-500", "Blossom honey 500 g", 742.0, 4.0, 499, 6, "Breakfast", "Dry goods", 3, 6),
    Article("coffee-500", "Ground coffee 500 g", 514.0, 2.0, 649, 12, "Breakfast", "Dry goods", 3, 12),
    Article("tea-25", "Black tea, 25 bags", 72.0, 0.8, 199, 12, "Breakfast", "Dry goods", 3, 12),
    Article("spaghetti-500", "Spaghetti 500 g", 507.0, 1.5, 119, 24, "Pantry", "Dry goods", 3, 24),
    Article("rice-1kg", "Long-grain rice 1 kg", 1011.0, 3.0, 219, 10, "Pantry", "Dry goods", 3, 20),
    Article("tomatoes-400", "Chopped tomatoes 400 g", 463.0, 2.0, 89, 12, "Pantry", "Dry goods", 3, 24),
    Article("chickpeas-240", "Chickpeas, jar 240 g", 398.0, 3.0, 109, 12, "Pantry", "Dry goods", 3, 12),
    Article("olive-oil-05", "Olive oil 0.5 l", 905.0, 5.0, 799, 6, "Pantry", "Dry goods", 3, 6),
    Article("flour-1kg", "Wheat flour 1 kg", 1009.0, 3.0, 99, 10, "Pantry", "Dry goods", 3, 20),
    Article("crisps-paprika", "Crisps paprika 175 g", 187.0, 1.2, 199, 12, "Snacks", "Sweets and snacks", 3, 24),
    Article("crisps-salt", "Crisps salted 175 g", 185.0, 1.2, 199, 12, "Snacks", "Sweets and snacks", 3, 24),
    Article("peanuts-200", "Peanuts 200 g", 208.0, 1.0, 189, 14, "Snacks", "Sweets and snacks", 3, 14),
    Article("cookies-300", "Oat cookies 300 g", 319.0, 2.0, 219, 12, "Snacks", "Sweets and snacks", 3, 12),
    Article("chocolate-100", "Milk chocolate 100 g", 107.0, 0.6, 129, 20, "Sweets", "Sweets and snacks", 3, 40),
    Article("gummies-200", "Fruit gummies 200 g", 206.0, 1.0, 119, 16, "Sweets", "Sweets and snacks", 3, 16),
    Article("toilet-paper-8", "Toilet paper, eight", 892.0, 9.0, 379, 6, "Household", "Household goods", 4, 12),
    Article("kitchen-roll-2", "Kitchen roll, two", 388.0, 5.0, 229, 10, "Household", "Household goods", 4, 10),
    Article("detergent-1l", "Liquid detergent 1 l", 1126.0, 4.0, 449, 8, "Household", "Household goods", 4, 8),
    Article("dish-soap-05", "Dish soap 0.5 l", 543.0, 2.0, 159, 10, "Household", "Household goods", 4, 10),
    Article("bin-bags-20", "Bin bags, twenty", 163.0, 1.5, 179, 20, "Household", "Household goods", 4, 20),
    Article("shampoo-250", "Shampoo 250 ml", 284.0, 1.5, 299, 12, "Care", "Household goods", 4, 12),
    Article("toothpaste-75", "Toothpaste 75 ml", 104.0, 0.8, 149, 12, "Care", "Household goods", 4, 12),
    Article("batteries-aa4", "Batteries AA, four", 101.0, 0.5, 499, 12, "Small and dear", "Household goods", 4, 12),
    Article("charging-cable", "Charging cable 1 m", 58.0, 0.5, 999, 10, "Small and dear", "Household goods", 4, 10),
    Article("razor-blades-4", "Razor blades, four", 43.0, 0.4, 1299, 10, "Small and dear", "Household goods", 4, 10),
    Article("wine-red-075", "Red wine 0.75 l", 1242.0, 8.0, 599, 6, "Beer and wine", "Drinks wholesale", 2, 12),
    Article("wine-white-075", "White wine 0.75 l", 1226.0, 8.0, 599, 6, "Beer and wine", "Drinks wholesale", 2, 12),
    Article("gum-14", "Chewing gum, mint", 27.0, 0.3, 99, 30, "Sweets", "Sweets and snacks", 3, 30),
    Article("nut-bar-50", "Nut bar 50 g", 53.0, 0.4, 109, 24, "Sweets", "Sweets and snacks", 3, 24),
]

NEARLY_LOW = {"toast-500": 5, "oat-milk-1l": 5, "chocolate-100": 13, "energy-025": 7, "spaghetti-500": 7}
"""Places that begin just above the number that calls the staff, so that a newcomer soon sees an alert come and go."""

Places = list[tuple[str, int, int]]
"""SKU, capacity and the number that calls the staff; left to right along a board."""

Faces = Literal["north", "south", "east", "west"]

BAYS: list[tuple[str, str, tuple[float, float, float, float], Faces, list[Places]]] = [
    (
        "bay-1",
        "Cold drinks",
        (0.6, 0.0, 2.4, 0.6),
        "south",
        [
            [("cola-033", 36, 8), ("orange-juice-1l", 12, 3)],
            [("water-15", 14, 4), ("iced-tea-05", 18, 4), ("energy-025", 24, 5)],
            [("lager-05", 24, 5), ("radler-05", 16, 4)],
        ],
    ),
    (
        "bay-2",
        "Dairy",
        (3.2, 0.0, 2.4, 0.6),
        "south",
        [
            [("yoghurt-500", 14, 4), ("butter-250", 20, 5)],
            [("milk-1l", 18, 5), ("gouda-400", 14, 3)],
            [("oat-milk-1l", 12, 4), ("eggs-10", 10, 3)],
        ],
    ),
    (
        "bay-3",
        "Bread and breakfast",
        (5.8, 0.0, 2.4, 0.6),
        "south",
        [
            [("coffee-500", 12, 3), ("tea-25", 16, 4)],
            [("muesli-750", 10, 3), ("honey-500", 8, 2)],
            [("toast-500", 12, 4), ("rolls-6", 10, 3)],
        ],
    ),
    (
        "bay-4",
        "Pantry",
        (2.6, 2.8, 2.4, 0.4),
        "north",
        [
            [("tomatoes-400", 24, 6), ("chickpeas-240", 14, 3)],
            [("spaghetti-500", 20, 5), ("olive-oil-05", 8, 2)],
            [("rice-1kg", 14, 3), ("flour-1kg", 14, 4)],
        ],
    ),
    (
        "bay-5",
        "Snacks and sweets",
        (2.6, 3.2, 2.4, 0.4),
        "south",
        [
            [("crisps-paprika", 18, 5), ("crisps-salt", 18, 5)],
            [("peanuts-200", 16, 4), ("cookies-300", 14, 3)],
            [("chocolate-100", 40, 10), ("gummies-200", 20, 5)],
        ],
    ),
    (
        "bay-6",
        "Household",
        (6.2, 2.8, 2.4, 0.4),
        "north",
        [
            [("bin-bags-20", 20, 4), ("dish-soap-05", 12, 3)],
            [("kitchen-roll-2", 8, 2)],
            [("detergent-1l", 10, 3), ("toilet-paper-8", 8, 2)],
        ],
    ),
    (
        "bay-7",
        "Care, wine, small and dear",
        (6.2, 3.2, 2.4, 0.4),
        "south",
        [
            [("batteries-aa4", 14, 4), ("charging-cable", 10, 3), ("razor-blades-4", 10, 3)],
            [("shampoo-250", 14, 3), ("toothpaste-75", 16, 4)],
            [("wine-red-075", 10, 3), ("wine-white-075", 10, 3)],
        ],
    ),
    (
        "bay-8",
        "At the till",
        (6.2, 5.4, 2.0, 0.4),
        "south",
        [
            [("gum-14", 40, 10)],
            [("nut-bar-50", 30, 8)],
            [("cola-033", 18, 5), ("crisps-paprika", 8, 2)],
        ],
    ),
]

_ZoneKind = Literal["aisle", "entrance", "queue", "till", "back_room", "other"]

ZONES: list[tuple[str, str, _ZoneKind, tuple[float, float, float, float]]] = [
    ("drinks", "Drinks", "aisle", (0.0, 0.6, 2.6, 2.2)),
    ("dairy", "Dairy and pantry", "aisle", (2.6, 0.6, 3.1, 2.2)),
    ("breakfast", "Breakfast and household", "aisle", (5.7, 0.6, 3.7, 2.2)),
    ("left-passage", "Left passage", "other", (0.0, 2.8, 2.6, 3.0)),
    ("snacks", "Snacks", "aisle", (2.6, 3.6, 3.1, 2.2)),
    ("dear-goods", "Care, wine, small and dear", "aisle", (5.7, 3.6, 2.9, 1.8)),
    ("right-passage", "Right passage", "other", (8.6, 2.8, 3.4, 3.0)),
    ("entrance", "Entrance", "entrance", (0.0, 5.8, 3.0, 2.2)),
    ("front", "Front", "other", (3.0, 5.8, 2.6, 2.2)),
    ("queue", "Queue", "queue", (5.6, 5.8, 3.0, 1.7)),
    ("till", "Till", "till", (8.6, 5.8, 3.4, 1.7)),
    ("back-room", "Back room", "back_room", (9.4, 0.0, 2.6, 2.8)),
]
BAYS_OF = {
    "drinks": ["bay-1"], "dairy": ["bay-2", "bay-4"], "breakfast": ["bay-3", "bay-6"], "snacks": ["bay-5"], "dear-goods": ["bay-7"],
    "queue": ["bay-8"],
}  # fmt: skip
"""Where one stands to take from a bay."""


def gtin_13(item_number: int) -> str:
    """Company prefix, item reference and GS1's check digit: weights 1 and 3 from the left, up to the next ten."""
    digits = f"{_COMPANY_PREFIX}{item_number:05d}"
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return f"{digits}{-weighted % 10}"


def corner_shop() -> Planogram:
    """Build the planogram from the tables above."""
    return Planogram(
        store_id="corner-shop",
        name="Corner shop",
        time_zone="Europe/Berlin",
        currency="EUR",
        width_m=12.0,
        depth_m=8.0,
        bays=[_bay(*row) for row in BAYS],
        zones=[Zone(zone_id=i, name=name, kind=kind, place=_rectangle(place), shelf_ids=_shelves_of(i)) for i, name, kind, place in ZONES],
        doors=[Door(door_id="front-door", name="Front door", x1_m=2.4, y1_m=7.4, x2_m=0.8, y2_m=7.4)],
        products=[_product(number, article) for number, article in enumerate(ARTICLES, start=1)],
        back_room={article.sku: article.back_room_units for article in ARTICLES},
        gln=GLN,
        tagged_skus=[article.sku for article in ARTICLES if article.price_minor >= TAGGED_FROM_PRICE_MINOR],
    )


def _shelves_of(zone_id: str) -> list[str]:
    bays = BAYS_OF.get(zone_id, [])
    return [f"{bay_id}-shelf-{level}" for bay_id, _, _, _, boards in BAYS if bay_id in bays for level in range(1, len(boards) + 1)]


def _rectangle(place: tuple[float, float, float, float]) -> Rectangle:
    x_m, y_m, width_m, depth_m = place
    return Rectangle(x_m=x_m, y_m=y_m, width_m=width_m, depth_m=depth_m)


def _product(number: int, article: Article) -> Product:
    return Product(
        sku=article.sku,
        name=article.name,
        unit_weight_g=article.unit_weight_g,
        unit_weight_sd_g=article.unit_weight_sd_g,
        gtin=gtin_13(number),
        category=article.category,
        price_minor=article.price_minor,
        cost_minor=round(article.price_minor * 0.64),
        case_pack_units=article.case_pack_units,
        supplier=article.supplier,
        lead_time_days=float(article.lead_time_days),
    )


def _bay(bay_id: str, name: str, place: tuple[float, float, float, float], faces: Faces, boards: list[Places]) -> Bay:
    shelves = [_shelf(f"{bay_id}-shelf-{level}", level, place[2], facings) for level, facings in enumerate(boards, start=1)]
    return Bay(bay_id=bay_id, name=name, place=_rectangle(place), faces=faces, shelves=shelves)


def _shelf(shelf_id: str, level: int, width_m: float, places: Places) -> Shelf:
    facing_width_m = round(width_m / len(places), 3)
    facings = [
        Facing(
            sku=sku,
            from_m=round(index * facing_width_m, 3),
            width_m=facing_width_m,
            capacity_units=capacity,
            low_units=low,
            full_units=round(capacity * 0.8),
            start_units=NEARLY_LOW.get(sku, round(capacity * 0.9)),
        )
        for index, (sku, capacity, low) in enumerate(places)
    ]
    return Shelf(shelf_id=shelf_id, level=level, width_m=width_m, facings=facings)


def main() -> None:
    """Write the file beside this module."""
    text = msgspec.json.format(codec.encode(corner_shop()), indent=1)
    PLANOGRAM_PATH.write_bytes(text + b"\n")


if __name__ == "__main__":
    main()
