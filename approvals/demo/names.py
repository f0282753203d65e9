"""Invented names: companies are put together of two words, people of a first and a last name."""


def _each(words: str) -> tuple[str, ...]:
    return tuple(words.split())


FIRST_WORDS = _each(
    "Alder Amberley Arden Ashcombe Barrow Beacon Birchwood Blackwater Briar Brightwell Calder Carrow Cobalt Corbie "
    "Danforth Delamere Eastmoor Elder Fairlight Fenwick Garnet Glenroy Halden Harrow Hazel Holm Ivory Juniper Kelso "
    "Kestrel Lark Linden Lowther Marlow Merrow Northgate Oakhurst Orrin Ostrava Pelham Quarry Ravens Rowan Saltmarsh "
    "Selby Sorrel Stanmore Tamar Thorn Ullswater Ventnor Wexcombe Whitby Wolds Yarrow Zephyr"
)

SECOND_WORDS = _each(
    "Logistics Health Energy Insurance Bank Freight Robotics Rail Steel Foods Travel Retail Pharma Media Textiles "
    "Airways Mobility Software Utilities Capital Paper Marine Optics Brewing Seeds"
)

FIRST_NAMES = _each(
    "Aino Alma Amir Anders Anja Arjun Astrid Beata Bram Callum Camille Carmen Cem Clara Daan Dagny Deniz Edith Elif "
    "Emil Esther Farah Femke Finn Freya Greta Hamid Hugo Ida Imran Ines Ingrid Isla Ivo Jana Jasper Jonas Joris Karim "
    "Katja Kofi Lars Leon Lina Lotte Luca Maja Marek Marta Matteo Maud Mina Naomi Nils Noor Oskar Paula Pekka Petra "
    "Rafael Rania Rosa Ruben Saskia Selma Signe Simon Sofia Tariq Tessa Theo Tilda Tom Vera Victor Wanda Yara Zofia"
)

LAST_NAMES = _each(
    "Aalto Abbott Achterberg Adeyemi Alvarez Andersson Bakker Baumann Berg Bianchi Bosman Brandt Carver Castell Dahl "
    "Dekker Duarte Eklund Engel Farkas Ferris Fischer Fontaine Gallo Haas Hansen Hendry Holm Ivanov Jansen Jensen Kaya "
    "Keller Kowalski Kruger Laine Larsen Lehto Lindgren Lowe Maes Marek Meyer Moreau Mulder Nakata Nilsen Novak Nyberg "
    "Okeke Olsen Osei Pereira Peters Quist Raman Reuter Ricci Rossi Salo Sandberg Schmitt Silva Smits Stein Sund "
    "Tanaka Thorne Vance Varga Verhoef Vogel Wagner Weber Winther Wolff Young Zeman"
)
