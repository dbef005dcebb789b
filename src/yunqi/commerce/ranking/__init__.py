from yunqi.commerce.ranking.engine.decay import DAY
from yunqi.commerce.ranking.engine.features import *
from yunqi.commerce.ranking.engine.gather import *
from yunqi.commerce.ranking.engine.lines import Kind, Lines
from yunqi.commerce.ranking.engine.state import ShopState
from yunqi.commerce.ranking.engine.tables import occurrence
from yunqi.commerce.ranking.model import *
from yunqi.commerce.ranking.model import Found, Request, Rules
