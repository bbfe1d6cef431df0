"""Opinions: people hold estimates or attitudes, see those of others, and revise them.

The models are those of DeGroot (1974, doi:10.1080/01621459.1974.10480137) and of Friedkin and Johnsen (1990,
doi:10.1080/0022250X.1990.9990069), in which people move towards the mean of those whom they see and partly keep to
their first opinion, and of Deffuant, Neau, Amblard and Weisbuch (2000, doi:10.1142/S0219525900000078), in which they
heed only those who already think alike. The world is compared with 34 groups who estimated quantities in three kinds of
networks (Becker, Brackbill & Centola 2017, doi:10.1073/pnas.1615978114) and with 30 networks of people who judged news
(Guilbeault, Woolley & Becker 2021, doi:10.1371/journal.pone.0247487).
"""

from worlds.opinion import interventions  # registers them
from worlds.opinion.opinion import Opinion

__all__ = ["Opinion", "interventions"]
